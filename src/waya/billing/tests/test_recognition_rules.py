"""When money billed in advance is earned: worked examples, then what must always hold."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waya.billing.rules.recognition import BY_DAY, BY_MONTH, booking, earned
from waya.kernel.periods import Period

YEAR = Period(date(2027, 1, 1), date(2028, 1, 1))
spreads = st.sampled_from([BY_DAY, BY_MONTH])
nets = st.integers(-(10**11), 10**11)
periods = st.builds(
    lambda start, days: Period(start, start + timedelta(days=days)),
    st.dates(date(2020, 1, 1), date(2035, 1, 1)),
    st.integers(1, 900),
)


def _months(net: str, period: Period, spread: str) -> list[int]:
    return _by_month(int(net.replace(".", "")), period, spread)


def _by_month(net: int, period: Period, spread: str) -> list[int]:
    """What each month that a period touches earns."""
    found, month, before = [], period.start.replace(day=1), 0
    while month < period.end:
        month = (month + timedelta(days=31)).replace(day=1)
        through = earned(net, period, month - timedelta(days=1), spread)
        found.append(through - before)
        before = through
    return found


def test_a_year_by_days_earns_less_in_february() -> None:
    months = _months("1200.00", YEAR, BY_DAY)
    assert months[:2] == [101_92, 92_05]
    assert sum(months) == 1200_00


def test_a_year_by_months_earns_the_same_in_each() -> None:
    assert _months("1200.00", YEAR, BY_MONTH) == [100_00] * 12


def test_three_months_end_before_the_fourth() -> None:
    period = Period(date(2021, 5, 1), date(2021, 8, 1))
    assert _months("300.00", period, BY_MONTH) == [100_00, 100_00, 100_00]
    assert earned(300_00, period, date(2021, 8, 31), BY_MONTH) == 300_00
    assert earned(300_00, period, date(2021, 7, 31), BY_MONTH) == 300_00


def test_a_part_of_a_month_earns_its_days_of_a_month() -> None:
    # 16 of 30 days of June and 15 of 31 of July: 8/15 against 15/31 of a month.
    months = _months("1000.00", Period(date(2027, 6, 15), date(2027, 7, 16)), BY_MONTH)
    assert months == [524_31, 475_69]


def test_what_is_delivered_on_one_day_is_earned_on_it() -> None:
    # Billed on 31 January, paid on 1 March, delivered on 31 March.
    delivery = Period(date(2027, 3, 31), date(2027, 4, 1))
    assert earned(1000_00, delivery, date(2027, 3, 30), BY_DAY) == 0
    assert earned(1000_00, delivery, date(2027, 3, 31), BY_DAY) == 1000_00


def test_a_month_anchored_on_the_10th_is_earned_day_by_day() -> None:
    period = Period(date(2027, 6, 10), date(2027, 7, 10))
    assert _months("3000.00", period, BY_DAY) == [2100_00, 900_00]


def test_what_was_recognised_too_much_goes_back() -> None:
    back = booking(1, date(2027, 6, 30), {(7, "revenue:internet", "KES"): -5_00})
    held = [(line.purpose, line.amount.minor, line.branch_id) for line in back.lines]
    assert held == [("revenue:internet", 5_00, 7), ("deferred", -5_00, 7)]


def test_two_currencies_balance_each_for_itself() -> None:
    amounts = {(1, "revenue:internet", "KES"): 5_00, (1, "revenue:internet", "USD"): 7}
    assert len(booking(1, date(2027, 6, 30), amounts).lines) == 4


@given(net=nets, period=periods, spread=spreads)
def test_the_months_of_a_period_add_up_to_its_net(net: int, period: Period, spread: str) -> None:
    assert sum(_by_month(net, period, spread)) == net


@given(net=nets, period=periods, spread=spreads, day=st.integers(-5, 910))
def test_nothing_is_earned_before_and_nothing_is_left_after(
    net: int, period: Period, spread: str, day: int
) -> None:
    through = period.start + timedelta(days=day)
    part = earned(net, period, through, spread)
    assert abs(part) <= abs(net)
    assert part * net >= 0
    if through < period.start:
        assert part == 0
    if through >= period.end - timedelta(days=1):
        assert part == net


@given(net=st.integers(0, 10**11), period=periods, spread=spreads, days=st.integers(0, 900))
def test_another_day_never_earns_less_and_a_credit_mirrors_its_charge(
    net: int, period: Period, spread: str, days: int
) -> None:
    through = period.start + timedelta(days=days)
    part = earned(net, period, through, spread)
    assert part <= earned(net, period, through + timedelta(days=1), spread)
    assert earned(-net, period, through, spread) == -part


@pytest.mark.parametrize("spread", [BY_DAY, BY_MONTH])
def test_a_leap_day_is_a_day(spread: str) -> None:
    february = Period(date(2028, 2, 1), date(2028, 3, 1))
    assert earned(2900, february, date(2028, 2, 28), spread) == 2800
