"""What a try to talk to a router leaves on its row: trouble and when to try next, or neither."""

from __future__ import annotations

import random
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Case, F, Value, When

from waya.kernel import clock
from waya.network.drivers.errors import AuthError, RouterError, Transient
from waya.network.models import Router
from waya.network.rules.trouble import Trouble, wait_seconds
from waya.org import jobs
from waya.org.actors import Actor
from waya.org.audit import Happened, record_many


@transaction.atomic
def stumble(
    *, router: Router, error: RouterError | Trouble, by: Actor, lease: UUID | None = None
) -> None:
    """Leave a router alone for a while, ever longer; give back the lease if it is ours.

    The audit tells when a trouble begins, not each time it is met again.
    """
    by = by.must("network.reconcile")
    held = Router.objects.select_for_update(no_key=True, of=("self",)).get(pk=router.pk)
    now = clock.real_now()
    trouble = error if isinstance(error, Trouble) else _trouble(error)
    fresh = held.trouble != trouble
    owed = held.wanted > held.confirmed
    wait = wait_seconds(trouble, held.failures + 1, owed=owed, chance=random.random())
    Router.objects.filter(pk=router.pk).update(
        failures=held.failures + 1,
        next_try_at=now + timedelta(seconds=wait),
        trouble=trouble,
        trouble_since=now if fresh else held.trouble_since,
        leased_until=Case(When(leased_by=lease, then=Value(None)), default=F("leased_until")),
        leased_by=Case(When(leased_by=lease, then=Value(None)), default=F("leased_by")),
    )
    if fresh:
        words = "" if isinstance(error, Trouble) else str(error)
        record_many(by, [_happened("router.trouble", router, trouble=trouble, words=words)])


@transaction.atomic
def answered(*, router: Router, by: Actor) -> None:
    """A router did as asked: its trouble is over, and what it is owed goes on at once."""
    by = by.must("network.reconcile")
    now = clock.real_now()
    if not router.failures and not router.trouble:
        Router.objects.filter(pk=router.pk).update(seen_at=now)
        return
    held = Router.objects.select_for_update(no_key=True, of=("self",)).get(pk=router.pk)
    Router.objects.filter(pk=router.pk).update(
        seen_at=now, failures=0, next_try_at=None, trouble="", trouble_since=None
    )
    if held.trouble:
        since = held.trouble_since or now
        seconds = round((now - since).total_seconds())
        record_many(by, [_happened("router.back", router, trouble=held.trouble, seconds=seconds)])
    if held.wanted > held.confirmed:
        jobs.nudge("network.reconcile", key=f"router:{router.pk}", router_id=router.pk)


def _trouble(error: RouterError) -> Trouble:
    if isinstance(error, AuthError):
        return Trouble.WRONG_PASSWORD
    return Trouble.UNREACHABLE if isinstance(error, Transient) else Trouble.REFUSED


def _happened(action: str, router: Router, **why: object) -> Happened:
    return Happened(
        action,
        ("router", router.pk),
        router_id=router.pk,
        why={"router": router.name, **why},
    )
