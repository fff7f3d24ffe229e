"""Write down what routers should hold; the network converges on it afterwards."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction

from waya.kernel import clock
from waya.network.commands.routers import ensure_profiles
from waya.network.models import DesiredAccess
from waya.network.rules.trouble import Trouble
from waya.network.rules.wishes import Held, Wish, changes, enabled
from waya.org import jobs
from waya.org.actors import Actor
from waya.org.audit import Happened, record_many
from waya.org.rows.adding import put_rows
from waya.org.rows.asking import ask
from waya.org.rows.reading import read

# Nothing that reads like something else: a technician types it into a modem.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_PASSWORD_LENGTH = 12
_SOON = timedelta(seconds=5)

_LOCK = """
select id, entity_id, wanted from network_router where id = any(%s) order by id for no key update
"""
_HELD = """
select {rows} from network_desiredaccess where router_id = any(%s) and name = any(%s)
"""
_WISHED = (
    "profile", "enabled", "ended", "restricted", "owner", "customer_id", "cause_id",
    "since", "number", "confirmed_at",
)  # fmt: skip
# Null stays null: a router that nothing is wrong with is not told to wait.
_MORE_WANTED = """
update network_router set wanted = wanted + 1, next_try_at = case
    when next_try_at > %s and trouble <> %s then %s else next_try_at end
where id = any(%s)
"""


@transaction.atomic(savepoint=False)
def want_many(*, wishes: Sequence[Wish], by: Actor) -> None:
    """Put wishes in the place of what was wanted before, and ask for their routers' work.

    Set-wise. A wish that changes nothing is ignored, so that asking twice drops nobody's
    session. A new name gets a random password. A router that is being left alone after
    failures is tried soon again, unless its password is wrong.
    """
    by = by.must("network.want")
    routers = _locked({wish.router_id for wish in wishes})
    before = _before(routers, {wish.name for wish in wishes})
    held = {key: Held(r.profile, r.enabled, r.restricted, r.ended, r.owner)
            for key, r in before.items()}  # fmt: skip
    fresh = changes(wishes, held)
    if not fresh:
        return
    now = clock.real_now()
    for entity_id in sorted({router.entity_id for router in routers.values()}):
        chosen = {w.profile for w in fresh if routers[w.router_id].entity_id == entity_id}
        ensure_profiles(entity_id=entity_id, profiles=chosen, by=by)
    _make_passwords([wish.name for wish in fresh if (wish.router_id, wish.name) not in held])
    _write(fresh, routers, now)
    _forget_refusals([before[key] for w in fresh if (key := (w.router_id, w.name)) in before])
    changed = sorted({wish.router_id for wish in fresh})
    with connection.cursor() as cursor:
        soon = now + _SOON
        cursor.execute(_MORE_WANTED, [soon, Trouble.WRONG_PASSWORD, soon, changed])
    record_many(by, [_happened(wish) for wish in fresh])
    jobs.nudge_many("network.reconcile", {
        f"router:{router_id}": {"router_id": router_id} for router_id in changed
    })  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Router:
    """A locked router: whose it is, and how much was wanted of it so far."""

    id: int
    entity_id: int
    wanted: int


def _locked(router_ids: Iterable[int]) -> Mapping[int, _Router]:
    return {row[0]: _Router(*row) for row in ask(_LOCK, [list(router_ids)])}


def _before(routers: Iterable[int], names: Iterable[str]) -> dict[tuple[int, str], DesiredAccess]:
    rows = read(DesiredAccess, _HELD, [list(routers), list(names)])
    return {(row.router_id, row.name): row for row in rows}


def _make_passwords(names: Sequence[str]) -> None:
    if not names:
        return
    passwords = ["".join(secrets.choice(_LETTERS) for _ in range(_PASSWORD_LENGTH)) for _ in names]
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into radius_private.access_secret (name, password)"
            " select * from unnest(%s::text[], %s::text[]) on conflict do nothing",
            [list(names), passwords],
        )


def _write(wishes: Sequence[Wish], routers: Mapping[int, _Router], since: datetime) -> None:
    rows = [
        DesiredAccess(
            router_id=wish.router_id,
            name=wish.name,
            profile=wish.profile.name,
            enabled=enabled(wish),
            ended=wish.ended,
            restricted=wish.restricted,
            owner=wish.owner,
            customer_id=wish.customer_id,
            cause_id=wish.cause_id,
            since=since,
            number=routers[wish.router_id].wanted + 1,
        )
        for wish in wishes
    ]
    put_rows(rows, keys=["router", "name"], fields=_WISHED)


def _forget_refusals(rows: Iterable[DesiredAccess]) -> None:
    """What the router said to the last wish says nothing about this one. That a name is
    somebody else's stays so."""
    refused = [row.pk for row in rows if row.refusal]
    if refused:
        DesiredAccess.objects.filter(pk__in=refused).update(refusal="", conflict_since=None)


def _happened(wish: Wish) -> Happened:
    return Happened(
        "access.wanted",
        ("access", None),
        customer_id=wish.customer_id,
        router_id=wish.router_id,
        cause=wish.cause_id,
        why={"name": wish.name, "profile": wish.profile.name, "enabled": enabled(wish)},
    )
