"""Public holidays: those of a country that fall on the same day each year, and others by date."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta

# Public Holidays Act (Cap. 110) of Kenya, First Schedule, as renamed in 2024: New Year, Labour,
# Madaraka, Mazingira, Mashujaa, Jamhuri, Christmas and Boxing Day. Easter and Idd move, and are
# given by date.
FIXED: dict[str, tuple[str, ...]] = {
    "KE": ("01-01", "05-01", "06-01", "10-10", "10-20", "12-12", "12-25", "12-26"),
}
# One that falls on a Sunday is kept on the first day after it that is none itself (section 4).
SUNDAY_MOVES = frozenset({"KE"})
_SUNDAY = 7


def is_holiday(
    day: date, *, country: str, yearly: Collection[str] = (), dates: Collection[str] = ()
) -> bool:
    """Whether a day is a public holiday: a fixed one of the country, one of `yearly` (`MM-DD`)
    or one of `dates` (ISO)."""
    named = {*FIXED.get(country, ()), *yearly}
    if _named(day, named, dates):
        return True
    if country not in SUNDAY_MOVES:
        return False
    before = day - timedelta(days=1)
    while _named(before, named, dates) and before.isoweekday() != _SUNDAY:
        before -= timedelta(days=1)
    return before.isoweekday() == _SUNDAY and _named(before, named, dates)


def _named(day: date, yearly: Collection[str], dates: Collection[str]) -> bool:
    return f"{day:%m-%d}" in yearly or day.isoformat() in dates
