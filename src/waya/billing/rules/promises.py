"""Whether a promise to pay is open, kept or broken: seen from what is left, never from memory."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum


class Word(StrEnum):
    """What became of somebody's word."""

    OPEN = "open"
    KEPT = "kept"
    BROKEN = "broken"
    WITHDRAWN = "withdrawn"


def word(
    *, amount_minor: int, until: date, owed: Mapping[str, int], left: Mapping[str, int], today: date
) -> Word:
    """Kept as soon as what was owed then has shrunk by the sum promised; broken when its day has
    passed without that; open until then. Money that comes later still keeps it."""
    paid = sum(minor - min(minor, left.get(debt, 0)) for debt, minor in owed.items())
    if paid >= amount_minor:
        return Word.KEPT
    return Word.BROKEN if today > until else Word.OPEN
