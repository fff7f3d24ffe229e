"""Stacked taxes on a price, or inside one; prepared once for a supply and asked for each line.

The usual stack, in which each tax is on the net and on all taxes before it and is rounded to the
nearest cent, is whole numbers alone: a chain of one multiplication, one addition and one division
for each tax. Anything else (shares, taxes by the unit, bounds, a base that leaves a tax out,
another rounding) takes the general way, which gives the same cents.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import NamedTuple

from waya.billing.rules.tax.rates import Rate
from waya.catalog.rules.rates import How
from waya.kernel.errors import Refused
from waya.kernel.money import Money, rounded


class TaxRow(NamedTuple):
    """A tax as charged: its base and its amount, each rounded once to the minor unit."""

    rate: Rate
    base: Money
    amount: Money


class Taxed(NamedTuple):
    """A price with its taxes: net and rows always add up to the gross.

    Minor units throughout; `amounts` are the taxes of `stack`, in its order. Money and rows
    are made when they are asked for, which a run of a hundred thousand lines never does.
    """

    currency: str
    net_minor: int
    amounts: tuple[int, ...]
    stack: Stack
    quantity: int = 1

    @property
    def tax_minor(self) -> int:
        """All taxes together."""
        return sum(self.amounts)

    @property
    def net(self) -> Money:
        """The price without taxes."""
        return Money(self.net_minor, self.currency)

    @property
    def tax(self) -> Money:
        """All taxes together."""
        return Money(sum(self.amounts), self.currency)

    @property
    def gross(self) -> Money:
        """The price with its taxes."""
        return Money(self.net_minor + sum(self.amounts), self.currency)

    @property
    def rows(self) -> tuple[TaxRow, ...]:
        """Each tax with its base; for a tax by the unit that is the net."""
        return tuple(
            TaxRow(rate, Money(base, self.currency), Money(amount, self.currency))
            for rate, base, amount in zip(
                self.stack, self.stack.bases(self.net_minor, self.amounts), self.amounts,
                strict=True,
            )
        )  # fmt: skip


class _Step(NamedTuple):
    """A tax of a chain in whole numbers: `(base · twice + whole) // double`, halves up."""

    twice: int
    whole: int
    double: int


class Part(NamedTuple):
    """A tax of any stack: `multiplier` of the net and of the taxes at `below`, and `fixed`."""

    multiplier: Fraction
    below: tuple[int, ...]
    fixed: Fraction


class Stack(tuple[Rate, ...]):
    """The taxes of one supply, in order, with their arithmetic prepared.

    Raises ValueError for a tax that is charged on itself or on one after it: only a gross-up
    may be a part of its own base.
    """

    chained: bool
    bounded: bool
    parts: tuple[Part, ...]
    _scales: tuple[Fraction | None, ...]
    _up: tuple[_Step, ...]
    _down: tuple[_Step, ...]

    def __new__(cls, rates: Iterable[Rate]) -> Stack:
        """Prepare a stack; about 30 µs, so keep it for all lines of the same supply."""
        self = super().__new__(cls, rates)
        codes = [rate.tax for rate in self]
        self.parts = tuple(
            Part(rate.multiplier, _below(rate, place, codes), rate.each_minor)
            for place, rate in enumerate(self)
        )
        self.bounded = any(rate.bounded for rate in self)
        self.chained = not self.bounded and all(
            part.fixed == 0 and len(part.below) == place and rate.usual
            for place, (part, rate) in enumerate(zip(self.parts, self, strict=True))
        )
        scales = [rate.share * (1 - rate.relief) for rate in self]
        self._scales = tuple(None if scale == 1 else scale for scale in scales)
        ratios = [part.multiplier for part in self.parts]
        self._up = tuple(_step(ratio) for ratio in ratios)
        self._down = tuple(_step(ratio / (1 + ratio)) for ratio in reversed(ratios))
        return self

    def on_top(self, net: int, quantity: int = 1) -> tuple[int, ...]:
        """The taxes to add to a net, each rounded once as its rate says."""
        if net < 0:
            return tuple(-amount for amount in self.on_top(-net, quantity))
        if not self.chained:
            return tuple(self._general(net, quantity))
        amounts = []
        for twice, whole, double in self._up:
            amount = (net * twice + whole) // double
            amounts.append(amount)
            net += amount
        return tuple(amounts)

    def inside(self, gross: int, quantity: int = 1) -> tuple[int, ...]:
        """The taxes to take out of a gross, peeled from the outside; what is left is the net.

        Refuses `price_below_taxes` when taxes by the unit alone are more than the price.
        """
        if gross < 0:
            return tuple(-amount for amount in self.inside(-gross, quantity))
        if not self.chained:
            return self._peel(gross, self._parts_for(gross, quantity))
        amounts = []
        for twice, whole, double in self._down:
            amount = (gross * twice + whole) // double
            amounts.append(amount)
            gross -= amount
        amounts.reverse()
        return tuple(amounts)

    def bases(self, net: int, amounts: Sequence[int]) -> list[int]:
        """What each tax was charged on, to the minor unit."""
        found = []
        for part, scale in zip(self.parts, self._scales, strict=True):
            below = net + sum([amounts[place] for place in part.below])
            found.append(below if scale is None else rounded(below * scale))
        return found

    def exact(self, place: int, net: int, amounts: Sequence[int], quantity: int) -> Fraction:
        """One tax before rounding, from the net and the rounded taxes before it."""
        part = self.parts[place]
        below = net + sum(amounts[index] for index in part.below)
        return below * part.multiplier + part.fixed * quantity

    def _general(self, net: int, quantity: int) -> list[int]:
        amounts: list[int] = []
        for place, rate in enumerate(self):
            amount = rate.rounded(self.exact(place, net, amounts, quantity))
            amounts.append(rate.within_bounds(amount) if rate.bounded else amount)
        return amounts

    def _parts_for(self, gross: int, quantity: int) -> list[Part]:
        """The parts with their quantity; a tax that meets a bound at this price is fixed."""
        parts = [part._replace(fixed=part.fixed * quantity) for part in self.parts]
        if self.bounded:
            bound = self._general(self._net_below(gross, quantity), quantity)
            free = self._unbounded(self._net_below(gross, quantity), bound, quantity)
            for place, (amount, loose) in enumerate(zip(bound, free, strict=True)):
                if amount != loose:
                    parts[place] = Part(Fraction(0), (), Fraction(amount))
        return parts

    def _net_below(self, gross: int, quantity: int) -> int:
        """The greatest net whose gross is not above this one; the gross grows with the net."""
        low, high = 0, gross
        while low < high:
            middle = (low + high + 1) // 2
            if middle + sum(self._general(middle, quantity)) <= gross:
                low = middle
            else:
                high = middle - 1
        return low

    def _unbounded(self, net: int, amounts: Sequence[int], quantity: int) -> list[int]:
        return [
            rate.rounded(self.exact(place, net, amounts, quantity))
            for place, rate in enumerate(self)
        ]

    def _peel(self, gross: int, parts: Sequence[Part]) -> tuple[int, ...]:
        """Take taxes out of a price, the last first: none that is left depends on it.

        Each is what it would be exactly in the price that is left, rounded once. Refuses
        `price_below_taxes` when nothing would be left for the net.
        """
        amounts: list[int] = []
        shares = shares_of_gross(parts)
        for rate, (multiplier, fixed) in zip(reversed(self), reversed(shares), strict=True):
            amount = rate.rounded(gross * multiplier + fixed)
            amounts.append(amount)
            gross -= amount
        if gross < 0:
            raise Refused("price_below_taxes")
        return tuple(reversed(amounts))


def shares_of_gross(parts: Sequence[Part]) -> list[tuple[Fraction, Fraction]]:
    """Each tax as `multiplier · gross + fixed`, the gross being net and taxes up to itself.

    With `t = a·net + b` for each tax, the gross up to the k-th is `A·net + B`; solve for net.
    """
    slopes: list[Fraction] = []
    offsets: list[Fraction] = []
    found = []
    for part in parts:
        slopes.append(part.multiplier * (1 + sum(slopes[place] for place in part.below)))
        offsets.append(part.multiplier * sum(offsets[place] for place in part.below) + part.fixed)
        multiplier = slopes[-1] / (1 + sum(slopes))
        found.append((multiplier, offsets[-1] - multiplier * sum(offsets)))
    return found


def on_top(net: Money, rates: Sequence[Rate], quantity: int = 1) -> Taxed:
    """Add taxes to a price that excludes them, in the order in which they stack.

    Each is rounded once as its rate says, per line.
    """
    stack = rates if isinstance(rates, Stack) else Stack(rates)
    return Taxed(net.currency, net.minor, stack.on_top(net.minor, quantity), stack, quantity)


def inside(gross: Money, rates: Sequence[Rate], quantity: int = 1) -> Taxed:
    """Take taxes out of a price that includes them, peeling from the outside.

    The last tax comes off first: VAT = P·16/116, then excise = (P − VAT)·15/115; what is
    left is the net, so the sum is the price to the cent.
    """
    stack = rates if isinstance(rates, Stack) else Stack(rates)
    amounts = stack.inside(gross.minor, quantity)
    return Taxed(gross.currency, gross.minor - sum(amounts), amounts, stack, quantity)


def _below(rate: Rate, place: int, codes: Sequence[str]) -> tuple[int, ...]:
    if codes.index(rate.tax) != place:
        raise ValueError(f"{rate.tax} stands twice in one stack")
    if rate.on is None:
        return tuple(range(place))
    itself = rate.tax in rate.on and rate.how is not How.GROSS_UP
    if itself or any(code in codes[place + 1 :] for code in rate.on):
        raise ValueError(f"{rate.tax} is charged on itself, or on a tax after it")
    return tuple(index for index in range(place) if codes[index] in rate.on)


def _step(ratio: Fraction) -> _Step:
    return _Step(2 * ratio.numerator, ratio.denominator, 2 * ratio.denominator)
