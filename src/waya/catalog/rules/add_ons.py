"""What goes on top of what: an add-on's price by the cycles of the plan that it is had with."""

from __future__ import annotations

from dataclasses import replace

from waya.catalog.rules.plans import Charge, Interval, PlanTerms

_TIMES = ("flat", "one_off", "deposit")


def goes_by(add_on: Interval, plan: Interval) -> bool:
    """Whether an add-on can be billed by the cycles of a plan: cycles of the same length, a
    monthly price by cycles of several months, a daily price by any; by hours, none."""
    if plan.unit == "hour":
        return False
    monthly = add_on == Interval("month") and plan.unit == "month"
    return add_on in (plan, Interval("day")) or monthly


def fitted(terms: PlanTerms, plan: Interval, quantity: int) -> PlanTerms:
    """An add-on's terms by the cycles of a plan, for so many of it.

    Each costs the same: what a plan charges once whatever its quantity, an add-on charges for
    each. The caller has asked `goes_by`.
    """
    charges = tuple(_times(one, quantity) for one in terms.charges)
    phases = tuple(
        replace(one, charges=tuple(_times(each, quantity) for each in one.charges))
        if one.charges
        else one
        for one in terms.phases
    )
    per = terms.price_per
    if terms.interval != plan and per == "cycle":
        per = "day" if terms.interval.unit == "day" else "month"
    return replace(terms, interval=plan, price_per=per, charges=charges, phases=phases)


def _times(charge: Charge, quantity: int) -> Charge:
    if charge.kind not in _TIMES:
        return charge
    return replace(charge, amount=charge.amount * quantity)
