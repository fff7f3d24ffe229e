"""What is too much for a night: a bill or a run that a person should see first."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Night:
    """A night's billing in two figures: how many documents, and what they come to in minor
    units, taxes included."""

    documents: int
    total_minor: int


def beyond(
    tonight: Night, before: Night | None, *, few: int, percent: int, most_minor: int
) -> str | None:
    """Why a night's billing waits for a person, or None.

    `most_minor` bounds its total (0: no bound). Against the night a month before it may come
    to at most `percent` more (0: whatever), unless it is of no more than `few` documents. What
    is less than last month is nobody's harm: it is billed when its reason is mended.
    """
    if most_minor and tonight.total_minor > most_minor:
        return "total"
    if before is None or not percent or tonight.documents <= few or not before.total_minor:
        return None
    grown = (tonight.total_minor - before.total_minor) * 100
    return "change" if grown > before.total_minor * percent else None
