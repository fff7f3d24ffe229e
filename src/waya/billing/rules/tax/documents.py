"""Taxes of several lines, rounded by line or by document.

By document, each tax is rounded once on the whole document, as its rate says, and its cents are
shared out among the lines by largest remainder: the lines always add up to the document, and no
line is more than a cent from its own rounding (but where a tax is rounded to more than a cent).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from math import floor

from waya.billing.rules.tax.rates import Rate
from waya.billing.rules.tax.stack import Stack, Taxed, inside, on_top, shares_of_gross
from waya.kernel.errors import Refused
from waya.kernel.money import Money


class RoundedBy(StrEnum):
    """Where taxes are rounded."""

    LINE = "line"
    DOCUMENT = "document"


@dataclass(frozen=True, slots=True)
class Line:
    """A price, whether net or gross, with the taxes of its supply."""

    price: Money
    stack: Stack
    quantity: int = 1


@dataclass(frozen=True, slots=True)
class Sum:
    """A tax over a whole document: one row for each rate, as a tax table shows it."""

    rate: Rate
    base: Money
    amount: Money


def taxes_on_top(lines: Sequence[Line], rounding: RoundedBy) -> list[Taxed]:
    """Add taxes to lines whose prices exclude them."""
    if rounding is RoundedBy.LINE:
        return [on_top(line.price, line.stack, line.quantity) for line in lines]
    amounts: list[list[int]] = [[] for _ in lines]
    for places in _by_tax(lines):
        exact = [
            _held(lines[at], place, lines[at].stack.exact(
                place, lines[at].price.minor, amounts[at], lines[at].quantity))
            for at, place in places
        ]  # fmt: skip
        for (at, _), amount in zip(places, _shared_out(exact, lines, places), strict=True):
            amounts[at].append(amount)
    return [
        Taxed(line.price.currency, line.price.minor, tuple(found), line.stack, line.quantity)
        for line, found in zip(lines, amounts, strict=True)
    ]


def taxes_inside(lines: Sequence[Line], rounding: RoundedBy) -> list[Taxed]:
    """Take taxes out of lines whose prices include them; refuses `price_below_taxes`, and
    `bounds_by_line` for taxes with a least or a most, which are a line's own."""
    if rounding is RoundedBy.LINE:
        return [inside(line.price, line.stack, line.quantity) for line in lines]
    if any(line.stack.bounded for line in lines):
        raise Refused("bounds_by_line")
    left = [line.price.minor for line in lines]
    shares = [_shares(line) for line in lines]
    amounts: list[list[int]] = [[] for _ in lines]
    for places in reversed(_by_tax(lines)):
        exact = [left[at] * shares[at][place][0] + shares[at][place][1] for at, place in places]
        for (at, _), amount in zip(places, _shared_out(exact, lines, places), strict=True):
            amounts[at].insert(0, amount)
            left[at] -= amount
    if any(net < 0 < line.price.minor for line, net in zip(lines, left, strict=True)):
        raise Refused("price_below_taxes")
    return [
        Taxed(line.price.currency, net, tuple(found), line.stack, line.quantity)
        for line, net, found in zip(lines, left, amounts, strict=True)
    ]


def largest_remainder(exact: Sequence[Fraction], whole: int) -> list[int]:
    """Whole numbers that add up to `whole`, each within one of its exact one where the sum of
    these is within one of `whole`.

    Everyone gets the whole part; what is left goes to the largest fractions, the first of
    equals before the next, in rounds.
    """
    if not exact:
        return []
    parts = [floor(one) for one in exact]
    rounds, rest = divmod(whole - sum(parts), len(parts))
    by_fraction = sorted(range(len(parts)), key=lambda place: parts[place] - exact[place])
    for at, place in enumerate(by_fraction):
        parts[place] += rounds + (at < rest)
    return parts


def sums(taxed: Sequence[Taxed]) -> list[Sum]:
    """The document's tax table: bases and amounts of all lines, by rate, as they stack."""
    found: dict[tuple[object, ...], Sum] = {}
    for one in taxed:
        for row in one.rows:
            key = _identity(row.rate)
            known = found.get(key)
            if known is None:
                found[key] = Sum(row.rate, row.base, row.amount)
            else:
                found[key] = Sum(row.rate, known.base + row.base, known.amount + row.amount)
    return sorted(found.values(), key=lambda one: one.rate.sequence)


def _shared_out(
    exact: Sequence[Fraction], lines: Sequence[Line], places: Sequence[tuple[int, int]]
) -> list[int]:
    """One tax of a document, rounded as its rate says and shared out among the lines."""
    at, place = places[0]
    return largest_remainder(exact, lines[at].stack[place].rounded(sum(exact, Fraction(0))))


def _by_tax(lines: Sequence[Line]) -> list[list[tuple[int, int]]]:
    """For each tax, in order, the lines that carry it and its place in their stacks."""
    places: dict[tuple[int, tuple[object, ...]], list[tuple[int, int]]] = {}
    for at, line in enumerate(lines):
        sequences = [rate.sequence for rate in line.stack]
        if any(later <= earlier for earlier, later in pairwise(sequences)):
            raise ValueError("taxes of one line need a sequence that grows")
        for place, rate in enumerate(line.stack):
            places.setdefault((rate.sequence, _identity(rate)), []).append((at, place))
    return [places[key] for key in sorted(places, key=lambda key: key[0])]


def _identity(rate: Rate) -> tuple[object, ...]:
    """What makes two lines' taxes one tax of the document."""
    return (rate.jurisdiction, rate.tax, rate.category, rate.ratio, rate.relief, rate.law,
            rate.rounding, rate.quantum_minor)  # fmt: skip


def _held(line: Line, place: int, exact: Fraction) -> Fraction:
    rate = line.stack[place]
    if not rate.bounded:
        return exact
    free = rate.rounded(exact)
    held = rate.within_bounds(free)
    return exact if held == free else Fraction(held)


_Shares = list[tuple[Fraction, Fraction]]


def _shares(line: Line) -> _Shares:
    parts = [part._replace(fixed=part.fixed * line.quantity) for part in line.stack.parts]
    return shares_of_gross(parts)
