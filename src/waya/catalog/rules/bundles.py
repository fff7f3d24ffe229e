"""A bundle: several plans at one price, which is shared out over them by what each costs alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from waya.catalog.rules.plans import Charge, Interval, Phase, PlanTerms
from waya.catalog.rules.versions import price_of
from waya.kernel.errors import Refused
from waya.kernel.money import Money, rounded

_MOST = 10


@dataclass(frozen=True, slots=True)
class Part:
    """A plan as a bundle holds it: its terms when it is had alone, and its class of supply."""

    terms: PlanTerms
    tax_class: str
    tax_inclusive: bool


def alone(parts: Sequence[Part]) -> int:
    """What the parts cost each cycle when each is had alone, in minor units."""
    return sum(price_of(one.terms) for one in parts)


def off(parts: Sequence[Part], percent: Fraction) -> int:
    """The price of a bundle that is so many percent cheaper than its parts, rounded once."""
    return rounded(alone(parts) * (1 - percent / 100))


def bundled(
    parts: Sequence[Part], price_minor: int, *, code: str, name: str, interval: Interval
) -> PlanTerms:
    """The terms of a bundle: one charge for each part, its share of the price by what it costs
    alone, so that the parts add up to the price to the cent. What parts charge once, or by use,
    stays as it is.

    Refuses `bundle_too_small` (or too large), `bundle_parts_differ` in their periods or in
    whether prices hold their taxes, `bundle_part_phased` for one with phases or a minimum, and
    `bundle_price_wrong` for a price below zero, or any where all parts are free.
    """
    if not 2 <= len(parts) <= _MOST:
        raise Refused("bundle_too_small", most=_MOST)
    kinds = {(one.terms.interval, one.terms.price_per, one.tax_inclusive) for one in parts}
    if kinds != {(interval, "cycle", parts[0].tax_inclusive)}:
        raise Refused("bundle_parts_differ")
    for one in parts:
        if one.terms.phases != (Phase(),) or one.terms.minimum:
            raise Refused("bundle_part_phased", plan=one.terms.name)
    weights = [price_of(one.terms) for one in parts]
    if price_minor < 0 or not any(weights):
        raise Refused("bundle_price_wrong")
    # ISO 4217's code for no currency: shares of whole minor units are the same in any.
    shares = Money(price_minor, "XXX").split(weights)
    charges = [
        charge
        for one, share in zip(parts, shares, strict=True)
        for charge in _charges(one, share.minor)
    ]
    return PlanTerms(code, interval, tuple(charges), name=name)


def _charges(part: Part, share_minor: int) -> list[Charge]:
    """A part's charges within a bundle, each with its name and its class of supply."""
    terms = part.terms
    recurring = Charge(
        terms.code, amount=Fraction(share_minor), name=terms.name, tax_class=part.tax_class
    )
    rest = [
        replace(one, code=f"{terms.code}/{one.code}", name=f"{terms.name}, {one.name or one.code}",
                tax_class=one.tax_class or part.tax_class)
        for one in terms.charges
        if not one.recurring
    ]  # fmt: skip
    return [recurring, *rest]
