"""A customer's login to the network: shown to who may see it, and ended."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.db import connection, transaction

from waya.kernel.errors import Refused
from waya.network import queries
from waya.network.commands.wishes import want_many
from waya.network.models import DesiredAccess
from waya.network.rules.access import Profile
from waya.network.rules.wishes import Wish
from waya.org.actors import Actor
from waya.org.audit import Happened, record_many


@transaction.atomic
def reveal_password(*, name: str, by: Actor) -> str:
    """Show the password of a name, and record that it was shown.

    Refuses `unknown_access` for a name that the actor's entity does not have.
    """
    by = by.must("access.reveal")
    rows = DesiredAccess.objects.filter(name=name)
    if by.entity_id is not None:
        rows = rows.filter(router__entity_id=by.entity_id)
    row = rows.order_by("ended", "-pk").first()
    if row is None:
        raise Refused("unknown_access", name=name)
    why = {"name": name}
    record_many(by, [Happened("access.revealed", ("access", row.pk), customer_id=row.customer_id,
                              router_id=row.router_id, why=why)])  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("select password from radius_private.access_secret where name = %s", [name])
        (password,) = cursor.fetchone() or ("",)
    return str(password)


@transaction.atomic
def end(*, owners: Collection[UUID], cause_id: int | None, by: Actor) -> None:
    """End whatever these owners have on any router. Safe twice.

    Names stay wanted, disabled, until their sessions are gone; the next sweep removes them.
    """
    by = by.must("network.want")
    rows = DesiredAccess.objects.filter(owner__in=list(owners), ended=False)
    wishes = []
    known: dict[int, dict[str, Profile]] = {}
    for row in rows.select_related("router"):
        entity_id = row.router.entity_id
        if entity_id not in known:
            known[entity_id] = queries.profiles(entity_id)
        wishes.append(_ending(row, known[entity_id][row.profile], cause_id))
    want_many(wishes=wishes, by=by)


def _ending(row: DesiredAccess, profile: Profile, cause_id: int | None) -> Wish:
    return Wish(
        router_id=row.router_id,
        name=row.name,
        profile=profile,
        enabled=False,
        restricted=True,
        owner=row.owner,
        customer_id=row.customer_id,
        cause_id=cause_id,
        ended=True,
    )
