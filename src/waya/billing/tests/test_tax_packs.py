"""Every pack's worked numbers come out of the engine, line by line and to the cent."""

from __future__ import annotations

from datetime import date

import pytest

from waya.billing.rules.tax.documents import Line, RoundedBy, taxes_inside, taxes_on_top
from waya.billing.rules.tax.supply import Supply, carried, kept_back
from waya.catalog.rules.packs import PACKS, ROWS, WORKED
from waya.catalog.rules.packs.rows import Worked
from waya.catalog.rules.rates import Category, in_force, jurisdictions
from waya.kernel.money import Money


def supply(worked: Worked) -> Supply:
    return Supply(
        place=worked.place, day=worked.day, customer_class=worked.customer_class,
        seller=worked.seller, tax_number=worked.tax_number, known_on=worked.known_on,
    )  # fmt: skip


@pytest.mark.parametrize("worked", WORKED, ids=lambda one: f"{one.place}: {one.name}")
def test_worked_numbers(worked: Worked) -> None:
    carrying = [carried(ROWS, line.tax_class, supply(worked)) for line in worked.lines]
    lines = [
        Line(Money(line.minor, worked.currency), one.stack, line.quantity)
        for line, one in zip(worked.lines, carrying, strict=True)
    ]
    work = taxes_inside if worked.inclusive else taxes_on_top
    taxed = work(lines, RoundedBy.LINE)
    for line, one in zip(worked.lines, taxed, strict=True):
        assert {row.rate.tax: row.amount.minor for row in one.rows} == line.taxes
    assert sum(one.gross.minor for one in taxed) == worked.total_minor
    kept = [kept_back(one, them.withheld) for one, them in zip(taxed, carrying, strict=True)]
    assert sum(one.minor for one in kept) == worked.withheld_minor


def test_every_pack_has_worked_numbers_and_every_rate_its_law() -> None:
    assert all(pack.WORKED for pack in PACKS)
    assert all(row.law and row.name for row in ROWS)
    keys = [(r.jurisdiction, r.tax, r.tax_class, r.customer_class, r.valid_from, r.recorded_on)
            for r in ROWS]  # fmt: skip
    assert len(keys) == len(set(keys))


def test_a_withholding_agent_pays_the_rest() -> None:
    agent = Supply("KE", date(2027, 6, 1), "withholding_agent")
    carrying = carried(ROWS, "internet", agent)
    (taxed,) = taxes_on_top([Line(Money(50_000_00, "KES"), carrying.stack)], RoundedBy.LINE)
    kept = kept_back(taxed, carrying.withheld)
    assert (kept.minor, (taxed.gross - kept).minor) == (1_150_00, 65_550_00)


def test_a_reversed_tax_stays_as_a_row_that_says_why() -> None:
    business = Supply("DE", date(2026, 3, 1), seller="IE", tax_number="DE123456789")
    (rate,) = carried(ROWS, "internet", business).stack
    assert (rate.multiplier == 0, rate.category) == (True, Category.REVERSE_CHARGE)
    assert "article 196" in rate.law


def test_what_was_known_can_still_be_asked() -> None:
    """A rate announced and withdrawn: what an invoice of those weeks was made with."""
    for known_on, percent in (
        (date(2025, 3, 11), "15"), (date(2025, 3, 12), "15.5"), (date(2025, 4, 24), "15"),
    ):  # fmt: skip
        (rate,) = in_force(
            ROWS, place="ZA", tax_class="internet", day=date(2025, 6, 1), known_on=known_on
        )
        assert f"{rate.rate_percent}" == percent


def test_the_narrowest_jurisdiction_speaks_for_its_tax() -> None:
    assert jurisdictions("US-ZZ-Lake") == ["US", "US-ZZ", "US-ZZ-Lake"]
    day = date(2026, 2, 1)
    codes = [row.tax for row in in_force(ROWS, place="US-ZZ", tax_class="voice", day=day)]
    assert codes == ["fusf", "state_usf", "state_sales"]
    assert in_force(ROWS, place="US-ZZ", tax_class="unheard", day=day) == []
