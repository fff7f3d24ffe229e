"""Cut off whoever is too far behind: with a brake, and never while money may be on its way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.db import transaction

from waya.billing.commands.standings import apply_standings
from waya.billing.queries.standings import Judged, customers_to_restrict
from waya.billing.rules.dunning import Standing, worse
from waya.kernel import clock
from waya.kernel.errors import NotYet
from waya.network.models import Router
from waya.network.queries import access_counts
from waya.org import jobs
from waya.org.actors import Actor
from waya.org.commands.approvals import close_approval, request_approval
from waya.org.models import Approval
from waya.org.policy import chosen
from waya.org.rows.chunking import chunks
from waya.parties.commands.customers import lock_customers
from waya.parties.models import Customer
from waya.payments.policy import BrakePolicy
from waya.payments.queries.clear import only_when_clear
from waya.payments.queries.in_flight import customers_with_prompts
from waya.payments.queries.inbox import waiting_count
from waya.payments.queries.tonight import held_routers

KIND = "cut_off"
CHUNK = 500


@dataclass(frozen=True, slots=True)
class _Night:
    """Who is further behind than they stand, and whose money may be on its way."""

    judged: list[Judged]
    in_flight: set[int]

    @property
    def walled(self) -> list[Judged]:
        """Subscriptions that would be walled or disabled now."""
        return [
            one
            for one in self.judged
            if worse(one.tonight, Standing.GRACE)
            and worse(one.tonight, one.was)
            and one.customer_id not in self.in_flight
        ]

    @property
    def spared(self) -> dict[str, int]:
        """How many subscriptions something holds off tonight, by what it is."""
        held = Counter(str(one.hold) for one in self.judged if worse(one.standing, one.tonight))
        return dict(held)


def cut_off(*, entity_id: int, on: date, by: Actor) -> dict[str, Any]:
    """Put everybody who is further behind, as of a day, where policy says: the daily work.

    A router with too many at once waits for a person, with who and how much; the others go
    on. Whoever was just asked for money on their phone is left for the next day, and so is
    whom a promise, a holiday or an outage spares. Raises
    NotYet `money_in_flight` while anything may change the picture: notifications wait, the
    provider is silent and does not answer, or not every router was swept since we started.
    """
    by = replace(by.must("payments.cut_off"), entity_id=entity_id)
    policy = chosen(BrakePolicy, entity_id)
    night = _night(entity_id, on, policy)
    if not night.judged:
        return {"behind": 0}
    only_when_clear(entity_id, policy)
    held = _held(night, policy)
    waiting = {one.customer_id for one in night.walled if one.router_id in held}
    for router_id in sorted(held):
        _ask(entity_id, router_id, night, on, by)
    now = {one.customer_id for one in night.judged} - waiting - night.in_flight
    restricted = _apply(entity_id, now, on, policy, by)
    return {
        "behind": len({one.customer_id for one in night.judged}),
        "restricted": restricted,
        "waiting_for_a_person": len(waiting),
        "money_in_flight": len(night.in_flight),
        "spared": night.spared,
    }


def cut_off_approved(*, approval_id: int, by: Actor) -> int:
    """Go on with a cut-off that a person granted: those it names who are still behind.

    Facts are looked at again; while money may be in flight it stays granted and is tried
    again. Gives how many subscriptions were restricted.
    """
    by = by.must("payments.cut_off")
    approval = Approval.objects.select_related("entity").get(pk=approval_id)
    if approval.state != Approval.GRANTED or approval.kind != KIND:
        return 0
    by = replace(by, entity_id=approval.entity_id)
    policy = chosen(BrakePolicy, approval.entity_id)
    on = clock.today(approval.entity.zone)
    named = {int(one["id"]) for one in approval.why["customers"]}
    try:
        only_when_clear(approval.entity_id, policy)
        night = _night(approval.entity_id, on, policy)
        now = {one.customer_id for one in night.walled} & named
        restricted = _apply(approval.entity_id, now, on, policy, by)
    except NotYet:
        return 0
    close_approval(approval_id=approval_id, by=by)
    return restricted


def nudge_granted(*, by: Actor) -> None:
    """Ask again for cut-offs that were granted and could not go on yet."""
    by.must("payments.cut_off")
    for key in Approval.objects.filter(kind=KIND, state=Approval.GRANTED).values_list(
        "pk", flat=True
    ):
        jobs.nudge("payments.cut_off_approved", key=str(key), approval_id=key)


def _night(entity_id: int, on: date, policy: BrakePolicy) -> _Night:
    judged = customers_to_restrict(entity_id, on)
    asked = {one.customer_id for one in judged}
    return _Night(judged, customers_with_prompts(asked, at=clock.real_now(), policy=policy))


def _held(night: _Night, policy: BrakePolicy) -> set[int]:
    losing: dict[int, set[int]] = {}
    for one in night.walled:
        losing.setdefault(one.router_id, set()).add(one.customer_id)
    return held_routers(losing, policy)


def _ask(entity_id: int, router_id: int, night: _Night, on: date, by: Actor) -> None:
    """Put a router's cut-off before a person, once: what already waits is not asked again."""
    subject = f"{router_id}:{on.isoformat()}"
    waits = Approval.objects.filter(
        entity_id=entity_id, kind=KIND, state=Approval.WAITING, subject__startswith=f"{router_id}:"
    )
    if waits.exists():
        return
    rows = [one for one in night.walled if one.router_id == router_id]
    named = _named(rows)
    router = Router.objects.get(pk=router_id)
    request_approval(
        entity_id=entity_id,
        kind=KIND,
        subject=subject,
        title=f"Cut off {len(named)} customers on {router.name}",
        why={"router": router.name, "router_id": router_id, "on": on.isoformat(),
             "serves": access_counts([router_id])[router_id], "customers": named},
        by=by,
    )  # fmt: skip


def _named(rows: Sequence[Judged]) -> list[dict[str, Any]]:
    """Who would be cut off, and what each owes, once for each customer."""
    owing = {one.customer_id: one.why for one in rows}
    people = Customer.objects.in_bulk(list(owing))
    return [
        {"id": key, "name": people[key].name, "account": people[key].account_number,
         "owed_minor": why.get("owed_minor"), "currency": why.get("currency"),
         "due": why.get("due")}
        for key, why in sorted(owing.items())
    ]  # fmt: skip


def _apply(
    entity_id: int, customers: Collection[int], on: date, policy: BrakePolicy, by: Actor
) -> int:
    """Restrict in chunks, each looked at once more under its customers' locks."""
    restricted = 0
    for chunk in chunks(sorted(customers), CHUNK):
        with transaction.atomic():
            lock_customers(customer_ids=chunk, by=by)
            if waiting_count(entity_id):
                raise NotYet("money_in_flight", why="notifications wait")
            asked = customers_with_prompts(chunk, at=clock.real_now(), policy=policy)
            applied = apply_standings(
                entity_id=entity_id, customer_ids=set(chunk) - asked, on=on, by=by
            )
            restricted += applied.restricted
    return restricted
