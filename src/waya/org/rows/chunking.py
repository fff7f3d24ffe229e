"""Many keys, so many at a time: whoever waits for one of them waits for no more than that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice


def chunks(keys: Iterable[int], size: int) -> Iterator[list[int]]:
    """The keys in their order, `size` at a time."""
    left = iter(keys)
    while chunk := list(islice(left, size)):
        yield chunk
