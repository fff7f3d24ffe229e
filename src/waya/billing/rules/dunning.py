"""How far behind an account is, and what that means for its service."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum


class Standing(StrEnum):
    """In order, each further behind: paid up, in grace, walled (only the pay page opens), and
    off (no access at all)."""

    GOOD = "good"
    GRACE = "grace"
    CUT_OFF = "cut_off"
    OFF = "off"


_ORDER = (Standing.GOOD, Standing.GRACE, Standing.CUT_OFF, Standing.OFF)


def lapse_due(paid_through: date | None) -> date | None:
    """The due day of a prepaid period: its last day. `paid_through` is half-open."""
    return None if paid_through is None else paid_through - timedelta(days=1)


def worst(*standings: Standing) -> Standing:
    """The one that is furthest behind."""
    return max(standings, key=_ORDER.index)


def worse(left: str, right: str) -> bool:
    """Whether the left is further behind than the right."""
    return _ORDER.index(Standing(left)) > _ORDER.index(Standing(right))
