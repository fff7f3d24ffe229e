"""Routers themselves: added, changed, their profiles, and the rules of the walled garden."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from django.db import transaction

from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.network import queries
from waya.network.commands.contact import answered, stumble
from waya.network.drivers import Driver, lines
from waya.network.drivers.errors import RouterError
from waya.network.models import Profile, Router
from waya.network.rules import access
from waya.org.actors import Actor
from waya.org.audit import Happened, record_many

_PREPARE_SECONDS = 60


@transaction.atomic
def add_router(
    *, entity_id: int, name: str, place: str, host: str, port: int, username: str, password: str,
    portal_host: str, portal_port: int, by: Actor, pool: str = "", local_address: str = "",
) -> Router:  # fmt: skip
    """Add a router, or give the one of that name. The next round looks at it and prepares it.

    `portal_host` is the address that its walled customers are led to; a router redirects to
    an IP address and to nothing else. Refuses `portal_address` for a name.
    """
    by = by.must("network.change")
    _refuse_names(portal_host)
    router, fresh = Router.objects.get_or_create(
        entity_id=entity_id,
        name=name,
        defaults={
            "place": place, "host": host, "port": port, "username": username,
            "password": password, "portal_host": portal_host, "portal_port": portal_port,
            "pool": pool, "local_address": local_address,
        },
    )  # fmt: skip
    if fresh:
        why = {"name": name, "host": host, "port": port}
        record_many(
            by, [Happened("router.added", ("router", router.pk), router_id=router.pk, why=why)]
        )
    return router


@transaction.atomic
def change_login(
    *, router_id: int, host: str, port: int, username: str, password: str, by: Actor
) -> None:
    """Say where a router is and how to log in; it is tried at once."""
    by = by.must("network.change")
    now = clock.real_now()
    Router.objects.filter(pk=router_id).update(
        host=host, port=port, username=username, password=password,
        failures=0, next_try_at=None, next_poll_at=now,
    )  # fmt: skip
    why = {"host": host, "port": port, "username": username}
    record_many(by, [Happened("router.changed", ("router", router_id), router_id=router_id,
                              why=why)])  # fmt: skip


def ensure_profiles(*, entity_id: int, profiles: Iterable[access.Profile], by: Actor) -> None:
    """Have these profiles, as they are here; routers get them with the first who needs one."""
    by.must("network.want")
    held = queries.profiles(entity_id)
    changed = [one for one in profiles if held.get(one.name) != one]
    if not changed:
        return
    rows = [
        Profile(
            entity_id=entity_id,
            name=one.name,
            rate_limit=one.rate_limit,
            address_list=one.address_list,
            session_timeout_seconds=one.session_timeout_seconds or None,
        )
        for one in changed
    ]
    Profile.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["entity", "name"],
        update_fields=["rate_limit", "address_list", "session_timeout_seconds"],
    )


def prepare(*, router_id: int, by: Actor) -> None:
    """Install the walled garden's rules on a router, or correct them. Safe twice.

    A router that cannot be reached is tried again by the next sweep, which prepares too.
    """
    by = by.must("network.change")
    router = Router.objects.get(pk=router_id)
    garden = queries.garden(router)
    if garden is None:
        return

    async def install(driver: Driver) -> None:
        await driver.prepare(garden)

    try:
        lines.LINES.call_apart(queries.address(router), install, within_seconds=_PREPARE_SECONDS)
    except RouterError as error:
        stumble(router=router, error=error, by=by)
        return
    answered(router=router, by=by)
    Router.objects.filter(pk=router_id).update(prepared_at=clock.real_now())


def _refuse_names(portal_host: str) -> None:
    if not portal_host:
        return
    try:
        ipaddress.ip_address(portal_host)
    except ValueError:
        raise Refused("portal_address", given=portal_host) from None
