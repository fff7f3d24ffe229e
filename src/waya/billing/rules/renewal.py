"""Which period a payment buys, and which periods are to be billed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from waya.kernel.periods import Period, add_months, month_from, next_anchor, previous_anchor


@dataclass(frozen=True, slots=True)
class Bought:
    """A period and the day (1–31) on which its successors begin."""

    period: Period
    anchor_day: int


def first(on: date, *, months: int, calendar_day: int | None) -> Bought:
    """The first period of a subscription that begins on a day.

    With a calendar day the first is short, up to that day of the month; without one it is
    whole, and the day of the beginning is the anchor.
    """
    if calendar_day is None:
        return Bought(month_from(on, anchor_day=on.day, months=months), on.day)
    return Bought(Period(on, next_anchor(on, anchor_day=calendar_day)), calendar_day)


def following(start: date, *, anchor_day: int, months: int) -> Period:
    """The whole period after one that ended on an anchor date."""
    return Period(start, add_months(start, months, anchor_day=anchor_day))


def renewed(asked: Period, on: date, *, anchor_day: int, months: int, late: str) -> Bought:
    """The period that is bought when a renewal is paid on a day.

    In time, it is the one asked for. Late, policy `restart` begins it on the day it is paid
    and moves the anchor there; `keep` leaves both, so the days lost are the customer's.
    """
    if on <= asked.start or late == "keep":
        return Bought(asked, anchor_day)
    return Bought(month_from(on, anchor_day=on.day, months=months), on.day)


def cycle_of(part: Period, *, anchor_day: int, months: int) -> Period:
    """The whole cycle that a first, short period is a part of."""
    start = add_months(part.end, -months, anchor_day=anchor_day)
    return Period(min(start, previous_anchor(part.start, anchor_day=anchor_day)), part.end)


def due_day(issued_on: date, due_days: int) -> date:
    """The day an invoice falls due; that day is still in time."""
    return issued_on + timedelta(days=due_days)


def on_anchor(day: date, *, anchor_day: int) -> bool:
    """Whether a day is the anchor's date in its month."""
    return day == previous_anchor(day, anchor_day=anchor_day)


@lru_cache(4096)
def ended(start: date, on: date, *, anchor_day: int, months: int) -> tuple[Bought, ...]:
    """The periods from `start` that have passed by a day: whole ones, and a short one first
    if `start` is no anchor date. Thousands ask for the same, so each is worked out once."""
    found: list[Bought] = []
    while True:
        whole = on_anchor(start, anchor_day=anchor_day)
        period = (
            following(start, anchor_day=anchor_day, months=months)
            if whole
            else first(start, months=1, calendar_day=anchor_day).period
        )
        if period.end > on:
            return tuple(found)
        found.append(Bought(period, anchor_day))
        start = period.end
