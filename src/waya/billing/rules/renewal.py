"""Which period a payment buys, and when what was invoiced falls due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from waya.billing.rules.engine.grids import Grid
from waya.billing.rules.hours import Hours
from waya.catalog.rules.plans import Interval
from waya.kernel.periods import Period


@dataclass(frozen=True, slots=True)
class Bought:
    """A period and the day (1–31) on which its successors begin; by the hour, which hours; `free`
    when it is a trial that costs nothing for itself; where it ends within a cycle, `cycle_on` is
    where that began."""

    period: Period
    anchor_day: int
    hours: Hours | None = None
    free: bool = False
    cycle_on: date | None = None


def first(asked: Period, on: date, interval: Interval, *, anchor_day: int | None) -> Bought:
    """The first period of a subscription that begins on a day, by what was asked for.

    Without an anchor the day of the beginning is the anchor, and the period is whole, or has as
    many days as were asked for where its price is for the days of a phase. With one, that of
    the calendar or of the customer's others, it was priced up to that day, and ends on it. Paid
    when that day has passed, it has as many days as were paid for; the next one then ends on
    the anchor again.
    """
    if anchor_day is None:
        whole = Grid(interval, asked.start, asked.start.day).cycle(asked.start)
        if asked.days < whole.days:
            return Bought(Period(on, on + timedelta(days=asked.days)), on.day, cycle_on=on)
        return Bought(Grid(interval, on, on.day).cycle(on), on.day)
    end = asked.end if on < asked.end else on + timedelta(days=asked.days)
    return Bought(Period(on, end), anchor_day)


def renewed(asked: Period, on: date, interval: Interval, *, anchor_day: int, late: str) -> Bought:
    """The period that is bought when a renewal is paid on a day.

    In time, it is the one asked for. Late, policy `restart` begins it on the day it is paid
    and moves the anchor there; `keep` leaves both, so the days lost are the customer's. A part
    of a period was priced by its days, and stays where it is.
    """
    whole = Grid(interval, asked.start, anchor_day).cycle(asked.start) == asked
    if on <= asked.start or late == "keep" or not whole:
        return Bought(asked, anchor_day)
    return Bought(Grid(interval, on, on.day).cycle(on), on.day)


def due_day(issued_on: date, due_days: int) -> date:
    """The day an invoice falls due; that day is still in time."""
    return issued_on + timedelta(days=due_days)
