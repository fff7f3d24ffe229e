"""Who is online: a light look at each router every few seconds, written down as it changes."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from waya.kernel import clock
from waya.network import queries
from waya.network.commands.contact import answered, stumble
from waya.network.drivers import Driver, lines
from waya.network.drivers.errors import RouterError
from waya.network.models import Router, Session
from waya.network.policy import NetworkPolicy
from waya.network.rules import access
from waya.network.rules.sessions import Open, movement
from waya.org.actors import Actor
from waya.org.policy import chosen

_POLL_SECONDS = 10


def poll(*, router_id: int, by: Actor) -> None:
    """Look at a router's live sessions, if it is time; of two at once, one looks.

    A router that is back after trouble is owed the rest at once.
    """
    by = by.must("network.reconcile")
    router = Router.objects.get(pk=router_id)
    if not _claim(router):
        return

    async def look(driver: Driver) -> Sequence[access.Session]:
        return await driver.online()

    looked_at = clock.real_now()
    try:
        seen = lines.LINES.call(queries.address(router), look, within_seconds=_POLL_SECONDS)
    except RouterError as error:
        stumble(router=router, error=error, by=by)
        return
    record_sessions(router_id=router_id, seen=seen, at=looked_at, by=by)
    answered(router=router, by=by)


@transaction.atomic
def record_sessions(
    *, router_id: int, seen: Sequence[access.Session], at: datetime, by: Actor
) -> None:
    """Write down which sessions began and which ended, as of a look at `at`.

    Only what changed is written; an open session counts as seen whenever its router was
    polled. An older look than the last one is ignored.
    """
    by.must("network.reconcile")
    router = Router.objects.select_for_update(no_key=True, of=("self",)).get(pk=router_id)
    if router.polled_at is not None and router.polled_at >= at:
        return
    rows = Session.objects.filter(router_id=router_id, ended_at=None)
    before = [Open(*row) for row in rows.values_list("pk", "key", "name", "began_at")]
    moved = movement(before, seen)
    Session.objects.filter(pk__in=[one.id for one in moved.gone]).update(
        ended_at=at, seen_at=router.polled_at or at
    )
    Session.objects.bulk_create(
        [
            Session(
                router_id=router_id,
                key=session.id,
                name=session.name,
                address=_address(session.address),
                caller_id=session.caller_id,
                began_at=session.began,
                seen_at=at,
            )
            for session in moved.begun
        ],
        batch_size=2000,
    )
    Router.objects.filter(pk=router_id).update(polled_at=at)


def _claim(router: Router) -> bool:
    now = clock.real_now()
    policy = chosen(NetworkPolicy, router.entity_id)
    due = Q(next_poll_at=None) | Q(next_poll_at__lte=now)
    may = Q(next_try_at=None) | Q(next_try_at__lte=now)
    later = now + timedelta(seconds=policy.poll_every_seconds)
    return bool(Router.objects.filter(due, may, pk=router.pk).update(next_poll_at=later))


def _address(text: str) -> str | None:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None
