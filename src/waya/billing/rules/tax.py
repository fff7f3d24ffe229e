"""Stacked taxes on a price: each is charged on the net and on the taxes before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from waya.kernel.money import Money, rounded, total


@dataclass(frozen=True, slots=True)
class Rate:
    """A tax in its place in the stack; `ratio` is exact, `law` says where it comes from."""

    tax: str
    name: str
    ratio: Fraction
    law: str


@dataclass(frozen=True, slots=True)
class TaxRow:
    """A tax as charged: its base and its amount, each rounded once to the minor unit."""

    rate: Rate
    base: Money
    amount: Money


@dataclass(frozen=True, slots=True)
class Taxed:
    """A price with its taxes: net and rows always add up to the gross."""

    net: Money
    rows: tuple[TaxRow, ...]

    @property
    def tax(self) -> Money:
        return total((row.amount for row in self.rows), self.net.currency)

    @property
    def gross(self) -> Money:
        return self.net + self.tax


def on_top(net: Money, rates: Sequence[Rate]) -> Taxed:
    """Add taxes to a price that excludes them, in the order in which they stack.

    Each is rounded half away from zero, per line.
    """
    rows: list[TaxRow] = []
    base = net
    for rate in rates:
        row = TaxRow(rate, base, base.times(rate.ratio))
        rows.append(row)
        base += row.amount
    return Taxed(net, tuple(rows))


def inside(gross: Money, rates: Sequence[Rate]) -> Taxed:
    """Take taxes out of a price that includes them, peeling from the outside.

    The last tax comes off first: VAT = P·16/116, then excise = (P − VAT)·15/115; what is
    left is the net, so the sum is the price to the cent.
    """
    rows: list[TaxRow] = []
    base = gross
    for rate in reversed(rates):
        amount = Money(rounded(base.minor * rate.ratio / (1 + rate.ratio)), gross.currency)
        base -= amount
        rows.append(TaxRow(rate, base, amount))
    return Taxed(base, tuple(reversed(rows)))
