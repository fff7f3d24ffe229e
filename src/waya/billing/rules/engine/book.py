"""What has been billed and not given back: each line's days, its price and what is left of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from waya.billing.rules.engine.line import Charged
from waya.billing.rules.engine.ratios import Share, share
from waya.billing.rules.engine.terms import BillingTerms
from waya.catalog.rules.plans import PlanTerms
from waya.kernel.periods import Period

Key = tuple[str, str, Fraction]


@dataclass(slots=True)
class Open:
    """A charge for some days of a cycle, at the price that it was charged at.

    `price` and `off` are of the whole cycle, exact; `left` and `left_off` what is left of the
    charge and of its discount, in minor units. `began` is its first day before any were taken
    off.
    """

    key: Key
    plan: PlanTerms
    quantity: Fraction
    cycle: Period
    start: date
    end: date
    price: Fraction
    off: Fraction
    left: int
    left_off: int
    invoice_on: date
    began: date | None = None

    @property
    def charged(self) -> Charged:
        """What a credit of it gives back of."""
        return Charged(self.invoice_on, self.began or self.start)

    @property
    def net(self) -> int:
        """What is left to be given back at most."""
        return self.left - self.left_off


@dataclass(frozen=True, slots=True)
class Given:
    """What is given back for days of an open line, before its sign is turned; `before` is
    what was left of it until then."""

    open: Open
    before: int
    period: Period
    share: Share
    amount: int
    exact: Fraction


@dataclass(slots=True)
class Book:
    """Open lines by subscription, charge and the beginning of their cycle."""

    terms: BillingTerms
    places: dict[tuple[str, str, date], list[Open]] = field(default_factory=dict)

    def add(self, subscription: str, charge: str, line: Open) -> None:
        """Remember what was just billed."""
        self.places.setdefault((subscription, charge, line.cycle.start), []).append(line)

    def of(self, subscription: str, charge: str, cycle: Period) -> list[Open]:
        """What is open for a charge in a cycle."""
        return self.places.get((subscription, charge, cycle.start), [])

    def of_cycle(self, subscription: str, within: Period, cycle: Period) -> int:
        """What all charges of a subscription come to for days of a cycle."""
        return sum(
            line.net
            for (owner, _, start), lines in self.places.items()
            if owner == subscription and start == cycle.start
            for line in lines
            if within.start <= line.start < within.end
        )

    def after(self, subscription: str, day: date) -> Iterator[tuple[str, Open]]:
        """Everything of a subscription that reaches past a day, in order of time."""
        for (owner, charge, _), lines in list(self.places.items()):
            if owner == subscription:
                for line in sorted(lines, key=lambda one: one.start):
                    if line.end > day:
                        yield charge, line

    def give_back(self, subscription: str, charge: str, line: Open, part: Period) -> Given:
        """Take days off a line at its own price: never more than is left of it.

        Whoever gives back all its days gives back all that is left, so nothing is lost.
        """
        lines = self.places[(subscription, charge, line.cycle.start)]
        counted = share(part, line.cycle, line.plan.interval, self.terms)
        before = line.net
        if part.start <= line.start and part.end >= line.end:
            lines.remove(line)
            return Given(line, before, part, counted, before, Fraction(before))
        exact, exact_off = line.price * counted.ratio, line.off * counted.ratio
        gone = min(self.terms.round(exact), line.left)
        gone_off = min(self.terms.round(exact_off), line.left_off, gone)
        line.left -= gone
        line.left_off -= gone_off
        self._shorten(lines, line, part)
        return Given(line, before, part, counted, gone - gone_off, exact - exact_off)

    def _shorten(self, lines: list[Open], line: Open, part: Period) -> None:
        """Keep the days on either side of those that were taken off."""
        if part.start <= line.start:
            line.began = line.charged.start
            line.start = part.end
        elif part.end >= line.end:
            line.end = part.start
        else:
            lines.append(self._tail(line, part.end))
            line.end = part.start

    def _tail(self, line: Open, start: date) -> Open:
        tail = Period(start, line.end)
        ratio = share(tail, line.cycle, line.plan.interval, self.terms).ratio
        left = min(self.terms.round(line.price * ratio), line.left)
        left_off = min(self.terms.round(line.off * ratio), line.left_off)
        line.left -= left
        line.left_off -= left_off
        return Open(line.key, line.plan, line.quantity, line.cycle, start, line.end, line.price,
                    line.off, left, left_off, *line.charged)  # fmt: skip


def gaps(part: Period, taken: Iterable[Period]) -> list[Period]:
    """The stretches of a part that nothing has taken."""
    found, start = [], part.start
    for one in sorted(taken, key=lambda period: period.start):
        if one.end <= start or one.start >= part.end:
            continue
        if one.start > start:
            found.append(Period(start, one.start))
        start = max(start, one.end)
    if start < part.end:
        found.append(Period(start, part.end))
    return found
