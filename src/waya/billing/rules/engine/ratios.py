"""Which share of a cycle a part of it is: the day counts that engines use."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction

from waya.billing.rules.engine.grids import later, on_day_like
from waya.billing.rules.engine.terms import BillingTerms, Proration
from waya.catalog.rules.plans import Interval
from waya.kernel.periods import Period

WHOLE = Fraction(1)
NOTHING = Fraction(0)


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a cycle: what was counted of it, out of how much, and the exact ratio."""

    units: Fraction
    cycle_units: Fraction
    unit: str
    ratio: Fraction


def share(part: Period, cycle: Period, interval: Interval, terms: BillingTerms) -> Share:
    """The share of a cycle that a part of it is; a whole cycle is always 1.

    The day after the part's end is not counted. A ratio never leaves 0 to 1, so that no day
    count makes a part dearer than the whole.
    """
    how = terms.proration
    unit = "second" if how.unit == "second" or interval.unit == "hour" else "day"
    measured = _measure(part, cycle, unit)
    if part == cycle or how.basis == "none":
        return Share(measured.units, measured.cycle_units, unit, WHOLE)
    if how.basis == "free":
        return Share(measured.units, measured.cycle_units, unit, NOTHING)
    units, out_of = _count(part, cycle, interval, how, unit)
    unit = "month" if how.basis == "by_month" else unit
    ratio = min(max(units / out_of, NOTHING), WHOLE) if out_of else NOTHING
    return Share(units, out_of, unit, ratio)


def months_in(part: Period) -> Fraction:
    """How many calendar months a part is, each month by its own days: 8–30 April is 23/30."""
    found, day = NOTHING, part.start
    while day < part.end:
        length = monthrange(day.year, day.month)[1]
        following = on_day_like(day, day.year, day.month, 1)
        following = later(following, Interval("month", 1))
        reached = min(part.end, _without_time(following))
        found += Fraction(_seconds(reached - day), 86400 * length)
        day = reached
    return found


def _without_time(moment: date) -> date:
    return moment.replace(hour=0, minute=0, second=0) if isinstance(moment, datetime) else moment


def _measure(part: Period, cycle: Period, unit: str) -> Share:
    return Share(
        _length(part.start, part.end, unit), _length(cycle.start, cycle.end, unit), unit, WHOLE
    )


def _count(
    part: Period, cycle: Period, interval: Interval, how: Proration, unit: str
) -> tuple[Fraction, Fraction]:
    months = interval.count if interval.unit == "month" else 0
    match how.basis:
        case "fixed" if months:
            fixed = Fraction(_fixed(part, how.month_days))
            return fixed, Fraction(how.month_days * months)
        case "30/360" if months:
            return Fraction(_thirty_360(part)), Fraction(30 * months)
        case "actual/360" if months:
            return Fraction(part.days), Fraction(30 * months)
        case "actual/365" if months:
            return Fraction(part.days), Fraction(365 * months, 12)
        case "by_month":
            whole = Fraction(months) if months else months_in(cycle)
            return months_in(part), whole
        case _:
            around = _counted(part, cycle, interval, how) if months else cycle
            measured = _measure(part, around, unit)
            return measured.units, measured.cycle_units


def _counted(part: Period, cycle: Period, interval: Interval, how: Proration) -> Period:
    """The cycle that a part's days are divided by.

    Kill Bill counts a whole interval back from the cycle's end for what leads up to it, and on
    from its start for what trails after, forgetting that the anchor was clamped.
    """
    if how.month_end == "remembered":
        return cycle
    if part.end == cycle.end:
        return Period(later(cycle.end, Interval("month", -interval.count)), cycle.end)
    return Period(cycle.start, later(cycle.start, interval))


def _fixed(part: Period, month_days: int) -> int:
    """Days between with months of a fixed length: (D2 + 30) − D1 into the next month."""
    start, end = part.start, part.end
    months = (end.year - start.year) * 12 + end.month - start.month
    return months * month_days + end.day - start.day


def _thirty_360(part: Period) -> int:
    """Days between by the US 30/360 rule (NASD): a 31st is a 30th, after a 30th at the end."""
    start, end = part.start, part.end
    first = min(start.day, 30)
    last = 30 if end.day == 31 and first == 30 else end.day
    return (end.year - start.year) * 360 + (end.month - start.month) * 30 + last - first


def _length(start: date, end: date, unit: str) -> Fraction:
    if unit == "second":
        return Fraction(_seconds(end - start))
    return Fraction((end - start).days)


def _seconds(length: timedelta) -> int:
    return length.days * 86400 + length.seconds
