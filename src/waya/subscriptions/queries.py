"""Reads of subscriptions that others use."""

from __future__ import annotations

from django.db.models import Count, Q

from waya.kernel.errors import Refused
from waya.network.models import Router
from waya.subscriptions.models import Subscription

RUNNING = (Subscription.ACTIVE, Subscription.SUSPENDED)


def router_for(entity_id: int) -> Router:
    """The router with the fewest subscriptions: where a new one goes until a person or a
    map says otherwise. Refuses `no_router`."""
    router = (
        Router.objects.filter(entity_id=entity_id)
        .annotate(load=Count("access", filter=Q(access__ended=False)))
        .order_by("load", "pk")
        .first()
    )
    if router is None:
        raise Refused("no_router")
    return router
