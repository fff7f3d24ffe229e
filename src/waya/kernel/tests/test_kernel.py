"""Money adds up, months remember their anchor, numbers detect slips."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waya.kernel import clock, ids, phone
from waya.kernel.errors import CurrencyMismatch, Refused
from waya.kernel.money import Money, parse
from waya.kernel.periods import Period, add_months, next_anchor, on_day

prices = st.integers(min_value=-(10**12), max_value=10**12).map(lambda minor: Money(minor, "KES"))
days = st.dates(min_value=date(2020, 1, 1), max_value=date(2040, 1, 1))
anchors = st.integers(1, 31)


@given(price=prices, weights=st.lists(st.integers(0, 1000), min_size=1).filter(any))
def test_a_split_never_loses_a_cent(price: Money, weights: list[int]) -> None:
    parts = price.split(weights)
    assert sum(part.minor for part in parts) == price.minor
    assert all(part.minor * price.minor >= 0 for part in parts)


@given(price=prices, weights=st.lists(st.integers(0, 1000), min_size=1).filter(any))
def test_a_credit_mirrors_its_charge(price: Money, weights: list[int]) -> None:
    assert (-price).split(weights) == [-part for part in price.split(weights)]


def test_halves_round_away_from_zero() -> None:
    assert Money(5, "KES").times(Fraction(1, 2)) == Money(3, "KES")
    assert Money(-5, "KES").times(Fraction(1, 2)) == Money(-3, "KES")


def test_currencies_do_not_mix() -> None:
    with pytest.raises(CurrencyMismatch):
        Money(1, "KES") + Money(1, "UGX")


@pytest.mark.parametrize("text", [1, "1", "1.00", "1.0", " 1 "])
def test_the_same_money_however_written(text: str | int) -> None:
    assert parse(text, "KES") == Money(100, "KES")


@pytest.mark.parametrize("text", ["", "1.001", "NaN", "one", "Infinity"])
def test_what_is_not_an_amount_is_not_read(text: str) -> None:
    with pytest.raises(ValueError, match=r"amount|decimals"):
        parse(text, "KES")


def test_money_reads_as_people_write_it() -> None:
    assert str(Money(250000, "KES")) == "KES 2,500"
    assert Money(63334, "KES").plain() == "633.34"
    assert str(Money(-5, "UGX")) == "UGX −5"


def test_the_31st_is_clamped_and_remembered() -> None:
    february = add_months(date(2027, 1, 31), 1, anchor_day=31)
    assert february == date(2027, 2, 28)
    assert add_months(february, 1, anchor_day=31) == date(2027, 3, 31)
    assert on_day(2028, 2, 31) == date(2028, 2, 29)


@given(day=days, anchor=anchors)
def test_every_day_lies_between_its_anchors(day: date, anchor: int) -> None:
    following = next_anchor(day, anchor_day=anchor)
    assert add_months(following, -1, anchor_day=anchor) <= day < following


@given(day=days, anchor=anchors, months=st.integers(1, 40))
def test_months_do_not_depend_on_the_path(day: date, anchor: int, months: int) -> None:
    at_once = add_months(day, months, anchor_day=anchor)
    step = day
    for _ in range(months):
        step = add_months(step, 1, anchor_day=anchor)
    assert step == at_once


@given(day=days)
def test_a_period_splits_into_all_its_days(day: date) -> None:
    june = Period(date(2027, 6, 1), date(2027, 7, 1))
    assert sum(june.split_days(day)) == 30


@given(sequence=st.integers(100001, 999999), at=st.integers(0, 6), digit=st.integers(0, 9))
def test_one_wrong_digit_is_found(sequence: int, at: int, digit: int) -> None:
    number = ids.account_number(sequence)
    wrong = number[:at] + str(digit) + number[at + 1 :]
    assert ids.check_digit_ok(number)
    assert ids.check_digit_ok(wrong) == (wrong == number)


@given(sequence=st.integers(100001, 999999), at=st.integers(0, 5))
def test_two_swapped_digits_are_found(sequence: int, at: int) -> None:
    number = ids.account_number(sequence)
    wrong = number[:at] + number[at + 1] + number[at] + number[at + 2 :]
    assert ids.check_digit_ok(wrong) == (wrong == number)


def test_account_numbers_are_shown_in_threes() -> None:
    assert ids.in_threes(ids.account_number(100001)) == "100 001 " + ids.check_digit("100001")


@pytest.mark.parametrize("typed", ["0712345678", "712345678", "+254 712 345 678", "254712345678"])
def test_a_phone_is_one_number_however_typed(typed: str) -> None:
    assert phone.e164(typed, "KE") == "+254712345678"


def test_what_is_no_phone_is_refused() -> None:
    with pytest.raises(Refused, match="phone_unreadable"):
        phone.e164("call me", "KE")


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(days=31), timedelta(days=-90)])
def test_a_moment_told_by_either_clock_is_business_time(
    ahead: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "_offset", lambda: ahead)
    a_while_ago = timedelta(hours=2)
    for now in (clock.real_now(), clock.now()):
        heard = clock.told(now - a_while_ago)
        assert abs(heard - (clock.now() - a_while_ago)) < timedelta(minutes=1)
