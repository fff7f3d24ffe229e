"""Bring a router to what is wanted of it, and prove it by reading back."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from waya.kernel import clock
from waya.network import queries
from waya.network.commands.conflicts import note_conflicts
from waya.network.commands.contact import answered, stumble
from waya.network.drivers import Driver, Failed, lines
from waya.network.drivers.errors import NotOurs, RouterError
from waya.network.models import Router
from waya.network.queries import Owed
from waya.network.rules.access import (
    Conflict,
    Disconnect,
    Profile,
    Put,
    PutProfile,
    Step,
    Wanted,
    agreed,
    plan,
)
from waya.network.rules.trouble import Trouble
from waya.org.actors import Actor
from waya.org.audit import Happened, record_many
from waya.org.rows.asking import ask
from waya.org.rows.reading import read

ROUND = 100
"""So many names at a time: a restore that comes meanwhile waits for no more than one round."""

TALK_SECONDS = 15
LEASE_SECONDS = 20
"""Longer than a round can take, short enough that a killed worker's router is soon another's."""

_LOOK_SOON = timedelta(seconds=3)

_TAKE = """
update network_router set leased_until = %(until)s, leased_by = %(lease)s
where id = %(router_id)s and wanted > confirmed
  and (leased_until is null or leased_until < %(now)s)
  and (next_try_at is null or next_try_at <= %(now)s)
returning {rows}
"""

# Of two at it, the one whose lease it is. The router's row is locked before those of its names.
_HELD = """
select failures, trouble from network_router where id = %s and leased_by = %s for no key update
"""

# Compare and set: what was changed meanwhile has another number and stays owed.
_CONFIRM = """
update network_desiredaccess d set confirmed_at = %(now)s
from unnest(%(ids)s::bigint[], %(numbers)s::bigint[]) as done (id, number)
where d.id = done.id and d.number = done.number and d.confirmed_at is null
returning d.id
"""

# Nothing that was wanted when the round began is left: then the router holds that much.
_GIVE_BACK = """
update network_router r set
    leased_until = null, leased_by = null, seen_at = %(now)s,
    next_poll_at = least(r.next_poll_at, %(look)s),
    confirmed = case when exists (
        select from network_desiredaccess d where d.router_id = r.id
        and d.confirmed_at is null and d.conflict_since is null and d.number <= %(wanted)s
    ) then r.confirmed else greatest(r.confirmed, %(wanted)s) end
where r.id = %(router_id)s and r.leased_by = %(lease)s
returning wanted > confirmed
"""


def reconcile(*, router_id: int, by: Actor) -> None:
    """Work on a router, round by round, until it holds all that is wanted or will not.

    Each round has its own lease, taken and given back in one statement each, so that of two
    workers one talks, and what was wanted during a round is found by the next `_take`. No
    transaction is open while the router is talked to. When it fails, its row says when to
    try again and this returns: no job has to remember anything.
    """
    by = by.must("network.reconcile")
    more = True
    while more and (lease := _take(router_id)) is not None:
        more = _round(lease, by)


@dataclass(frozen=True, slots=True)
class _Lease:
    id: UUID
    router: Router


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What a conversation left: names that are somebody else's, the router's refusals by
    name, and names that still differ without a word."""

    foreign: frozenset[str]
    refused: Mapping[str, str]
    left: frozenset[str]

    def holds(self, name: str) -> bool:
        return name not in self.foreign and name not in self.refused and name not in self.left


def _take(router_id: int) -> _Lease | None:
    lease, now = uuid.uuid4(), clock.real_now()
    until = now + timedelta(seconds=LEASE_SECONDS)
    values = {"router_id": router_id, "lease": lease, "now": now, "until": until}
    for router in read(Router, _TAKE, values):
        return _Lease(lease, router)
    return None


def _round(lease: _Lease, by: Actor) -> bool:
    """One look, one set of steps, one look back. Tells whether there is more to do."""
    rows = queries.owed(lease.router.pk, ROUND)
    if not rows:
        return _give_back(lease)
    profiles = queries.profiles_for(lease.router)

    async def work(driver: Driver) -> _Outcome:
        return await _bring(driver, rows, profiles)

    address = queries.address(lease.router)
    try:
        outcome = lines.LINES.call(address, work, within_seconds=TALK_SECONDS)
    except RouterError as error:
        stumble(router=lease.router, error=error, lease=lease.id, by=by)
        return False
    return _write_down(lease, rows, outcome, by)


async def _bring(driver: Driver, rows: Sequence[Owed], profiles: Mapping[str, Profile]) -> _Outcome:
    """Talk: turn every name, look; then whatever the look still shows, once.

    What changed is put whatever the router holds, for its `since` is new, so the first look
    is the look back: three round trips. Every session is ended, not only those that look
    old: one may have dialled between the wish and the moment its secret was written, and a
    worker may have died between secret and session. Whoever redials meets the secret as it
    now is.
    """
    ours = {row.name: row.wanted for row in rows}
    foreign: set[str] = set()
    steps: list[Step] = []
    failed = await driver.turn(ours)
    for turned in (True, False):
        foreign |= {name for one in failed for name in _turned_foreign(one)}
        ours = {name: want for name, want in ours.items() if name not in foreign}
        steps = await _left(driver, ours, profiles, turned=turned)
        foreign |= {s.name for s in steps if isinstance(s, Conflict) and s.kind == "secret"}
        if agreed(steps) or not turned:
            break
        touched = dict.fromkeys(name for step in steps for name in _concerned(step, ours))
        writes = [step for step in steps if not isinstance(step, Disconnect)]
        failed = await driver.apply([*writes, *map(Disconnect, touched)])
    return _Outcome(
        foreign=frozenset(foreign),
        refused=_refusals(failed, ours),
        left=frozenset(name for step in steps for name in _concerned(step, ours)),
    )


async def _left(
    driver: Driver, ours: Mapping[str, Wanted], profiles: Mapping[str, Profile], *, turned: bool
) -> list[Step]:
    """Look back, at what is still to do. Whoever is online so soon after `turn` may have
    dialled just before the write, and a session's age in whole seconds cannot tell."""
    if not ours:
        return []
    seen = await driver.observe(list(ours))
    steps = plan(ours, seen, profiles)
    if turned:
        steps += map(Disconnect, {session.name for session in seen.sessions})
    return steps


def _turned_foreign(failed: Failed) -> list[str]:
    put_aside = isinstance(failed.step, Put) and isinstance(failed.error, NotOurs)
    return _concerned(failed.step, {}) if put_aside else []


def _refusals(failed: Sequence[Failed], wanted: Mapping[str, Wanted]) -> dict[str, str]:
    """The router's words by name. Somebody else's profile of our name is used as it is."""
    return {
        name: str(one.error)
        for one in failed
        if not isinstance(one.error, NotOurs)
        for name in _concerned(one.step, wanted)
    }


def _concerned(step: Step, wanted: Mapping[str, Wanted]) -> list[str]:
    """The names that a step is about: a profile is about all who should have it."""
    match step:
        case Put(name) | Disconnect(name):
            return [name]
        case PutProfile(profile):
            return [name for name, want in wanted.items() if want.profile == profile.name]
        case _:
            return []


@transaction.atomic
def _write_down(lease: _Lease, rows: Sequence[Owed], outcome: _Outcome, by: Actor) -> bool:
    """Confirm what was read back, in the order of locks: the router first, then its rows."""
    router = lease.router
    known = ask(_HELD, [router.pk, lease.id])
    if not known:
        return False  # we were too slow, and somebody else is at it
    ((router.failures, router.trouble),) = known
    now = clock.real_now()
    held = [row for row in rows if outcome.holds(row.name)]
    confirmed = _confirm(held, now)
    told = replace(by, entity_id=router.entity_id)
    record_many(told, [_happened(row, router, now) for row in held if row.id in confirmed])
    words = dict.fromkeys(outcome.foreign, "") | dict(outcome.refused)
    if words:
        note_conflicts(router=router, words=words, by=told)
    if not held and not words:
        stumble(router=router, error=Trouble.DIFFERS, lease=lease.id, by=told)
        return False
    if router.failures or router.trouble:
        answered(router=router, by=told)
    return _give_back(lease)


def _confirm(rows: Sequence[Owed], now: datetime) -> set[int]:
    values: dict[str, Any] = {
        "now": now,
        "ids": [row.id for row in rows],
        "numbers": [row.number for row in rows],
    }
    return {key for (key,) in ask(_CONFIRM, values)}


def _give_back(lease: _Lease) -> bool:
    """Give back the lease; tells whether the router is owed something still."""
    now = clock.real_now()
    values: dict[str, Any] = {
        "router_id": lease.router.pk,
        "lease": lease.id,
        "wanted": lease.router.wanted,
        "now": now,
        "look": now + _LOOK_SOON,
    }
    return any(more for (more,) in ask(_GIVE_BACK, values))


def _happened(row: Owed, router: Router, now: datetime) -> Happened:
    """`ms` is from the wish to the proof."""
    ms = round((now - row.since).total_seconds() * 1000)
    return Happened(
        "access.confirmed",
        ("access", row.id),
        customer_id=row.customer_id,
        router_id=router.pk,
        cause=row.cause_id,
        why={"name": row.name, "profile": row.profile, "router": router.name, "ms": ms},
    )
