"""Standings: who is behind, who is walled for it, and who comes back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction

from waya.billing.commands.notices import Notice, notify
from waya.billing.queries.standings import Judged, judge
from waya.billing.rules.dunning import Standing, worse
from waya.kernel.money import Money
from waya.org.actors import Actor
from waya.subscriptions.commands import turn
from waya.subscriptions.models import Subscription
from waya.subscriptions.rules.life import Renewal, Stood


@dataclass(frozen=True, slots=True)
class Applied:
    """How many subscriptions came back, and how many were walled or put in grace."""

    restored: int
    restricted: int


@transaction.atomic(savepoint=False)
def apply_standings(*, entity_id: int, customer_ids: Iterable[int], on: date, by: Actor) -> Applied:
    """Judge customers as of a day and make their service agree, both ways.

    Nothing is remembered: judging again, or after a week's outage, gives the same. Whoever
    calls this to restrict has asked the brake and has looked for money in flight.
    """
    by = by.must("billing.stand")
    return _apply(judge(entity_id, customer_ids, on), (), {}, by)


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
    paid = {one.subscription_id: one.paid_through for one in renewals}
    judged = judge(entity_id, customer_ids, on, paid)
    return _apply([one for one in judged if worse(one.was, one.standing)], renewals, causes, by)


def _apply(
    judged: list[Judged], renewals: Sequence[Renewal], causes: Mapping[int, int], by: Actor
) -> Applied:
    turning = [one for one in judged if one.standing != one.was]
    changed = turn(
        renewals=renewals,
        standings={
            one.subscription_id: Stood(one.standing.value, one.why, causes.get(one.customer_id))
            for one in turning
        },
        by=by,
    )
    walled = [one for one in changed if one.standing == Standing.CUT_OFF]
    _tell_walled(walled, {one.subscription_id: one.why for one in turning}, by)
    worsened = {one.subscription_id for one in turning if worse(one.standing, one.was)}
    restricted = sum(row.pk in worsened for row in changed)
    return Applied(restored=len(changed) - restricted, restricted=restricted)


def _tell_walled(walled: list[Subscription], whys: Mapping[int, dict[str, Any]], by: Actor) -> None:
    notify(
        notices=[
            Notice(
                row.customer_id,
                "blocked",
                Money(whys[row.pk]["owed_minor"], whys[row.pk]["currency"]),
                date.fromisoformat(whys[row.pk]["due"]),
                f"blocked:{row.pk}:{row.standing_cause_id}",
            )
            for row in walled
        ],
        by=by,
    )
