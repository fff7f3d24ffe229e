"""Reads of the catalog that others use."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Q, QuerySet

from waya.catalog.models import Plan, Price, TaxRate
from waya.kernel.errors import Refused
from waya.kernel.money import Money


@dataclass(frozen=True, slots=True)
class Priced:
    """What a plan costs for a whole period, and from when that price holds."""

    amount: Money
    tax_inclusive: bool
    valid_from: date


def plans_on_sale(entity_id: int) -> QuerySet[Plan]:
    """The plans that a new customer may choose, cheapest speed first."""
    return Plan.objects.filter(entity_id=entity_id, on_sale=True).order_by("down_kbps", "pk")


def prices(plan_ids: Iterable[int]) -> dict[int, list[Priced]]:
    """Every price of each plan, newest first."""
    found: dict[int, list[Priced]] = {}
    for row in Price.objects.filter(plan_id__in=set(plan_ids)).order_by("-valid_from"):
        found.setdefault(row.plan_id, []).append(
            Priced(Money(row.amount_minor, row.currency), row.tax_inclusive, row.valid_from)
        )
    return found


def price_on(plan_id: int, day: date) -> Priced:
    """The price of a plan on a day; refuses `no_price` before its first."""
    return on_day(prices([plan_id]).get(plan_id, []), day)


def on_day(known: list[Priced], day: date) -> Priced:
    """The one of a plan's prices (newest first) that holds on a day; refuses `no_price`."""
    for price in known:
        if price.valid_from <= day:
            return price
    raise Refused("no_price", on=day.isoformat())


def tax_rates(country: str, tax_class: str, day: date) -> list[TaxRate]:
    """The taxes on a class of supply on a day, in the order in which they stack."""
    return list(
        TaxRate.objects.filter(country=country, tax_class=tax_class, valid_from__lte=day)
        .filter(Q(end=None) | Q(end__gt=day))
        .order_by("sequence")
    )
