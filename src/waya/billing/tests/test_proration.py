"""Parts of a period: other engines' worked cases, and pieces that add up."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waya.billing.rules.proration import change_plan, share
from waya.billing.rules.renewal import Bought, cycle_of, first, following, renewed
from waya.kernel.money import Money
from waya.kernel.periods import Period

JUNE = Period(date(2027, 6, 1), date(2027, 7, 1))
prices = st.integers(min_value=0, max_value=10**9).map(lambda minor: Money(minor, "KES"))


@pytest.mark.parametrize(
    ("price", "start", "end", "cycle_start", "cycle_end", "due"),
    [
        (24_95, "2021-09-16", "2021-09-25", "2021-08-25", "2021-09-25", 7_24),  # A1
        (24_95, "2021-09-25", "2021-10-17", "2021-09-17", "2021-10-17", 18_30),  # A2
        (24_95, "2021-09-17", "2021-09-25", "2021-08-25", "2021-09-25", 6_44),  # A3
        (17_95, "2021-09-30", "2021-10-20", "2021-09-20", "2021-10-20", 11_97),  # A4
        (599_95, "2012-03-02", "2012-03-31", "2012-02-29", "2012-03-31", 561_24),  # A11
        (249_95, "2012-03-04", "2012-04-02", "2012-03-02", "2012-04-02", 233_82),  # A22
        (249_95, "2012-03-05", "2012-04-02", "2012-03-02", "2012-04-02", 225_76),  # A24
    ],
)
def test_worked_cases(
    price: int, start: str, end: str, cycle_start: str, cycle_end: str, due: int
) -> None:
    part = Period(date.fromisoformat(start), date.fromisoformat(end))
    cycle = Period(date.fromisoformat(cycle_start), date.fromisoformat(cycle_end))
    assert share(Money(price, "USD"), part, cycle).amount == Money(due, "USD")


@given(price=prices, cuts=st.lists(st.integers(0, 30), max_size=6))
def test_the_pieces_of_a_cycle_add_up_to_its_price(price: Money, cuts: list[int]) -> None:
    days = [0, *sorted(cuts), 30]
    pieces = [
        Period(JUNE.start + timedelta(days=a), JUNE.start + timedelta(days=b))
        for a, b in pairwise(days)
    ]
    assert sum(share(price, piece, JUNE).amount.minor for piece in pieces) == price.minor


def test_upgrade_halfway_charges_half_the_difference() -> None:
    change = change_plan(Money(2000_00, "KES"), Money(3000_00, "KES"), JUNE, date(2027, 6, 16))
    assert change.credit == Money(1000_00, "KES")
    assert change.charge == Money(1500_00, "KES")
    assert change.due == Money(500_00, "KES")


@given(price=prices, day=st.integers(min_value=0, max_value=30))
def test_changing_to_the_same_price_costs_nothing(price: Money, day: int) -> None:
    change = change_plan(price, price, JUNE, JUNE.start + timedelta(days=day))
    assert change.due.minor == 0


def test_the_31st_is_kept_through_february() -> None:
    january = first(date(2027, 1, 31), months=1, calendar_day=None)
    assert january == Bought(Period(date(2027, 1, 31), date(2027, 2, 28)), 31)
    february = following(january.period.end, anchor_day=31, months=1)
    assert february == Period(date(2027, 2, 28), date(2027, 3, 31))


def test_a_calendar_plan_begins_short() -> None:
    begun = first(date(2027, 6, 16), months=1, calendar_day=1)
    assert begun.period == Period(date(2027, 6, 16), date(2027, 7, 1))
    assert cycle_of(begun.period, anchor_day=1, months=1) == JUNE


def test_paid_in_time_keeps_its_period_and_anchor() -> None:
    asked = Period(date(2027, 2, 28), date(2027, 3, 31))
    bought = renewed(asked, date(2027, 2, 27), anchor_day=31, months=1, late="restart")
    assert bought == Bought(asked, 31)


def test_paid_late_begins_when_it_is_paid() -> None:
    asked = Period(date(2027, 2, 28), date(2027, 3, 31))
    bought = renewed(asked, date(2027, 3, 4), anchor_day=31, months=1, late="restart")
    assert bought == Bought(Period(date(2027, 3, 4), date(2027, 4, 4)), 4)


def test_policy_may_keep_the_anchor_of_who_pays_late() -> None:
    asked = Period(date(2027, 2, 28), date(2027, 3, 31))
    assert renewed(asked, date(2027, 3, 4), anchor_day=31, months=1, late="keep") == Bought(
        asked, 31
    )
