"""What a subscription has on top of its plan, and what it could have: for screens and the API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from waya.catalog.models import Plan
from waya.catalog.queries import Priced, add_ons_for, held, on_day, prices
from waya.kernel.errors import Refused
from waya.kernel.money import Money
from waya.subscriptions.models import AddOn, Subscription


@dataclass(frozen=True, slots=True)
class Had:
    """Add-ons that are had, the parts of the bundle if it is one, and the add-ons that are sold
    on top of the plan on the day with their price each period."""

    had: list[AddOn]
    parts: list[Plan]
    offered: list[tuple[Plan, Money]]


def had_on(row: Subscription, on: date) -> Had:
    """What is had on top of a subscription's plan, and what else is offered on a day."""
    had = list(row.add_ons.exclude(state=AddOn.OVER).select_related("plan").order_by("pk"))
    mine = {one.plan_id for one in had}
    offered = [
        (one, price.amount) for one, price in sold_on_top(row.plan, on) if one.pk not in mine
    ]
    return Had(had, held(row.plan), offered)


def sold_on_top(plan: Plan, on: date) -> list[tuple[Plan, Priced]]:
    """The add-ons that are sold on top of a plan on a day, with their prices."""
    sold = add_ons_for(plan)
    known = prices(one.pk for one in sold)
    offered = []
    for one in sold:
        try:
            offered.append((one, on_day(known.get(one.pk, []), on)))
        except Refused:  # its first price is yet to come
            continue
    return offered
