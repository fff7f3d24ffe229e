"""Lists are read in pages by key, never by offset: page 900 costs what page 1 does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

ROWS = 50
T = TypeVar("T")
S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Rows, and the key to go on from; empty when these are the last."""

    rows: list[T]
    next_key: str = ""


def cut(found: Sequence[T], key: Callable[[T], str], *, limit: int = ROWS) -> Page[T]:
    """A page out of `limit + 1` rows: the one too many only tells that there are more."""
    rows = list(found[:limit])
    return Page(rows, key(rows[-1]) if len(found) > limit else "")


def before(key: str) -> int | None:
    """The id that a page of rows, newest first, goes on from; None for a strange key."""
    return int(key) if key.isascii() and key.isdigit() and len(key) < 19 else None
