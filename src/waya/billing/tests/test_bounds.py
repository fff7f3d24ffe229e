"""One bill that is unlike the one before waits for a person; by the day, and never the first."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waya.billing.rules.bounds import OneBill, unlike

MONTH = OneBill(2500_00, 30)


@pytest.mark.parametrize(
    ("now", "before", "percent", "most", "why"),
    [
        (OneBill(2500_00, 31), MONTH, 50, 0, None),
        (OneBill(3750_00, 30), MONTH, 50, 0, None),
        (OneBill(3750_01, 30), MONTH, 50, 0, "change"),
        # A first month of six days: the whole one after it is no surprise.
        (OneBill(2500_00, 30), OneBill(500_00, 6), 10, 0, None),
        (OneBill(2500_00, 28), OneBill(2500_00, 31), 5, 0, None),
        (OneBill(7500_00, 92), MONTH, 50, 0, None),
        (OneBill(25_000_00, 30), None, 50, 0, None),
        (OneBill(25_000_00, 30), MONTH, 0, 0, None),
        (OneBill(25_000_00, 30), None, 0, 20_000_00, "total"),
        (OneBill(25_000_00, 30), OneBill(0, 30), 50, 0, None),
        (OneBill(100, 30), MONTH, 50, 20_000_00, None),
        (OneBill(100, 0), MONTH, 50, 0, None),
    ],
)
def test_one_bill(
    now: OneBill, before: OneBill | None, percent: int, most: int, why: str | None
) -> None:
    assert unlike(now, before, percent=percent, most_minor=most) == why


@given(minor=st.integers(1, 10**9), days=st.integers(1, 400), percent=st.integers(1, 500))
def test_the_same_price_by_the_day_is_never_unlike(minor: int, days: int, percent: int) -> None:
    before = OneBill(minor * 30, 30)
    assert unlike(OneBill(minor * days, days), before, percent=percent, most_minor=0) is None
