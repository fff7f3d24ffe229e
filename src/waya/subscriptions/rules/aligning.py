"""When the periods of a further service turn, so that they end with the customer's others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from waya.catalog.rules.plans import Interval
from waya.subscriptions.rules.life import Turns


@dataclass(frozen=True, slots=True)
class Turning:
    """The cycles of a service that runs: how long they are, the day of the month (1–31,
    unclamped) on which those of months turn, and a day on which one does."""

    interval: Interval
    anchor_day: int
    on: date


def turns_with(interval: Interval, others: Iterable[Turning]) -> Turns | None:
    """When cycles of an interval turn so as to end with those of others; None if they cannot.

    The first whose cycles are just as long decides, and theirs end on the same days. Of months
    another will do: the day of the month is shared, clamped where a month is short, and
    remembered as it was wished (31 → 28 February → 31 March). Weeks go with as many weeks alone;
    hours and days turn when they are paid.
    """
    if interval.unit not in ("month", "week"):
        return None
    alike = [one for one in others if one.interval.unit == interval.unit]
    same = next((one for one in alike if one.interval == interval), None)
    if interval.unit == "week":
        return Turns(same.on.day, same.on) if same else None
    if interval.count > 1 and same is not None:
        return Turns(same.anchor_day, same.on)
    first = same or next(iter(alike), None)
    return Turns(first.anchor_day) if first else None
