"""Two clocks: real time for what is technical, business time for dates, dues and validity.

Business time is real time plus an offset, which only a lab installation ever moves, and
only forward. Sessions, leases, codes and back-off always use real time.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

_NONE = timedelta(0)


def _no_offset() -> timedelta:
    return _NONE


_offset: Callable[[], timedelta] = _no_offset


def install(offset: Callable[[], timedelta]) -> None:
    """Name the function that tells how far business time runs ahead; once, at start-up."""
    global _offset
    _offset = offset


def real_now() -> datetime:
    """This moment by the machine's clock, in UTC."""
    return datetime.now(UTC)


def now() -> datetime:
    """This moment in business time, in UTC."""
    return datetime.now(UTC) + _offset()


def told(moment: datetime) -> datetime:
    """A moment that somebody else's clock told, in business time.

    The two clocks differ only in a lab, whose simulators may keep either: the moment
    belongs to the one that it is nearer to.
    """
    offset = _offset()
    real = real_now()
    return moment + offset if abs(moment - real) < abs(moment - real - offset) else moment


def today(zone: str) -> date:
    """The business date in a time zone such as `Africa/Nairobi`."""
    return now().astimezone(ZoneInfo(zone)).date()


def start_of(day: date, zone: str) -> datetime:
    """00:00 of a day in a zone, as a moment in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
