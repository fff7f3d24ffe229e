"""Which rates hold: dated in two senses, narrowest first, one of each tax; and seeding them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from waya.catalog.commands import seed_taxes
from waya.catalog.models import TaxRate
from waya.catalog.queries import rates_recorded, tax_classes, tax_rates
from waya.catalog.rules.packs import ROWS
from waya.catalog.rules.packs.rows import Row
from waya.catalog.rules.rates import Kind, Status, in_force
from waya.org.actors import SYSTEM

VAT = Row(
    jurisdiction="KE", tax="vat", name="VAT", kind=Kind.VAT, tax_class="internet",
    rate_percent=Decimal(16), valid_from=date(2020, 1, 1), law="law",
)  # fmt: skip

days = st.dates(date(2020, 1, 1), date(2020, 3, 1))
rows = st.builds(
    replace,
    st.just(VAT),
    tax=st.sampled_from(["vat", "excise"]),
    jurisdiction=st.sampled_from(["KE", "KE-47", "KE-47-CBD", "UG"]),
    customer_class=st.sampled_from(["", "school"]),
    valid_from=days,
    end=st.none() | days,
    told_on=st.none() | days,
    status=st.sampled_from(Status),
)


@given(known=st.lists(rows, max_size=12), day=days, believed=st.none() | days)
def test_one_of_each_tax_and_each_holds(known: list[Row], day: date, believed: date | None) -> None:
    held = in_force(known, place="KE-47", tax_class="internet", day=day, known_on=believed)
    assert len({row.tax for row in held}) == len(held)
    for row in held:
        assert row.status is Status.ENACTED
        assert row.valid_from <= day
        assert row.end is None or day < row.end
        assert row.jurisdiction in ("KE", "KE-47")
        assert row.customer_class == ""
        assert believed is None or row.recorded_on <= believed


@given(known=st.lists(rows, max_size=12), day=days)
def test_what_is_recorded_later_changes_nothing_known_before(known: list[Row], day: date) -> None:
    before = date(2020, 1, 20)
    earlier = [row for row in known if row.recorded_on <= before]
    for customer_class in ("", "school"):
        assert in_force(
            known, place="KE-47-CBD", tax_class="internet", day=day,
            customer_class=customer_class, known_on=before,
        ) == in_force(
            earlier, place="KE-47-CBD", tax_class="internet", day=day,
            customer_class=customer_class,
        )  # fmt: skip


def test_a_record_replaces_the_one_before_it_and_its_own_class_speaks_first() -> None:
    withdrawn = replace(VAT, status=Status.REPEALED, told_on=date(2020, 2, 1))
    school = replace(VAT, customer_class="school", rate_percent=Decimal(0))
    older = replace(VAT, valid_from=date(2010, 1, 1), rate_percent=Decimal(14))
    for known, customer_class, percent in (
        ([older, VAT], "", 16), ([older, VAT, withdrawn], "", 14), ([VAT, school], "school", 0),
        ([VAT, school], "", 16),
    ):  # fmt: skip
        (row,) = in_force(
            known, place="KE", tax_class="internet", day=date(2020, 6, 1),
            customer_class=customer_class,
        )  # fmt: skip
        assert row.rate_percent == percent


@pytest.mark.django_db
def test_packs_are_brought_in_once_and_read_in_one_query(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    seed_taxes(by=SYSTEM)
    seed_taxes(by=SYSTEM)
    assert TaxRate.objects.count() == len(ROWS)
    with django_assert_num_queries(1):
        found = tax_rates("KE", "internet", date(2027, 6, 1))
    assert [(row.tax, row.rate_percent) for row in found] == [
        ("excise", Decimal(15)), ("vat", Decimal(16)),
    ]  # fmt: skip
    assert {row.jurisdiction for row in rates_recorded("US-ZZ-Lake", ["voice"])} == {
        "US", "US-ZZ", "US-ZZ-Lake",
    }  # fmt: skip
    assert "internet" in tax_classes("DE")
    assert tax_classes("FJ") == set()
