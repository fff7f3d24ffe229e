"""Versions of plans: checked, dated, and never changed once published."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from waya.catalog.commands import add_plan, publish_price, publish_version
from waya.catalog.models import Plan, PlanVersion
from waya.catalog.queries import on_day, prices, versions
from waya.catalog.rules.plans import Charge, Interval, Phase, PlanTerms, Tier
from waya.catalog.rules.versions import checked, flat, is_plain, price_of, read, written
from waya.kernel.errors import Refused
from waya.ledger.tests.make import books
from waya.org.actors import SYSTEM

MONTH = Interval("month")
AMOUNTS = st.fractions(0, 10**9, max_denominator=1000)
TIERED = st.lists(AMOUNTS, min_size=1, max_size=4).map(
    lambda sums: tuple(
        Tier(Fraction(at + 1) if at + 1 < len(sums) else None, amount, amount)
        for at, amount in enumerate(sums)
    )
)
CHARGES = st.one_of(
    st.builds(Charge, st.just("one"), st.sampled_from(["flat", "one_off", "deposit"]), AMOUNTS),
    st.builds(Charge, st.just("two"), st.sampled_from(["graduated", "volume"]), tiers=TIERED,
              metric=st.sampled_from(["", "gb"])),
    st.builds(Charge, st.just("three"), st.just("package"), AMOUNTS, lot=st.integers(1, 9).map(
        Fraction), included=AMOUNTS, timing=st.sampled_from(["advance", "arrears", None])),
)  # fmt: skip
TERMS = st.builds(
    PlanTerms,
    st.just("p"),
    st.builds(Interval, st.sampled_from(["month", "week", "day"]), st.integers(1, 12)),
    st.tuples(CHARGES),
    st.one_of(
        st.just((Phase(),)),
        st.tuples(st.just(Phase("trial", Interval("day", 14))),
                  st.builds(Phase, percent_off=st.fractions(0, 1, max_denominator=9))),
    ),
    st.sampled_from(["cycle", "month", "day"]),
    AMOUNTS,
    st.just("Plan"),
)  # fmt: skip


@given(TERMS)
def test_what_is_written_is_read_again(terms: PlanTerms) -> None:
    again = read(written(checked(terms)), code="p", name="Plan", interval=terms.interval)
    assert again == terms


@pytest.mark.parametrize(
    ("code", "charges", "phases"),
    [
        ("charges_missing", (), (Phase(),)),
        ("charge_twice", flat(1) + flat(2), (Phase(),)),
        ("price_negative", (Charge("fee", amount=Fraction(-1)),), (Phase(),)),
        ("price_negative", flat(1), (Phase(percent_off=Fraction(2)),)),
        ("tiers_wrong", (Charge("fee", "volume"),), (Phase(),)),
        ("tiers_wrong", (Charge("fee", tiers=(Tier(None, Fraction(1)),)),), (Phase(),)),
        ("metric_wrong", (Charge("fee", metric="gb"),), (Phase(),)),
        ("phases_wrong", flat(1), (Phase("trial", Interval("day", 7)),)),
        ("phases_wrong", flat(1), (Phase(), Phase())),
        ("phases_wrong", flat(1), ()),
        ("phases_wrong", flat(1), (Phase("trial", Interval("hour", 3)), Phase())),
    ],
)
def test_what_cannot_be_billed_is_refused(
    code: str, charges: tuple[Charge, ...], phases: tuple[Phase, ...]
) -> None:
    with pytest.raises(Refused) as refusal:
        checked(PlanTerms("p", MONTH, charges, phases))
    assert refusal.value.code == code


def test_only_one_flat_price_a_month_is_plain() -> None:
    plain = PlanTerms("p", MONTH, flat(2500_00))
    assert is_plain(plain)
    assert price_of(plain) == 2500_00
    more = [
        replace(plain, interval=Interval("week")),
        replace(plain, minimum=Fraction(1)),
        replace(plain, charges=(*flat(1), Charge("gb", "per_unit", metric="gb"))),
        replace(plain, phases=(Phase("trial", MONTH), Phase())),
        replace(plain, price_per="day"),
    ]
    assert not any(is_plain(one) for one in more)


def home() -> Plan:
    return add_plan(
        entity_id=books().pk, code="home-10", name="Home 10", mode=Plan.POSTPAID, down_kbps=10_000,
        up_kbps=10_000, price_minor=2500_00, valid_from=date(2027, 1, 1), by=SYSTEM,
    )  # fmt: skip


@pytest.mark.django_db
def test_new_customers_have_the_version_of_their_day() -> None:
    plan = home()
    dearer = publish_price(
        plan_id=plan.pk, amount_minor=2900_00, valid_from=date(2027, 7, 1), by=SYSTEM
    )
    known = prices([plan.pk])[plan.pk]
    assert on_day(known, date(2027, 6, 30)).amount.minor == 2500_00
    assert on_day(known, date(2027, 7, 1)).version_id == dearer.pk
    assert [one.number for one in known] == [2, 1]
    assert versions([plan])[dearer.pk].plain


@pytest.mark.django_db
def test_a_version_with_everything_comes_back_as_it_was_published() -> None:
    plan = home()
    terms = PlanTerms(
        "home-10", MONTH,
        (*flat(2000_00), Charge("gb", "graduated", tiers=(Tier(Fraction(10), Fraction(5)),
                                                          Tier(None, Fraction(1, 3))), metric="gb"),
         Charge("router", "deposit", Fraction(1500_00))),
        (Phase("trial", Interval("day", 14)), Phase()), minimum=Fraction(500_00), name="Home 10",
    )  # fmt: skip
    row = publish_version(plan_id=plan.pk, terms=terms, valid_from=date(2027, 7, 1), by=SYSTEM)
    found = versions([plan])[row.pk]
    assert (found.terms, found.plain, found.price.minor) == (terms, False, 2000_00)


@pytest.mark.django_db
def test_publishing_again_gives_the_same_and_another_is_refused() -> None:
    plan = home()
    first = PlanVersion.objects.get()
    again = publish_price(
        plan_id=plan.pk, amount_minor=2500_00, valid_from=date(2027, 1, 1), by=SYSTEM
    )
    assert again == first
    with pytest.raises(Refused, match="price_published"):
        publish_price(plan_id=plan.pk, amount_minor=1, valid_from=date(2027, 1, 1), by=SYSTEM)
    weekly = PlanTerms("home-10", Interval("week"), flat(700_00))
    with pytest.raises(Refused, match="interval_differs"):
        publish_version(plan_id=plan.pk, terms=weekly, valid_from=date(2028, 1, 1), by=SYSTEM)


@pytest.mark.django_db
@pytest.mark.parametrize("harm", ["update {} set amount_minor = 1", "delete from {}"])
def test_the_database_refuses_to_change_what_was_published(harm: str) -> None:
    home()
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        connection.cursor().execute(harm.format("catalog_planversion"))
    assert PlanVersion.objects.get().amount_minor == 2500_00
