"""Money is used oldest first and never lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from waya.billing.rules.offers import Open, Use, settle

sums = st.integers(0, 10**7)
documents = st.lists(st.integers(1, 10**7), max_size=5).map(
    lambda missing: [Open(n, minor) for n, minor in enumerate(missing)]
)


def test_oldest_first_and_the_rest_is_credit() -> None:
    verdict = settle(350, 0, invoices=[Open(1, 100), Open(2, 200)], pro_formas=[], tolerance=0)
    assert verdict.invoices == [Use(1, 100, 0), Use(2, 200, 0)]
    assert verdict.money_left == 50


def test_credit_goes_before_new_money() -> None:
    verdict = settle(100, 30, invoices=[Open(1, 100)], pro_formas=[], tolerance=0)
    assert verdict.invoices == [Use(1, 70, 30)]
    assert (verdict.money_left, verdict.credit_left) == (30, 0)


def test_too_little_for_a_renewal_stays_credit() -> None:
    verdict = settle(2000_00, 0, invoices=[], pro_formas=[Open(1, 2500_00)], tolerance=10_00)
    assert verdict.covered == []
    assert verdict.money_left == 2000_00


def test_a_renewal_that_lacks_the_tolerance_is_covered() -> None:
    verdict = settle(2490_00, 0, invoices=[], pro_formas=[Open(1, 2500_00)], tolerance=10_00)
    assert verdict.covered == [Use(1, 2490_00, 0)]


def test_a_plan_that_costs_nothing_is_covered_by_nothing() -> None:
    assert settle(0, 0, invoices=[], pro_formas=[Open(1, 0)], tolerance=10_00).covered


def test_what_was_written_off_gets_what_nothing_else_waits_for() -> None:
    lost = [Open(7, 300), Open(8, 300)]
    verdict = settle(500, 50, invoices=[Open(1, 100)], pro_formas=[], tolerance=0, lost=lost)
    assert verdict.recovered == [Use(7, 300, 0), Use(8, 150, 0)]
    assert (verdict.money_left, verdict.credit_left) == (0, 0)
    waits = settle(500, 0, invoices=[], pro_formas=[Open(2, 600)], tolerance=0, lost=lost)
    assert (waits.recovered, waits.money_left) == ([], 500)
    held = settle(0, 500, invoices=[], pro_formas=[], tolerance=0, lost=lost)
    assert (held.recovered, held.credit_left) == ([], 500)


@given(money=sums, credit=sums, invoices=documents, asked=documents, lost=documents,
       tolerance=st.integers(0, 1000))  # fmt: skip
def test_nothing_is_lost_and_nothing_overpaid(
    money: int,
    credit: int,
    invoices: list[Open],
    asked: list[Open],
    lost: list[Open],
    tolerance: int,
) -> None:
    verdict = settle(
        money, credit, invoices=invoices, pro_formas=asked, tolerance=tolerance, lost=lost
    )
    uses = verdict.invoices + verdict.covered + verdict.recovered
    given_up = {one.id: one.missing for one in lost}
    assert all(0 < use.money <= given_up[use.id] and not use.credit for use in verdict.recovered)
    assert sum(use.money for use in uses) + verdict.money_left == money
    assert sum(use.credit for use in uses) + verdict.credit_left == credit
    missing = {one.id: one.missing for one in invoices}
    assert all(use.money + use.credit <= missing[use.id] for use in verdict.invoices)
    wished = {one.id: one.missing for one in asked}
    assert all(
        wished[use.id] - tolerance <= use.money + use.credit <= wished[use.id]
        for use in verdict.covered
    )


def test_one_bill_is_covered_whole_or_not_at_all() -> None:
    asked = [Open(1, 2500_00, "june"), Open(2, 1000_00, "june"), Open(3, 100_00, "july")]
    short = settle(3400_00, 0, invoices=[], pro_formas=asked, tolerance=10_00)
    assert (short.covered, short.money_left) == ([], 3400_00)
    enough = settle(3495_00, 0, invoices=[], pro_formas=asked, tolerance=10_00)
    assert enough.covered == [Use(1, 2500_00, 0), Use(2, 995_00, 0)]
    assert [use.id for use in settle(3600_00, 0, invoices=[], pro_formas=asked, tolerance=0).covered
            ] == [1, 2, 3]  # fmt: skip
