"""Rate limits as RouterOS writes them: the same limit has many spellings."""

from __future__ import annotations

import re

UNITS = {"": 1, "k": 1_000, "M": 1_000_000, "G": 1_000_000_000}

_RATE = re.compile(r"(\d+)([kMG]?)")


def rate(kbps: int) -> str:
    """A rate in the shortest of RouterOS's spellings: `10M`, `1500k`."""
    return f"{kbps // 1000}M" if kbps % 1000 == 0 else f"{kbps}k"


def same_rate(one: str, other: str) -> bool:
    """Do two rate limits say the same? `5M/10M` is `5000000/10000000`, and `5M` is `5M/5M`."""
    return one == other or _parts(one) == _parts(other)


def _parts(rate_limit: str) -> list[tuple[object, ...]]:
    return [_pair(word) for word in rate_limit.split()]


def _pair(word: str) -> tuple[object, ...]:
    """One position of the limit; a missing second half repeats the first."""
    numbers = [_number(half) for half in word.split("/")]
    return tuple(numbers * 2 if len(numbers) == 1 else numbers)


def _number(text: str) -> int | str:
    match = _RATE.fullmatch(text)
    return int(match[1]) * UNITS[match[2]] if match else text
