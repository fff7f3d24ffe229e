"""How the hands of a run share the work, so that a payment waits for none of them for long."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# A payment of a customer waits until the chunk is billed that they are in. So a chunk is as many
# as were billed in so long before it, on any machine. Of two tenths of a second, the rest is for
# the payment itself, and for chance.
HELD_NS = 100_000_000
# Fewer would cost too much each.
LEAST = 200


class Pace:
    """What hands at work agree on: how many customers a chunk has, at most `most`, and whose turn
    it is to lock its own. Numbers without gaps are given to one hand at a time, so one that locked
    its customers early would keep them only to wait."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._size = LEAST
        self._locking = threading.Lock()

    def size(self) -> int:
        """How many customers to bill next, together."""
        return min(self._size, self._most)

    @contextmanager
    def turn(self, customers: int) -> Iterator[Callable[[], None]]:
        """A hand's turn to lock and bill so many. What it is given says that the next hand may
        start on its own; the end says so at the latest."""
        over = _Once(self._locking.release)
        self._locking.acquire()
        began = time.monotonic_ns()
        try:
            yield over
        finally:
            over()
            self.took(customers, time.monotonic_ns() - began)

    def took(self, customers: int, nanoseconds: int) -> None:
        """Learn from how long so many were kept."""
        fits = customers * HELD_NS // max(nanoseconds, 1)
        self._size = max(LEAST, min(2 * customers, fits))


class _Once:
    """A call that is made once, however often it is asked for; by one thread."""

    def __init__(self, call: Callable[[], None]) -> None:
        self._call: Callable[[], None] | None = call

    def __call__(self) -> None:
        call, self._call = self._call, None
        if call is not None:
            call()
