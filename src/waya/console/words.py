"""Small grammar for sentences with numbers in them."""

from __future__ import annotations


def many(count: int, noun: str, plural: str = "") -> str:
    """`1 renewal`, `1,204 renewals`."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"
