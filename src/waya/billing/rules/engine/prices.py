"""What a recurring charge costs for a whole cycle: exact, in minor units."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from waya.billing.rules.engine.ratios import months_in
from waya.catalog.rules.plans import Charge, PlanTerms
from waya.catalog.rules.prices import cost, worked
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


def tiers_told(charge: Charge, quantity: Fraction) -> dict[str, Any]:
    """Which tiers price how many units, as an explanation keeps it; nothing without tiers."""
    found = [
        {"units": plain(units), "unit_minor": plain(tier.unit_amount),
         "flat_minor": plain(tier.flat_amount)}
        for units, tier in worked(charge, quantity)
    ]  # fmt: skip
    return {"tiers": found} if found else {}


def plain(exact: Fraction | int) -> int | str:
    """A whole number as one, another as its fraction: explanations are exact."""
    fraction = Fraction(exact)
    return fraction.numerator if fraction.denominator == 1 else str(fraction)
