"""Reads of the catalog that others use."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import cast

from django.db.models import QuerySet, prefetch_related_objects

from waya.catalog.models import Plan, PlanVersion, PriceChange, TaxRate
from waya.catalog.rules.add_ons import goes_by
from waya.catalog.rules.bundles import Part
from waya.catalog.rules.plans import Interval, PlanTerms, Unit
from waya.catalog.rules.rates import in_force, jurisdictions
from waya.catalog.rules.versions import is_plain, read
from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.kernel.money import Money


@dataclass(frozen=True, slots=True)
class Priced:
    """What a plan costs for a whole period, from when on, and the version that says so."""

    amount: Money
    tax_inclusive: bool
    valid_from: date
    version_id: int
    number: int


@dataclass(frozen=True, slots=True)
class Version:
    """A version as it is billed. `plain` says that it has but one flat price."""

    id: int
    plan_id: int
    number: int
    valid_from: date
    price: Money
    tax_inclusive: bool
    terms: PlanTerms
    plain: bool


def plans_on_sale(entity_id: int) -> QuerySet[Plan]:
    """The plans that a new customer may choose, cheapest speed first; add-ons are not."""
    rows = Plan.objects.filter(entity_id=entity_id, on_sale=True, add_on=False)
    return rows.order_by("down_kbps", "pk")


def add_ons_for(plan: Plan) -> list[Plan]:
    """The add-ons that are sold on top of a plan, by name."""
    rows = Plan.objects.filter(entity_id=plan.entity_id, on_sale=True, add_on=True)
    return [one for one in rows.order_by("name", "pk") if goes_with(one, plan)]


def parts_on(plan: Plan, day: date) -> list[Part]:
    """The plans that a bundle holds, as they are sold alone on a day, its line first; none for
    what is no bundle. Refuses `no_price`."""
    return sold_alone(held(plan), day)


def sold_alone(parts: Sequence[Plan], day: date) -> list[Part]:
    """Plans as they are sold alone on a day, in order. Refuses `no_price`."""
    known = versions(parts)
    sold = [known[price_on(one.pk, day).version_id] for one in parts]
    return [
        Part(version.terms, one.tax_class, version.tax_inclusive)
        for one, version in zip(parts, sold, strict=True)
    ]


def held(plan: Plan) -> list[Plan]:
    """The plans that a bundle holds, its line first; none for what is no bundle. Asked once of
    each plan that was read."""
    prefetch_related_objects([plan], "parts__part")
    return [one.part for one in sorted(plan.parts.all(), key=lambda one: one.place)]


def goes_with(add_on: Plan, plan: Plan) -> bool:
    """Whether a plan is an add-on that goes on top of another: made for it (or for the line of
    a bundle that does not hold it), billed by its cycles, and not metered where nothing is
    billed after a period."""
    if not add_on.add_on or plan.add_on or add_on.entity_id != plan.entity_id:
        return False
    parts = held(plan)
    made_for = {plan.code, *(one.code for one in parts[:1])}
    return (
        add_on not in parts
        and (not add_on.add_on_to or bool(made_for & set(add_on.add_on_to)))
        and goes_by(interval_of(add_on), interval_of(plan))
        and (add_on.mode == Plan.PREPAID or plan.mode == Plan.POSTPAID)
    )


def interval_of(plan: Plan) -> Interval:
    """How long a period of a plan is."""
    return Interval(cast(Unit, plan.unit), plan.count)


def versions(plans: Iterable[Plan]) -> dict[int, Version]:
    """Every version of some plans, by its key."""
    known = {plan.pk: plan for plan in plans}
    found: dict[int, Version] = {}
    for row in PlanVersion.objects.filter(plan_id__in=known):
        plan = known[row.plan_id]
        terms = read(row.terms, code=plan.code, name=plan.name, interval=interval_of(plan))
        found[row.pk] = Version(
            row.pk, plan.pk, row.number, row.valid_from, Money(row.amount_minor, row.currency),
            row.tax_inclusive, terms, is_plain(terms),
        )  # fmt: skip
    return found


def price_changes(plan_ids: Iterable[int]) -> list[tuple[date, int]]:
    """The price changes of some plans, newest first: the day, and the version moved to."""
    rows = PriceChange.objects.filter(version__plan_id__in=set(plan_ids)).order_by("-on", "-pk")
    return list(rows.values_list("on", "version_id"))


def prices(plan_ids: Iterable[int]) -> dict[int, list[Priced]]:
    """What each plan costs new customers, by every version of it, newest first."""
    found: dict[int, list[Priced]] = {}
    rows = PlanVersion.objects.filter(plan_id__in=set(plan_ids)).order_by("-valid_from")
    for row in rows.defer("terms"):
        found.setdefault(row.plan_id, []).append(
            Priced(Money(row.amount_minor, row.currency), row.tax_inclusive, row.valid_from,
                   row.pk, row.number)
        )  # fmt: skip
    return found


def price_on(plan_id: int, day: date) -> Priced:
    """The price of a plan on a day; refuses `no_price` before its first."""
    return on_day(prices([plan_id]).get(plan_id, []), day)


def version_today(plan: Plan) -> int:
    """The version of a plan that a new customer has; refuses `no_price` before its first."""
    return price_on(plan.pk, clock.today(plan.entity.zone)).version_id


def on_day(known: list[Priced], day: date) -> Priced:
    """The one of a plan's prices (newest first) that holds on a day; refuses `no_price`."""
    for price in known:
        if price.valid_from <= day:
            return price
    raise Refused("no_price", on=day.isoformat())


def tax_rates(
    place: str, tax_class: str, day: date, *, customer_class: str = "", known_on: date | None = None
) -> list[TaxRate]:
    """The taxes on a class of supply at a place on a tax point, in the order in which they stack.

    `place` is a jurisdiction such as `KE` or `US-ZZ-Lake`, which lies in `US-ZZ` and `US`.
    """
    return in_force(
        rates_recorded(place, [tax_class]),
        place=place, tax_class=tax_class, day=day, customer_class=customer_class,
        known_on=known_on,
    )  # fmt: skip


def rates_recorded(place: str, tax_classes: Iterable[str]) -> list[TaxRate]:
    """Every rate ever recorded for some classes of supply at a place, whatever its dates."""
    return list(
        TaxRate.objects.filter(
            jurisdiction__in=jurisdictions(place), tax_class__in=set(tax_classes)
        )
    )


def tax_classes(place: str) -> set[str]:
    """The classes of supply that any rate at a place is for; none where no pack is known."""
    rows = TaxRate.objects.filter(jurisdiction__in=jurisdictions(place))
    return set(rows.values_list("tax_class", flat=True))


def tax_kinds(place: str) -> set[tuple[str, str, str]]:
    """Every tax that is known at a place, with its kind and a class of supply that it is on."""
    rows = TaxRate.objects.filter(jurisdiction__in=jurisdictions(place))
    return set(rows.values_list("tax", "kind", "tax_class"))
