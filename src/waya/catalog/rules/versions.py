"""What a version of a plan says: checked before it is sold, and kept as JSON with exact amounts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from waya.catalog.rules.plans import NOTHING, Charge, Interval, Phase, PlanTerms, Tier
from waya.catalog.rules.prices import cost
from waya.kernel.errors import Refused
from waya.kernel.money import rounded

# The code of the one charge of a plan that has but a price.
FEE = "fee"
ONE = Fraction(1)
MOST_CHARGES = 20


def flat(amount_minor: int) -> tuple[Charge, ...]:
    """The charges of a plan that has but a price."""
    return (Charge(FEE, amount=Fraction(amount_minor)),)


def price_of(terms: PlanTerms) -> int:
    """What the recurring charges of one unit come to, each cycle (or month or day, as the plan
    says), in minor units: what a list of plans shows."""
    return rounded(sum((cost(one, ONE) for one in terms.charges if one.recurring), NOTHING))


def is_plain(terms: PlanTerms) -> bool:
    """Whether there is nothing to it but one flat price for whole months: the common line."""
    (first, *more) = terms.charges
    return (
        not more
        and terms.phases == (Phase(),)
        and not terms.minimum
        and (terms.interval.unit, terms.price_per) == ("month", "cycle")
        and (first.kind, first.timing, first.amount.denominator) == ("flat", None, 1)
    )


def is_metered(terms: PlanTerms) -> bool:
    """Whether some of it can only be billed once a period is over."""
    known = (terms.charges, *(one.charges for one in terms.phases if one.charges))
    late = any(one.metric or one.timing == "arrears" for charges in known for one in charges)
    return late or bool(terms.minimum)


def charges_early(terms: PlanTerms) -> bool:
    """Whether some of it is charged before a period though the plan may be paid after it."""
    known = (terms.charges, *(one.charges for one in terms.phases if one.charges))
    return any(
        one.timing == "advance" or one.kind in ("one_off", "deposit")
        for each in known
        for one in each
    )


def opens_with_a_price(terms: PlanTerms) -> bool:
    """Whether each period of it, but for those of a trial, is charged for before it begins: what
    is paid before is had for that. A price of nothing is one."""
    known = [terms.charges] + [
        one.charges for one in terms.phases if one.charges and one.kind != "trial"
    ]
    return all(any(one.recurring and one.timing != "arrears" for one in each) for each in known)


def checked(terms: PlanTerms) -> PlanTerms:
    """Terms that can be billed.

    Refuses `charges_missing` (none, or too many), `charge_twice`, `price_negative`,
    `tiers_wrong`, `metric_wrong` and `phases_wrong`.
    """
    for charges in (terms.charges, *(one.charges for one in terms.phases if one.charges)):
        _check(charges)
    lengths = [phase.length for phase in terms.phases]
    endless = any(length is None for length in lengths[:-1])
    free = any(one.kind == "trial" and one.length is None for one in terms.phases)
    timed = any(one is not None and one.unit == "hour" for one in lengths)  # a phase has days
    wrong = endless or free or timed or not terms.phases
    if wrong or terms.phases[-1].kind in ("trial", "discount"):
        raise Refused("phases_wrong")
    if terms.minimum < 0 or any(not 0 <= one.percent_off <= 1 for one in terms.phases):
        raise Refused("price_negative")
    return terms


def _check(charges: Sequence[Charge]) -> None:
    if not 0 < len(charges) <= MOST_CHARGES:
        raise Refused("charges_missing", most=MOST_CHARGES)
    code, many = Counter(one.code for one in charges).most_common(1)[0]
    if many > 1:
        raise Refused("charge_twice", charge=code)
    for one in charges:
        tops = [tier.up_to for tier in one.tiers]
        bounds = [top for top in tops[:-1] if top is not None]
        rising = len(bounds) == len(tops[:-1]) and bounds == sorted(set(bounds))
        if (one.kind in ("graduated", "volume")) != bool(one.tiers) or not rising:
            raise Refused("tiers_wrong", charge=one.code)
        if one.metric and one.kind in ("flat", "one_off", "deposit"):
            raise Refused("metric_wrong", charge=one.code)
        sums = [one.amount, one.included, *(tier.unit_amount for tier in one.tiers)]
        if min(sums) < 0 or one.lot <= 0:
            raise Refused("price_negative")


def written(terms: PlanTerms) -> dict[str, Any]:
    """Terms as JSON keeps them; fractions are texts such as `2500` or `1/3`."""
    return {
        "charges": [_charge(one) for one in terms.charges],
        "phases": [
            {
                "kind": one.kind,
                "length": [one.length.unit, one.length.count] if one.length else None,
                "percent_off": str(one.percent_off),
                "charges": None if one.charges is None else [_charge(each) for each in one.charges],
            }
            for one in terms.phases
        ],
        "price_per": terms.price_per,
        "minimum": str(terms.minimum),
    }


def _charge(one: Charge) -> dict[str, Any]:
    return {
        "code": one.code,
        "kind": one.kind,
        "amount": str(one.amount),
        "tiers": [
            [None if each.up_to is None else str(each.up_to), str(each.unit_amount),
             str(each.flat_amount)]
            for each in one.tiers
        ],
        "lot": str(one.lot),
        "included": str(one.included),
        "metric": one.metric,
        "timing": one.timing,
        **({"name": one.name} if one.name else {}),
        **({"tax_class": one.tax_class} if one.tax_class else {}),
    }  # fmt: skip


def read(told: Mapping[str, Any], *, code: str, name: str, interval: Interval) -> PlanTerms:
    """The terms that were written."""
    return PlanTerms(
        code,
        interval,
        tuple(_charge_of(one) for one in told["charges"]),
        tuple(
            Phase(
                one["kind"],
                Interval(*one["length"]) if one["length"] else None,
                None if one["charges"] is None else tuple(map(_charge_of, one["charges"])),
                Fraction(one["percent_off"]),
            )
            for one in told["phases"]
        ),
        told["price_per"],
        Fraction(told["minimum"]),
        name,
    )


def _charge_of(told: Mapping[str, Any]) -> Charge:
    return Charge(
        told["code"],
        told["kind"],
        Fraction(told["amount"]),
        tuple(
            Tier(None if up_to is None else Fraction(up_to), Fraction(unit), Fraction(fixed))
            for up_to, unit, fixed in told["tiers"]
        ),
        Fraction(told["lot"]),
        Fraction(told["included"]),
        told["metric"],
        told["timing"],
        told.get("name", ""),
        told.get("tax_class", ""),
    )
