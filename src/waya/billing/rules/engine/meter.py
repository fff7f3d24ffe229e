"""How much of a metric was used in a stretch of time."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from itertools import accumulate

from waya.billing.rules.engine.events import Usage
from waya.kernel.periods import Period


@dataclass(slots=True)
class _Read:
    """The days of use, in order, and how much there was before each and in all."""

    days: list[date] = field(default_factory=list)
    before: list[Fraction] = field(default_factory=list)


class Meter:
    """Everything that was used, by subscription and metric; a stretch is two look-ups."""

    def __init__(self, usage: Iterable[Usage]) -> None:
        self._read: dict[tuple[str, str], _Read] = {}
        counted: dict[tuple[str, str], list[Fraction]] = {}
        for one in sorted(usage, key=lambda one: one.on):
            place = (one.subscription, one.metric)
            self._read.setdefault(place, _Read()).days.append(one.on)
            counted.setdefault(place, [Fraction(0)]).append(one.quantity)
        for place, quantities in counted.items():
            self._read[place].before = list(accumulate(quantities))

    def used(self, subscription: str, metric: str, period: Period) -> Fraction:
        """What was used in a half-open period."""
        read = self._read.get((subscription, metric))
        if read is None:
            return Fraction(0)
        first, last = bisect_left(read.days, period.start), bisect_left(read.days, period.end)
        return read.before[last] - read.before[first]
