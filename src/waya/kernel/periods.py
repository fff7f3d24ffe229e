"""Half-open stretches of days, and months that remember the day they were anchored on."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `start` up to, and not including, `end`."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError(f"a period cannot end ({self.end}) before it starts ({self.start})")

    @property
    def days(self) -> int:
        """How many days it holds."""
        return (self.end - self.start).days

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end

    def split_days(self, on: date) -> tuple[int, int]:
        """Days before `on` and days from it; `on` outside the period counts as its edge."""
        inside = min(max(on, self.start), self.end)
        return (inside - self.start).days, (self.end - inside).days


def on_day(year: int, month: int, anchor_day: int) -> date:
    """The anchor's date in a month, held back to the month's last day: 31 → 28 February."""
    return date(year, month, min(anchor_day, monthrange(year, month)[1]))


def add_months(start: date, months: int, *, anchor_day: int) -> date:
    """The anchor's date so many months on; the anchor is what is remembered, not the clamp.

    31 January + 1 = 28 February, and 28 February + 1 with anchor 31 = 31 March.
    """
    index = start.year * 12 + start.month - 1 + months
    return on_day(index // 12, index % 12 + 1, anchor_day)


def next_anchor(after: date, *, anchor_day: int) -> date:
    """The first anchor date strictly after a day."""
    here = on_day(after.year, after.month, anchor_day)
    return here if here > after else add_months(after, 1, anchor_day=anchor_day)


def days_between(first: date, last: date) -> list[date]:
    """Every day from `first` through `last`, in order; none if `last` is before `first`."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
