"""What is paid by the hour: from which moment to which, and what of it is left.

Hours are counted exactly, whatever the clocks of a place do. The days that they touch are what
documents are dated by and what revenue is earned over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from waya.kernel.periods import Period

_DAY = timedelta(days=1)
NOTHING, WHOLE = Fraction(0), Fraction(1)


@dataclass(frozen=True, slots=True)
class Hours:
    """From one moment up to, and not including, another; both in UTC."""

    since: datetime
    until: datetime

    def days(self, zone: str) -> Period:
        """The days of a zone that they touch, half-open; at least one."""
        first, last = self.since.astimezone(ZoneInfo(zone)), self.until.astimezone(ZoneInfo(zone))
        end = last.date() if last.time() == datetime.min.time() else last.date() + _DAY
        return Period(first.date(), max(end, first.date() + _DAY))

    def left(self, at: datetime) -> Fraction:
        """The exact share of them that is still to come at a moment: 0 to 1."""
        whole, ahead = self.until - self.since, self.until - max(at, self.since)
        if ahead <= timedelta(0):
            return NOTHING
        return Fraction(_microseconds(ahead), _microseconds(whole))

    def spoken(self, zone: str) -> str:
        """As people say it: `22 Nov 2026 14:35 – 17:35`, or with both days."""
        first, last = self.since.astimezone(ZoneInfo(zone)), self.until.astimezone(ZoneInfo(zone))
        if first.date() == last.date():
            return f"{first.day} {first:%b %Y %H:%M} – {last:%H:%M}"
        year = f" {first.year}" if first.year != last.year else ""
        return f"{first.day} {first:%b}{year} {first:%H:%M} – {last.day} {last:%b %Y %H:%M}"

    def facts(self, zone: str) -> dict[str, Any]:
        """What an explanation holds of them."""
        days = self.days(zone)
        return {
            "from": days.start.isoformat(),
            "until": days.end.isoformat(),
            "from_at": self.since.isoformat(),
            "until_at": self.until.isoformat(),
            "zone": zone,
        }


def bought(
    length: timedelta, paid_at: datetime, *, ends: datetime | None, on_credit: bool
) -> Hours:
    """The hours that a payment buys.

    Paid early, they follow those that run (`ends`); late, they begin with the payment. What
    credit pays that was held already goes on where the last ones ended, so that a moment's
    delay of ours costs nobody anything.
    """
    since = paid_at if ends is None or (ends < paid_at and not on_credit) else ends
    return Hours(since, since + length)


def length_words(length: timedelta) -> str:
    """So long, as people say it: `3 hours`, `1 hour`, `2 hours 40 minutes`."""
    minutes = length // timedelta(minutes=1)
    parts = [(minutes // 60, "hour"), (minutes % 60, "minute")]
    said = [f"{many} {unit}{'s' if many != 1 else ''}" for many, unit in parts if many]
    return " ".join(said) or "0 minutes"


def hours_of(why: Mapping[str, Any]) -> Hours | None:
    """The hours that a line was charged for, by its explanation; None for one by days."""
    if "until_at" not in why:
        return None
    return Hours(datetime.fromisoformat(why["from_at"]), datetime.fromisoformat(why["until_at"]))


def charge_at(charge: str, since: datetime) -> str:
    """A charge and the moment from which it was had: what is never billed twice. The moment is
    in UTC, where none comes twice."""
    return f"{charge}@{since:%Y-%m-%dT%H:%M:%S.%f}"


def charge_of(key: str) -> str:
    """The charge of such a key."""
    return key.partition("@")[0]


def first_day(on: date, *, nothing: bool = False) -> Period:
    """The day that hours are asked for on, until it is known when they begin; no time at all
    of it for what is charged once."""
    return Period(on, on if nothing else on + _DAY)


def _microseconds(length: timedelta) -> int:
    return length // timedelta(microseconds=1)
