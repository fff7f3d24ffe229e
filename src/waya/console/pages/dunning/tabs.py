"""The tabs of collections."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A tab: its address, its words, and whether one is there."""

    url: str
    words: str
    here: bool


_PLACES = {
    "overdue": ("/collections", "Overdue"),
    "tonight": ("/collections/tonight", "Tonight"),
    "promises": ("/collections/promises", "Promises"),
    "disputes": ("/collections/disputes", "Disputes"),
    "calls": ("/collections/calls", "To be called"),
    "ladder": ("/collections/ladder", "Ladder"),
}


def tabs(here: str) -> list[Place]:
    """The places of collections, with the one that is open."""
    return [Place(url, words, name == here) for name, (url, words) in _PLACES.items()]
