"""Percentages as exact fractions."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction


def percent(text: str) -> Fraction:
    """Read a percentage exactly: `percent("16")` is 4/25."""
    return Fraction(Decimal(text)) / 100


def shown(rate: Fraction) -> str:
    """A rate as a percentage without trailing zeros: `16 %`, `7.5 %`."""
    exact = Decimal(rate.numerator * 100) / Decimal(rate.denominator)
    return f"{exact.normalize():f} %"
