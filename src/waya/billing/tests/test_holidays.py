"""Public holidays: Kenya's fixed ones, a Sunday's kept on Monday, and an entity's own."""

from __future__ import annotations

from datetime import date

import pytest

from waya.billing.rules.holidays import is_holiday


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2027, 6, 1), True),  # Madaraka, a Tuesday
        (date(2027, 6, 2), False),
        (date(2027, 10, 10), True),  # Mazingira, a Sunday
        (date(2027, 10, 11), True),  # and kept on Monday
        (date(2027, 10, 12), False),
        (date(2027, 12, 25), True),  # a Saturday
        (date(2027, 12, 26), True),  # a Sunday
        (date(2027, 12, 27), True),
        (date(2027, 12, 28), False),
        (date(2022, 12, 25), True),  # a Sunday, with Boxing Day after it
        (date(2022, 12, 26), True),
        (date(2022, 12, 27), True),
    ],
)
def test_kenya(day: date, expected: bool) -> None:
    assert is_holiday(day, country="KE") is expected


def test_what_moves_is_given_by_date_and_what_is_local_by_day() -> None:
    assert is_holiday(date(2027, 3, 26), country="KE", dates=("2027-03-26",))
    assert is_holiday(date(2027, 7, 4), country="US", yearly=("07-04",))
    assert not is_holiday(date(2027, 7, 5), country="US", yearly=("07-04",))
    assert not is_holiday(date(2027, 6, 1), country="UG")
