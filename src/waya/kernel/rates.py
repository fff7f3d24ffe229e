"""Percentages as exact fractions."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction


def percent(text: str) -> Fraction:
    """Read a percentage exactly: `percent("16")` is 4/25."""
    return Fraction(Decimal(text)) / 100


def as_percent(rate: Fraction) -> Decimal:
    """A ratio in percent: 4/25 is 16. Exact for every rate that was read with `percent`."""
    return Decimal(rate.numerator * 100) / Decimal(rate.denominator)


def shown(rate: Fraction) -> str:
    """A rate as a percentage without trailing zeros: `16 %`, `7.5 %`."""
    return f"{as_percent(rate).normalize():f} %"
