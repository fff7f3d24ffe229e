"""A plan in words: what it charges, for how long, and how often."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from waya.catalog.models import Plan
from waya.catalog.rules.plans import Charge, Interval, Phase, PlanTerms, Tier
from waya.catalog.rules.versions import FEE
from waya.console.sheets.fields import written
from waya.console.words import many

_EVERY = {("month", 3): "quarter", ("month", 12): "year"}
_TIMING = {"advance": ", before the period", "arrears": ", after the period", None: ""}


def every(of: Plan | Interval) -> str:
    """How long a period is: `month`, `quarter`, `2 weeks`."""
    known = _EVERY.get((of.unit, of.count))
    return known or (of.unit if of.count == 1 else f"{of.count} {of.unit}s")


def paid(plan: Plan) -> str:
    """When a plan is paid."""
    return "paid before" if plan.mode == Plan.PREPAID else "invoiced after"


def charged(terms: PlanTerms, currency: str) -> Iterator[str]:
    """Each thing that a version says, as a line to read."""
    per = {"cycle": "a period", "month": "a month", "day": "a day"}[terms.price_per]
    for one in terms.charges:
        yield _charge(one, currency, per)
    if terms.minimum:
        yield f"{_sum(terms.minimum, currency)} a period at least"
    if terms.phases != (Phase(),):
        yield from (_phase(one, currency, per) for one in terms.phases)


def _charge(one: Charge, currency: str, per: str) -> str:
    unit = f"{one.metric} used" if one.metric else "unit"
    when = " after the period" if one.metric else _TIMING[one.timing]
    free = f", {written(one.included)} included" if one.included else ""
    match one.kind:
        case "flat":
            return f"{one.code}: {_sum(one.amount, currency)} {per}{when}"
        case "one_off":
            return f"{one.code}: {_sum(one.amount, currency)} once, at the beginning"
        case "deposit":
            return f"{one.code}: {_sum(one.amount, currency)} deposit, given back at the end"
        case "package":
            lot = written(one.lot) or str(one.lot)
            return f"{one.code}: {_sum(one.amount, currency)} for {lot} {unit}{free}{when}"
        case "per_unit":
            return f"{one.code}: {_sum(one.amount, currency)} a {unit}{free}{when}"
        case _:
            how = "each in its tier" if one.kind == "graduated" else "all at the tier reached"
            tiers = "; ".join(_tier(each, currency) for each in one.tiers)
            return f"{one.code}: {tiers}; {how}, by {unit}{free}{when}"


def _tier(one: Tier, currency: str) -> str:
    upto = "beyond" if one.up_to is None else f"to {written(one.up_to) or one.up_to}"
    once = f" and {_sum(one.flat_amount, currency)} once" if one.flat_amount else ""
    return f"{upto} {_sum(one.unit_amount, currency)}{once}"


def _phase(one: Phase, currency: str, per: str) -> str:
    long = "then for ever" if one.length is None else f"for {_length(one.length)}"
    own = [_charge(each, currency, per) for each in one.charges or ()]
    if one.kind == "trial" and not own:
        return f"Free {long}"
    kinds = {"trial": "Tried", "discount": "First", "fixed_term": "A term",
             "evergreen": "At its price"}  # fmt: skip
    if len(own) == 1:
        own = [own[0].removeprefix(f"{FEE}: ")]
    cheaper = f" {written(one.percent_off * 100) or one.percent_off} % cheaper"
    said = f"{kinds[one.kind]}{cheaper if one.percent_off else ''} {long}"
    return f"{said}, at {'; '.join(own)}" if own else said


def _length(length: Interval) -> str:
    return many(length.count, length.unit)


def _sum(exact: Fraction, currency: str) -> str:
    return f"{currency} {written(exact, currency) or exact}"
