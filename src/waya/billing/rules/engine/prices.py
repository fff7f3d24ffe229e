"""What a recurring charge costs for a whole cycle: exact, in minor units."""

from __future__ import annotations

from fractions import Fraction

from waya.billing.rules.engine.ratios import months_in
from waya.catalog.rules.plans import Charge, PlanTerms
from waya.catalog.rules.prices import cost
from waya.kernel.periods import Period


def of_cycle(plan: PlanTerms, charge: Charge, quantity: Fraction, cycle: Period) -> Fraction:
    """What a recurring charge costs for a whole cycle."""
    price = cost(charge, quantity)
    match plan.price_per:
        case "cycle":
            return price
        case "month" if plan.interval.unit == "month":
            return price * plan.interval.count
        case "month":
            return price * months_in(cycle)
        case "day":
            return price * cycle.days
