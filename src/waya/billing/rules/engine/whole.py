"""The common line, fast: whole periods at one price, for many subscriptions at a time.

What a run bills is nearly always the whole period after the last one, at a flat price. Its
amount is the price itself, so nothing is prorated, rounded or compared here; periods and
explanations are made once for all who share them. `lines` gives the same lines, slowly: a
test holds the two together.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Generic, NamedTuple, TypeVar

from waya.billing.rules.engine.grids import Grid
from waya.catalog.rules.plans import Interval

Key = TypeVar("Key", bound=Hashable)


class Due(NamedTuple, Generic[Key]):
    """A subscription at the end of what it is billed for: the next period begins at `start`,
    which must be an anchor date of `anchor_day` (1–31)."""

    key: Key
    start: date
    anchor_day: int
    months: int
    price_minor: int


class Whole(NamedTuple, Generic[Key]):
    """A whole period to bill, half-open, at its whole price."""

    key: Key
    start: date
    end: date
    amount_minor: int
    why: dict[str, Any]


@dataclass(slots=True)
class WholePeriods:
    """Periods and reasons that many lines share; one for each run. `why` is never changed."""

    currency: str
    _ends: dict[tuple[date, int, int], date] = field(default_factory=dict)
    _whys: dict[tuple[date, date, int], dict[str, Any]] = field(default_factory=dict)

    def lines(self, due: Iterable[Due[Key]], until: date, *, arrears: bool) -> Iterator[Whole[Key]]:
        """Every whole period that begins (in arrears: ends) on or before a day, in order."""
        ends, whys = self._ends, self._whys
        for key, start, anchor_day, months, price in due:
            while True:
                place = (start, anchor_day, months)
                end = ends.get(place) or self._end(place)
                if (end if arrears else start) > until:
                    break
                why = whys.get((start, end, price)) or self._why(start, end, price)
                yield Whole(key, start, end, price, why)
                start = end

    def _end(self, place: tuple[date, int, int]) -> date:
        start, anchor_day, months = place
        end = Grid(Interval("month", months), start, anchor_day).cycle(start).end
        self._ends[place] = end
        return end

    def _why(self, start: date, end: date, price: int) -> dict[str, Any]:
        days = (end - start).days
        why = {
            "rule": "whole cycle", "price_minor": price, "currency": self.currency,
            "days": days, "cycle_days": days, "ratio": "1",
            "cycle_from": start.isoformat(), "cycle_until": end.isoformat(),
        }  # fmt: skip
        self._whys[start, end, price] = why
        return why
