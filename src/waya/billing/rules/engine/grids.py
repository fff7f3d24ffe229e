"""When cycles turn: an endless row of periods, found from any moment in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from waya.billing.rules.engine.terms import Anchor
from waya.catalog.rules.plans import Interval
from waya.kernel.periods import Period, on_day

_MONDAY = date(1970, 1, 5)


@dataclass(frozen=True, slots=True)
class Grid:
    """Cycles of an interval through `origin`; those of months turn on `day`, clamped."""

    interval: Interval
    origin: date
    day: int

    def cycle(self, moment: date) -> Period:
        """The cycle that holds a moment."""
        if self.interval.unit == "month":
            return self._of_months(moment)
        step = self._step()
        turned = (moment - self.origin) // step
        start = self.origin + turned * step
        return Period(start, start + step)

    def after(self, cycle: Period) -> Period:
        """The cycle that follows one."""
        return self.cycle(cycle.end)

    def _step(self) -> timedelta:
        count = self.interval.count
        match self.interval.unit:
            case "week":
                return timedelta(weeks=count)
            case "hour":
                return timedelta(hours=count)
            case _:
                return timedelta(days=count)

    def _of_months(self, moment: date) -> Period:
        first = _month(self.origin)
        turned = (_month(moment) - first) // self.interval.count
        if self._turn(first + turned * self.interval.count) > moment:
            turned -= 1
        start = self._turn(first + turned * self.interval.count)
        return Period(start, self._turn(first + (turned + 1) * self.interval.count))

    def _turn(self, month: int) -> date:
        day = on_day(month // 12, month % 12 + 1, self.day)
        return _at_time_of(day, self.origin)


def grid(anchor: Anchor, interval: Interval, *, shared: date, own: date, began: date) -> Grid:
    """The cycles of a plan.

    `shared` is the first charge of whoever shares the anchor, `own` that of this subscription,
    `began` when this stretch of it began. The day is shared; months are counted from one's own
    first charge, so that a year bought in November ends in November.
    """
    if interval.unit == "month":
        return _of_months(anchor, interval, shared, began if anchor.align == "event" else own)
    origin = shared if anchor.on is None else _at_time_of(anchor.on, shared)
    if interval.unit == "week" and (anchor.by == "calendar" or anchor.weekday is not None):
        weekday = (anchor.weekday or 1) - 1
        days = (origin - _at_time_of(_MONDAY + timedelta(days=weekday), origin)).days % 7
        origin = _at_time_of(_day(origin) - timedelta(days=days), _midnight_like(origin))
    return Grid(interval, origin, origin.day)


def _of_months(anchor: Anchor, interval: Interval, shared: date, origin: date) -> Grid:
    if anchor.on is not None:
        shared = origin = _at_time_of(anchor.on, origin)
    day, month = anchor.day or shared.day, anchor.month
    if anchor.by == "calendar":
        day, month = anchor.day or 1, anchor.month or 1
        origin = _midnight_like(origin)
    if month is not None:
        return Grid(interval, on_day_like(origin, origin.year, month, day), day)
    if anchor.align == "next":
        monthly = Grid(replace(interval, count=1), origin, day).cycle(origin)
        origin = origin if monthly.start == origin else monthly.end
    return Grid(interval, origin, day)


def on_day_like(moment: date, year: int, month: int, day: int) -> date:
    """A day of a month, clamped, with the time of another moment."""
    return _at_time_of(on_day(year, month, day), moment)


def later(moment: date, length: Interval) -> date:
    """A moment so much later; months keep its day, clamped."""
    if length.unit == "month":
        month = _month(moment) + length.count
        return on_day_like(moment, month // 12, month % 12 + 1, moment.day)
    return moment + Grid(length, moment, moment.day)._step()


def _month(moment: date) -> int:
    return moment.year * 12 + moment.month - 1


def _day(moment: date) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def _midnight_like(moment: date) -> date:
    return moment.replace(hour=0, minute=0, second=0) if isinstance(moment, datetime) else moment


def _at_time_of(day: date, moment: date) -> date:
    if isinstance(moment, datetime):
        return datetime.combine(_day(day), moment.time())
    return day
