"""Reads of subscriptions that others use."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Count, Q

from waya.catalog.models import Plan
from waya.kernel.errors import Refused
from waya.network.models import Router
from waya.network.rules.access import WALLED, plan_profile
from waya.network.rules.wishes import Wish
from waya.org.audit import Happened
from waya.org.rows.reading import read_joined
from waya.subscriptions.models import Subscription
from waya.subscriptions.rules.life import OFF

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


def locked(keys: Iterable[int]) -> list[Subscription]:
    """Subscriptions with their plans, locked in order."""
    rows = []
    for row, plan in read_joined(_LOCKED, [list(keys)], s=Subscription, p=Plan):
        row.plan = plan
        rows.append(row)
    return rows


_LOCKED = """
select {s}, {p} from subscriptions_subscription s join catalog_plan p on p.id = s.plan_id
where s.id = any(%s) order by s.id for no key update of s
"""


def wish(row: Subscription, cause: int | None) -> Wish:
    """What the router is to hold for a subscription as it stands."""
    walled = row.state == Subscription.SUSPENDED
    ended = row.state == Subscription.ENDED
    paused = row.state == Subscription.PAUSED
    down = row.plan.down_kbps + row.extra_down_kbps
    up = row.plan.up_kbps + row.extra_up_kbps
    profile = WALLED if walled else plan_profile(down, up)
    return Wish(
        router_id=row.router_id,
        name=row.username,
        profile=profile,
        enabled=not (ended or paused) and row.standing != OFF,
        restricted=walled or ended or paused,
        owner=row.public_id,
        customer_id=row.customer_id,
        cause_id=cause,
        ended=ended,
    )


def happened(
    what: str, row: Subscription, why: dict[str, object], cause: int | None = None
) -> Happened:
    """What happened to a subscription, for its customer's timeline."""
    return Happened(
        f"subscription.{what}",
        ("subscription", row.pk),
        customer_id=row.customer_id,
        site_id=row.site_id,
        router_id=row.router_id,
        cause=cause,
        why={"username": row.username, **why},
    )
