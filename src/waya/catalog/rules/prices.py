"""What a charge costs for a quantity: exact, in minor units, before any rounding."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import ceil

from waya.catalog.rules.plans import NOTHING, Charge, Interval, PlanTerms, Tier

# The kinds of charges that cost more, the more there is.
UNIT_PRICED = ("per_unit", "graduated", "volume", "package")


def cost(charge: Charge, quantity: Fraction) -> Fraction:
    """The price of a quantity under a charge; units that are included cost nothing."""
    units = max(quantity - charge.included, NOTHING)
    match charge.kind:
        case "per_unit":
            return charge.amount * units
        case "graduated":
            return _graduated(charge.tiers, units, charge.lot)
        case "volume":
            return _volume(charge.tiers, units, charge.lot)
        case "package":
            return charge.amount * ceil(units / charge.lot)
        case _:
            return charge.amount


def unit_price(charge: Charge) -> Fraction:
    """What one more unit costs, before any tier but the first is reached."""
    match charge.kind:
        case "per_unit":
            return charge.amount
        case "package":
            return charge.amount / charge.lot
        case "graduated" | "volume":
            return charge.tiers[0].unit_amount
        case _:
            return NOTHING


def worked(charge: Charge, quantity: Fraction) -> list[tuple[Fraction, Tier]]:
    """How many units of a quantity are priced by which tier, where a charge has tiers; each
    tier's fixed sum counts once."""
    units = max(quantity - charge.included, NOTHING)
    if charge.kind == "graduated":
        return list(_by_tier(charge.tiers, units))
    if charge.kind == "volume" and units > 0:
        return [(units, _reached(charge.tiers, units))]
    return []


def a_year(plan: PlanTerms, quantity: Fraction) -> Fraction:
    """What a plan costs in a year, to tell an upgrade from a downgrade."""
    price = sum((cost(one, quantity) for one in plan.charges if one.recurring), NOTHING)
    match plan.price_per:
        case "month":
            return price * 12
        case "day":
            return price * 365
        case _:
            return price * _cycles_a_year(plan.interval)


def _cycles_a_year(interval: Interval) -> Fraction:
    match interval.unit:
        case "month":
            return Fraction(12, interval.count)
        case "week":
            return Fraction(365, 7 * interval.count)
        case "day":
            return Fraction(365, interval.count)
        case "hour":
            return Fraction(365 * 24, interval.count)


def _graduated(tiers: tuple[Tier, ...], units: Fraction, lot: Fraction) -> Fraction:
    """Each unit in its own tier; what lies beyond the last tier costs what its units cost."""
    parts = _by_tier(tiers, units)
    return sum(
        (tier.flat_amount + _lots(within, lot) * tier.unit_amount for within, tier in parts),
        NOTHING,
    )


def _lots(units: Fraction, lot: Fraction) -> Fraction:
    """Units themselves, or the lots of them that were begun."""
    return units if lot == 1 else Fraction(ceil(units / lot))


def _by_tier(tiers: tuple[Tier, ...], units: Fraction) -> Iterator[tuple[Fraction, Tier]]:
    below = NOTHING
    for place, tier in enumerate(tiers):
        last = tier.up_to is None or place == len(tiers) - 1
        within = units - below if last else min(units, tier.up_to or NOTHING) - below
        if within <= 0:
            break
        yield within, tier
        below += within


def _volume(tiers: tuple[Tier, ...], units: Fraction, lot: Fraction) -> Fraction:
    if units <= 0:
        return NOTHING
    tier = _reached(tiers, units)
    return tier.flat_amount + _lots(units, lot) * tier.unit_amount


def _reached(tiers: tuple[Tier, ...], units: Fraction) -> Tier:
    within = (tier for tier in tiers if tier.up_to is None or units <= tier.up_to)
    return next(within, tiers[-1])
