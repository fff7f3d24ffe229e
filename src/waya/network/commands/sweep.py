"""Look at a router whole, and owe it again whatever differs from what was proven."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from waya.kernel import clock
from waya.network import queries
from waya.network.commands.conflicts import note_conflicts, retry_conflicts
from waya.network.commands.contact import answered, stumble
from waya.network.commands.removals import tidy
from waya.network.commands.sessions import record_sessions
from waya.network.drivers import Driver, Identity, lines
from waya.network.drivers.errors import RouterError
from waya.network.models import DesiredAccess, HandEdit, Router
from waya.network.policy import NetworkPolicy
from waya.network.rules.access import (
    Conflict,
    Disconnect,
    Observed,
    Profile,
    Put,
    PutProfile,
    Step,
    Wanted,
    differences,
    plan,
)
from waya.org import jobs
from waya.org.actors import Actor
from waya.org.audit import Happened, record_many
from waya.org.policy import chosen

_LOOK_SECONDS = 120


def sweep(*, router_id: int, by: Actor) -> None:
    """Look at everything a router holds, on a line of its own, and put in order what differs.

    The sweep itself changes nothing that a customer notices: names that differ are owed again,
    and `reconcile` brings them back in its own order and under its own lease. So a sweep is
    never in a restore's way, however long the router takes to tell. What nobody wants is
    removed afterwards, unless it is so much that a person is asked.
    """
    router = Router.objects.get(pk=router_id)
    by = replace(by.must("network.reconcile"), entity_id=router.entity_id)
    _plan_next(router)
    began = clock.real_now()
    try:
        identity, observed = _look(router)
    except RouterError as error:
        stumble(router=router, error=error, by=by)
        return
    found = _find(router, observed)
    _owe_again(router, found, began, by)
    record_sessions(router_id=router_id, seen=observed.sessions, at=began, by=by)
    answered(router=router, by=by)
    tidy(router=router, profiles=found.profiles, removals=found.removals, held=found.ours, by=by)
    Router.objects.filter(pk=router_id).update(
        swept_at=began,
        version=identity.version[:60],
        prepared_at=began if router.portal_host else None,
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """What a whole look showed: `ours` counts the secrets that carry our mark."""

    steps: Sequence[Step]
    wanted: Mapping[str, Wanted]
    known: Mapping[str, Profile]
    observed: Observed
    conflicts: frozenset[str]

    @property
    def differing(self) -> set[str]:
        return {step.name for step in self.steps if isinstance(step, Put | Disconnect)}

    @property
    def foreign(self) -> set[str]:
        return {s.name for s in self.steps if isinstance(s, Conflict) and s.kind == "secret"}

    @property
    def free_again(self) -> set[str]:
        """Were in conflict, and nobody else's secret is in the way now."""
        return set(self.conflicts) - self.foreign

    @property
    def profiles(self) -> list[PutProfile]:
        return [step for step in self.steps if isinstance(step, PutProfile)]

    @property
    def removals(self) -> list[str]:
        held = self.observed.secrets.items()
        return [name for name, secret in held if secret.ours and name not in self.wanted]

    @property
    def ours(self) -> int:
        return sum(secret.ours for secret in self.observed.secrets.values())


def _look(router: Router) -> tuple[Identity, Observed]:
    garden = queries.garden(router)

    async def look(driver: Driver) -> tuple[Identity, Observed]:
        if garden is not None:
            await driver.prepare(garden)
        return await driver.identity(), await driver.observe()

    return lines.LINES.call_apart(queries.address(router), look, within_seconds=_LOOK_SECONDS)


def _find(router: Router, observed: Observed) -> _Found:
    """Compare. The rows are read after the look: whatever we put there is in them by now."""
    rows = queries.whole(router.pk)
    wanted = {row.name: queries.wanted_of(row) for row in rows if not queries.is_over(row)}
    known = queries.profiles_for(router)
    conflicts = frozenset(row.name for row in rows if row.conflict_since is not None)
    return _Found(plan(wanted, observed, known), wanted, known, observed, conflicts)


def _plan_next(router: Router) -> None:
    """Due a tenth earlier or later, so that routers spread out."""
    policy = chosen(NetworkPolicy, router.entity_id)
    wait = policy.sweep_every_seconds * (0.9 + random.random() / 5)
    Router.objects.filter(pk=router.pk).update(
        next_sweep_at=clock.real_now() + timedelta(seconds=wait)
    )


@transaction.atomic
def _owe_again(router: Router, found: _Found, began: datetime, by: Actor) -> None:
    """What was proven before the look and differs in it is owed once more.

    A row that changed after `began` is for `reconcile`: this look knows less than it does.
    """
    held = Router.objects.select_for_update(no_key=True, of=("self",)).get(pk=router.pk)
    rows = list(
        DesiredAccess.objects.filter(
            router=held, name__in=found.differing, confirmed_at__lt=began
        )
    )  # fmt: skip
    if rows:
        DesiredAccess.objects.filter(pk__in=[row.pk for row in rows]).update(
            confirmed_at=None, since=clock.real_now(), number=held.wanted + 1
        )
        Router.objects.filter(pk=held.pk).update(wanted=F("wanted") + 1)
        held.wanted += 1
        _tell_of_names(held, {row.name: row for row in rows}, found, by)
    _tell_of_profiles(held, found, by)
    note_conflicts(router=held, words=dict.fromkeys(found.foreign, ""), by=by)
    again = retry_conflicts(router=held, names=found.free_again, by=by)
    if rows or again:
        jobs.nudge("network.reconcile", key=f"router:{held.pk}", router_id=held.pk)


def _tell_of_names(
    router: Router, rows: Mapping[str, DesiredAccess], found: _Found, by: Actor
) -> None:
    edits = [
        difference
        for difference in differences(found.wanted, found.observed)
        if difference.name in rows and difference.field != "session"
    ]
    now = clock.real_now()
    HandEdit.objects.bulk_create(
        HandEdit(
            router=router,
            name=edit.name,
            field=edit.field,
            should=edit.should[:120],
            does=edit.does[:120],
            seen_at=now,
            outcome=HandEdit.HEALED,
        )
        for edit in edits
    )
    record_many(by, [
        Happened(
            "router.hand_edit",
            ("access", rows[edit.name].pk),
            customer_id=rows[edit.name].customer_id,
            router_id=router.pk,
            why={"router": router.name, "name": edit.name, "field": edit.field,
                 "should": edit.should, "does": edit.does},
        )
        for edit in edits
    ])  # fmt: skip


def _tell_of_profiles(router: Router, found: _Found, by: Actor) -> None:
    """A profile that we had put there once and that says something else now."""
    held = found.observed.profiles
    edited = [step.profile for step in found.profiles if step.profile.name in held]
    if router.swept_at is None or not edited:
        return
    now = clock.real_now()
    rows = [
        HandEdit(
            router=router,
            name=profile.name,
            field="limits",
            should=_limits(profile),
            does=_limits(held[profile.name]),
            seen_at=now,
            outcome=HandEdit.HEALED,
        )
        for profile in edited
    ]
    HandEdit.objects.bulk_create(rows)
    record_many(by, [
        Happened(
            "router.hand_edit",
            ("router", router.pk),
            router_id=router.pk,
            why={"router": router.name, "name": row.name, "field": row.field,
                 "should": row.should, "does": row.does},
        )
        for row in rows
    ])  # fmt: skip


def _limits(profile: Profile) -> str:
    """The limits of a profile in a line for a person."""
    said = (profile.rate_limit, profile.address_list, profile.pool, profile.local_address)
    timeout = profile.session_timeout_seconds
    return " ".join([*filter(None, said), *([f"{timeout}s"] if timeout else [])])[:120]
