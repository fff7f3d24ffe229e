"""What a subscription may become, and what its standing means on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from waya.kernel.ids import normal

LEGAL = {
    "pending_payment": {"active", "ended"},
    "active": {"suspended", "paused", "ended"},
    "suspended": {"active", "ended"},
    "paused": {"active", "suspended", "ended"},
    "ended": set[str](),
}
CUT_OFF, OFF = "cut_off", "off"
_HELD_OFF = (CUT_OFF, OFF)


@dataclass(frozen=True, slots=True)
class Renewal:
    """A subscription is paid or billed for a half-open period, anchored on a day (1–31).

    `paid_through` is None for a postpaid plan, and for one by the hour, which is paid up to the
    moment `paid_until`; `cause` is the audit record that led to it. With `turns` its cycles are
    found by `cycle_on` from then on: a day on which one began, none where the end of the period
    says it.
    """

    subscription_id: int
    start: date
    paid_through: date | None
    billed_through: date
    anchor_day: int
    cause: int | None = None
    paid_until: datetime | None = None
    turns: bool = False
    cycle_on: date | None = None


@dataclass(frozen=True, slots=True)
class Turns:
    """When the periods of a subscription are to turn: on a day of the month (1–31, unclamped),
    and where that does not say it, through a day on which one turns."""

    anchor_day: int
    cycle_on: date | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """A running subscription from `since` on: under which version, with cycles that turn on
    `anchor_day` (1–31), one of which began on `cycle_on` where the anchor does not say.

    `until` is the moment up to which one by the hour is paid; `quantity` is had from then on,
    where that changes."""

    version_id: int
    since: date
    anchor_day: int
    cycle_on: date | None = None
    until: datetime | None = None
    quantity: int | None = None


@dataclass(frozen=True, slots=True)
class Stood:
    """Where a subscription stands now (good, grace, cut_off, off), the facts behind it, and the
    audit record that led to it."""

    standing: str
    why: Mapping[str, object]
    cause: int | None = None


@dataclass(frozen=True, slots=True)
class Metered:
    """What was used of a prepaid subscription is billed from a day (None: from its beginning)
    through another, half-open."""

    subscription_id: int
    since: date | None
    through: date


@dataclass(frozen=True, slots=True)
class Advance:
    """A subscription billed from the first day not billed yet through another, half-open; within
    a cycle that began on `cycle_on`, where that day does not say it."""

    subscription_id: int
    since: date
    until: date
    cycle_on: date | None = None


def state_for(standing: str) -> str:
    """The state that a standing puts a running subscription into."""
    return "suspended" if standing in _HELD_OFF else "active"


def turns(before: str, after: str) -> bool:
    """Whether going from one standing to another changes anything on the wire."""
    return before != after and (before in _HELD_OFF or after in _HELD_OFF)


def username(name: str, suffix: str) -> str:
    """A PPPoE username from a name: ASCII, lower case, `amina.w7k2`."""
    first = normal(name.split()[0] if name.split() else "").lower()
    letters = "".join(one for one in first if one.isascii())[:20]
    return f"{letters or 'home'}.{suffix}"
