"""Whose paid hours are over: found by an index that holds nobody else."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from waya.org.rows.among import among
from waya.subscriptions.models import Subscription


def entities_with_over(at: datetime) -> list[int]:
    """The entities with a subscription on the wire whose paid hours are over at a moment."""
    rows = Subscription.objects.filter(state=Subscription.ACTIVE, paid_until__lte=at)
    return list(rows.order_by("entity_id").values_list("entity_id", flat=True).distinct())


def customers_over(entity_id: int, at: datetime) -> list[int]:
    """The customers of an entity with such a subscription, in order."""
    rows = Subscription.objects.filter(
        state=Subscription.ACTIVE, paid_until__lte=at, entity_id=entity_id
    )
    return list(rows.order_by("customer_id").values_list("customer_id", flat=True).distinct())


def over(customer_ids: Collection[int], at: datetime) -> dict[int, datetime]:
    """Such subscriptions of some customers, and since when their hours are over."""
    rows = Subscription.objects.filter(
        state=Subscription.ACTIVE, paid_until__lte=at, customer_id__in=among(customer_ids)
    )
    found = rows.order_by("pk").values_list("pk", "paid_until")
    return {key: until for key, until in found if until is not None}
