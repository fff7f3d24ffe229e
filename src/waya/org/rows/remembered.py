"""Rows that change once a month and are read with every payment: remembered for seconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

SECONDS = 5.0
_ALL: list[Remembered[object, object]] = []


class Remembered(Generic[K, V]):
    """A reading by key that is asked again after `SECONDS`.

    So a change made by another process counts here within that time. What this process
    changes itself it forgets at once. Never for what money or service is decided by within
    a transaction: standings, balances, what is open.
    """

    def __init__(self, read: Callable[[K], V]) -> None:
        self._read = read
        self._known: dict[K, tuple[float, V]] = {}
        _ALL.append(self)  # type: ignore[arg-type]  # a list of all kinds

    def __call__(self, key: K) -> V:
        """What was read for a key within the last seconds, or now."""
        now = time.monotonic()
        known = self._known.get(key)
        if known is not None and now - known[0] < SECONDS:
            return known[1]
        value = self._read(key)
        self._known[key] = (now, value)
        return value

    def forget(self) -> None:
        """Read anew from now on."""
        self._known.clear()


def forget_all() -> None:
    """Read everything anew: between tests, whose rows come and go."""
    for one in _ALL:
        one.forget()
