"""Standing has no memory: the oldest due day, today and policy decide."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waya.billing.rules.dunning import Standing, lapse_due, reminder_offset, standing, worse, worst

DUE = date(2027, 6, 10)


@pytest.mark.parametrize(
    ("days", "expected"),
    [(-5, Standing.GOOD), (0, Standing.GOOD), (1, Standing.GRACE), (3, Standing.GRACE),
     (4, Standing.CUT_OFF), (400, Standing.CUT_OFF)],
)  # fmt: skip
def test_a_day_decides(days: int, expected: Standing) -> None:
    assert standing(DUE, DUE + timedelta(days=days), grace_days=3) == expected


def test_owing_nothing_is_good() -> None:
    assert standing(None, DUE, grace_days=0) == Standing.GOOD


def test_a_prepaid_day_of_service_ends_at_midnight() -> None:
    paid_through = date(2027, 7, 10)
    last = date(2027, 7, 9)
    assert standing(lapse_due(paid_through), last, grace_days=0) == Standing.GOOD
    assert standing(lapse_due(paid_through), paid_through, grace_days=0) == Standing.CUT_OFF


@given(first=st.integers(0, 60), later=st.integers(0, 60), grace=st.integers(0, 30))
def test_time_alone_never_makes_it_better(first: int, later: int, grace: int) -> None:
    early = standing(DUE, DUE + timedelta(days=first), grace_days=grace)
    late = standing(DUE, DUE + timedelta(days=first + later), grace_days=grace)
    assert not worse(early, late)
    assert worst(early, late) == late


def test_reminders_fall_on_the_days_of_policy() -> None:
    days = [
        reminder_offset(DUE, DUE + timedelta(days=n), before=(3, 1), after=(1, 2))
        for n in range(-4, 4)
    ]
    assert days == [None, -3, None, -1, None, 1, 2, None]
