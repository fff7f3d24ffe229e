"""What value left over at a change becomes, where policy does not leave it money."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_DOWN, Decimal
from fractions import Fraction
from typing import Any

from waya.billing.queries.pricing import PriceList, described
from waya.billing.rules.drafts import CONVERTED, Charged, DraftLine
from waya.billing.rules.engine.grids import Grid
from waya.billing.rules.hours import first_day, length_words
from waya.billing.rules.lives import Life, by_the_hour, cycles
from waya.catalog.models import Plan
from waya.catalog.queries import Version
from waya.catalog.rules.plans import NOTHING
from waya.catalog.rules.prices import cost, unit_price
from waya.kernel.errors import Refused
from waya.kernel.periods import Period

# Value that would buy more time of a cheap plan than this (ten years) stays money.
MOST_DAYS_BOUGHT = 3653
_SIXTH = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class Allowance:
    """So much of a metric, at the unit price of a plan (minor units, exact), and the line that
    charges it: for as much as was given back."""

    metric: str
    quantity: Decimal
    price: Fraction
    line: DraftLine


@dataclass(frozen=True, slots=True)
class Leftovers:
    """Value left over, to be turned into what a version of a plan gives, from a day on."""

    prices: PriceList
    plan: Plan
    version: Version
    quantity: Fraction
    on: date
    subscription_id: int

    def time(self, value: int, life: Life) -> DraftLine | None:
        """The line of as many whole days (by the hour: minutes) as a value, with its taxes,
        pays for; None for none, and for more than ten years. Days cost their share of the cycle
        that runs, or of the first of another length."""
        terms = self.version.terms
        price = sum((cost(one, self.quantity) for one in terms.charges if one.recurring), NOTHING)
        if by_the_hour(terms):
            whole = terms.interval.count * 60
            minutes = int(value * whole / price) if price else 0
            words = length_words(timedelta(minutes=minutes))
            facts: dict[str, Any] = {"seconds": minutes * 60}
            period, many, most = first_day(self.on), minutes, MOST_DAYS_BOUGHT * 1440
        else:
            cycle = cycles(life).cycle(self.on)
            if terms.interval != life.plan.interval:
                cycle = Grid(terms.interval, self.on, self.on.day).cycle(self.on)
            many, most = int(value * cycle.days / price) if price else 0, MOST_DAYS_BOUGHT
            if many > most:
                return None
            period = Period(self.on, self.on + timedelta(days=many))
            words = ""
            facts = {"days": many, "cycle_days": cycle.days, "cycle_from": cycle.start.isoformat(),
                     "cycle_until": cycle.end.isoformat()}  # fmt: skip
        if not 0 < many <= most:
            return None
        named = f"{self.plan.name}, {words}" if words else described(self.plan, period)
        why = facts | {"rule": "value left over, turned into time", "price_minor": _plain(price)}
        return self._line(value, period, named, why, in_advance=True)

    def allowance(self, value: int) -> Allowance:
        """How much of what the plan meters a value, with its taxes, pays for, rounded down to
        millionths. Refuses `no_metered_unit` where it meters nothing that costs."""
        metered = (one for one in self.version.terms.charges if one.metric and unit_price(one))
        charge = next(metered, None)
        if charge is None:
            raise Refused("no_metered_unit", plan=self.plan.name)
        price, on = unit_price(charge), Period(self.on, self.on)
        pricing = replace(self.prices.pricing(self.version, self.on), inclusive=True)
        worth = value if self.version.tax_inclusive else pricing.taxed(value).net.minor
        exact = Fraction(worth) / price
        quantity = (Decimal(exact.numerator) / exact.denominator).quantize(_SIXTH, ROUND_DOWN)
        words = f"{self.plan.name}, {charge.metric}: {quantity.normalize():f}"
        why = {"rule": "value left over, turned into data", "price_minor": _plain(price),
               "metric": charge.metric, "quantity": f"{quantity.normalize():f}"}  # fmt: skip
        line = self._line(value, on, words, why, in_advance=False)
        return Allowance(charge.metric, quantity, price, line)

    def _line(
        self, value: int, period: Period, words: str, why: dict[str, Any], *, in_advance: bool
    ) -> DraftLine:
        pricing = replace(self.prices.pricing(self.version, self.on), inclusive=True)
        why = pricing.facts(period) | why | {"kind": CONVERTED, "tax_inclusive": True}
        charged = Charged(period, pricing.taxed(value), why)
        return DraftLine(self.subscription_id, words, charged, f"revenue:{self.plan.tax_class}",
                         in_advance, CONVERTED)  # fmt: skip


def _plain(exact: Fraction) -> int | str:
    return exact.numerator if exact.denominator == 1 else str(exact)
