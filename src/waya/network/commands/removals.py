"""Take from a router what nobody wants; ask a person when it is much."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from django.db.models import Q

from waya.kernel import clock
from waya.network import queries
from waya.network.commands.contact import stumble
from waya.network.drivers import Driver, lines
from waya.network.drivers.errors import RouterError
from waya.network.models import DesiredAccess, Router
from waya.network.policy import NetworkPolicy
from waya.network.rules.access import PutProfile, Remove, Step, braked
from waya.org import jobs
from waya.org.actors import Actor
from waya.org.commands.approvals import close_approval, request_approval
from waya.org.models import Approval
from waya.org.policy import chosen

_TALK_SECONDS = 15
_LEASE = timedelta(seconds=20)
_AT_A_TIME = 100


def tidy(
    *, router: Router, profiles: Sequence[PutProfile], removals: Sequence[str], held: int,
    by: Actor,
) -> None:  # fmt: skip
    """Put profiles right and remove what nobody wants.

    What we ended ourselves goes; of the rest, more than a few of the `held` secrets wait for
    a person, because our own books may be what is wrong.
    """
    by = by.must("network.reconcile")
    ours = DesiredAccess.objects.filter(router=router, ended=True, name__in=removals)
    ended = set(ours.values_list("name", flat=True))
    policy = chosen(NetworkPolicy, router.entity_id)
    strange = [Remove(name) for name in removals if name not in ended]
    going, waiting = braked(strange, held, policy.remove_at_most)
    if waiting:
        _ask(router, sorted(step.name for step in waiting), by)
    _take_steps(router, [*profiles, *map(Remove, sorted(ended)), *going], by)


def remove_approved(*, approval_id: int, by: Actor) -> None:
    """Remove what a person agreed to, as far as nobody wants it still. Safe twice.

    If the router cannot be worked on now, the next sweep finds the same removals granted.
    """
    by = by.must("network.reconcile")
    approval = Approval.objects.get(pk=approval_id, kind=queries.REMOVAL)
    router = Router.objects.get(pk=approval.why["router_id"])
    by = replace(by, entity_id=router.entity_id)
    if _take_steps(router, [Remove(name) for name in approval.why["names"]], by):
        close_approval(approval_id=approval_id, by=by)


def _ask(router: Router, names: Sequence[str], by: Actor) -> None:
    """One question at a time for each router; a refusal stands for these very names."""
    asked = Approval.objects.filter(kind=queries.REMOVAL, why__router_id=router.pk)
    if asked.filter(state=Approval.WAITING).exists():
        return
    digest = hashlib.sha256("\n".join(names).encode()).hexdigest()[:16]
    approval = request_approval(
        entity_id=router.entity_id,
        kind=queries.REMOVAL,
        subject=f"router:{router.pk}:{digest}",
        title=f"Remove {len(names)} names from {router.name}",
        why={"router_id": router.pk, "router": router.name, "names": list(names)},
        by=by,
    )
    if approval.state == Approval.GRANTED:
        remove_approved(approval_id=approval.pk, by=by)


def _take_steps(router: Router, steps: Sequence[Step], by: Actor) -> bool:
    """Take these steps under the router's lease, some at a time; whether all were taken."""
    return all(_take_some(router, some, by) for some in _portions(steps))


def _take_some(router: Router, steps: Sequence[Step], by: Actor) -> bool:
    lease, now = uuid.uuid4(), clock.real_now()
    free = Q(leased_until=None) | Q(leased_until__lt=now)
    taken = Router.objects.filter(free, pk=router.pk).update(leased_until=now + _LEASE,
                                                             leased_by=lease)  # fmt: skip
    if not taken:
        return False
    chosen_steps = _still_unwanted(router, steps)

    async def work(driver: Driver) -> bool:
        return not await driver.apply(chosen_steps)

    try:
        done = lines.LINES.call(queries.address(router), work, within_seconds=_TALK_SECONDS)
    except RouterError as error:
        stumble(router=router, error=error, lease=lease, by=by)
        return False
    Router.objects.filter(pk=router.pk, leased_by=lease).update(leased_until=None, leased_by=None)
    _pass_on(router)
    return done


def _still_unwanted(router: Router, steps: Sequence[Step]) -> list[Step]:
    names = [step.name for step in steps if isinstance(step, Remove)]
    rows = DesiredAccess.objects.filter(router=router, name__in=names)
    wanted = {row.name for row in rows if not queries.is_over(row)}
    return [s for s in steps if not (isinstance(s, Remove) and s.name in wanted)]


def _pass_on(router: Router) -> None:
    """Whoever was nudged while we held the lease has gone away again."""
    for router_id in queries.routers_due(clock.real_now()):
        if router_id == router.pk:
            jobs.nudge("network.reconcile", key=f"router:{router_id}", router_id=router_id)


def _portions(steps: Iterable[Step]) -> Iterator[list[Step]]:
    chosen_steps = list(steps)
    for start in range(0, len(chosen_steps), _AT_A_TIME):
        yield chosen_steps[start : start + _AT_A_TIME]
