"""Standings: who is behind, who is walled for it, and who comes back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db import transaction

from waya.billing.commands.notices import Notice, notify
from waya.billing.policy import HoursPolicy
from waya.billing.queries.standings import Judged, judge
from waya.billing.rules.dunning import Standing, worse
from waya.kernel.money import Money
from waya.org.actors import Actor
from waya.org.policy import chosen
from waya.org.rows.chunking import chunks
from waya.parties.commands.customers import lock_customers
from waya.subscriptions.commands.lives import turn
from waya.subscriptions.models import Subscription
from waya.subscriptions.rules.life import Renewal, Stood

CHUNK = 500


@dataclass(frozen=True, slots=True)
class Applied:
    """How many subscriptions came back, and how many were walled or put in grace."""

    restored: int
    restricted: int


@transaction.atomic(savepoint=False)
def apply_standings(*, entity_id: int, customer_ids: Iterable[int], on: date, by: Actor) -> Applied:
    """Judge customers as of a day and make their service agree, both ways; whom a promise, a
    holiday or an outage spares is not restricted further.

    Nothing is remembered: judging again, or after a week's outage, gives the same. Whoever
    calls this to restrict has asked the brake and has looked for money in flight.
    """
    by = by.must("billing.stand")
    judged = judge(entity_id, customer_ids, on)
    return _apply([(one, one.tonight) for one in judged], (), {}, by)


@transaction.atomic(savepoint=False)
def restore(
    *, entity_id: int, customer_ids: Iterable[int], on: date, renewals: Sequence[Renewal] = (),
    causes: Mapping[int, int], by: Actor,
) -> Applied:  # fmt: skip
    """Extend what was paid for, and bring back those who are then no longer as far behind
    as they were; restricts nobody.

    `causes` are the audit records (a payment) by customer.
    """
    by = by.must("billing.stand")
    paid = {one.subscription_id: one.paid_until or one.paid_through for one in renewals}
    judged = judge(entity_id, customer_ids, on, paid)
    back = [(one, one.standing) for one in judged if worse(one.was, one.standing)]
    return _apply(back, renewals, causes, by)


@transaction.atomic(savepoint=False)
def wall_over(*, entity_id: int, customer_ids: Iterable[int], on: date, by: Actor) -> Applied:
    """Wall the subscriptions of some customers whose paid hours are over, and no other of
    theirs: how they stand by days is for the night to say. The caller has locked them."""
    by = by.must("billing.stand")
    over = [one for one in judge(entity_id, customer_ids, on) if one.over]
    quiet = not chosen(HoursPolicy, entity_id).say_over
    silent = {one.subscription_id for one in over} if quiet else set[int]()
    return _apply([(one, one.tonight) for one in over], (), {}, by, silent)


def bring_back(*, entity_id: int, on: date, by: Actor) -> dict[str, int]:
    """Bring back whoever is held off and is not so far behind: what a new ladder, a tag or a
    changed policy forgives. The daily work; it restricts nobody and never waits."""
    by = by.must("billing.stand")
    held_off = Subscription.objects.filter(entity_id=entity_id, state=Subscription.SUSPENDED)
    owners = set(held_off.values_list("customer_id", flat=True))
    judged = judge(entity_id, owners, on)
    forgiven = {one.customer_id for one in judged if worse(one.was, one.standing)}
    restored = 0
    for chunk in chunks(sorted(forgiven), CHUNK):
        with transaction.atomic():
            lock_customers(customer_ids=chunk, by=by)
            applied = restore(entity_id=entity_id, customer_ids=chunk, on=on, causes={}, by=by)
            restored += applied.restored
    return {"restored": restored}


def _apply(
    judged: Sequence[tuple[Judged, Standing]],
    renewals: Sequence[Renewal],
    causes: Mapping[int, int],
    by: Actor,
    silent: Collection[int] = (),
) -> Applied:
    """Put each judged subscription where it is to stand; nobody is told of those that are
    silent."""
    turning = {one.subscription_id: (one, to) for one, to in judged if to != one.was}
    changed = turn(
        renewals=renewals,
        standings={
            key: Stood(to.value, one.why, causes.get(one.customer_id))
            for key, (one, to) in turning.items()
        },
        by=by,
    )
    held_off = (Standing.CUT_OFF, Standing.OFF)
    walled = [
        row
        for row in changed
        if row.standing in held_off
        and turning[row.pk][0].was not in held_off
        and row.pk not in silent
    ]
    _tell_walled(walled, {key: one for key, (one, _) in turning.items()}, by)
    worsened = {key for key, (one, to) in turning.items() if worse(to, one.was)}
    restricted = sum(row.pk in worsened for row in changed)
    return Applied(restored=len(changed) - restricted, restricted=restricted)


def _tell_walled(walled: list[Subscription], judged: Mapping[int, Judged], by: Actor) -> None:
    """Say it once to each customer, however many of their services were walled."""
    notices = []
    for row in walled:
        one = judged[row.pk]
        amount = Money(one.why["owed_minor"], one.why["currency"])
        due, once = date.fromisoformat(one.why["due"]), f"blocked:{row.pk}:{row.standing_cause_id}"
        notices.append(
            Notice(row.customer_id, "blocked", amount, due, once, common=one.common_minor)
        )
    notify(notices=notices, by=by)
