"""Drop a part of a bundle: what becomes of the rest is said by policy."""

from __future__ import annotations

from datetime import date

from django.db import transaction

from waya.billing.commands.lives.changes import cancel, go_over
from waya.billing.commands.lives.rows import opened
from waya.billing.policy import BillingPolicy
from waya.billing.queries.lives.outcomes import Change, Outcome
from waya.catalog.models import Plan
from waya.catalog.queries import held, price_on
from waya.kernel.errors import Refused
from waya.org.actors import Actor
from waya.org.policy import chosen
from waya.subscriptions.commands.add_ons import add
from waya.subscriptions.models import Subscription
from waya.subscriptions.queries import RUNNING


class _OnlyLooked(Exception):
    """What comes of it, when nothing of it is to stay."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome


def drop_part(
    *, subscription_id: int, plan_id: int, on: date, by: Actor, preview: bool = False
) -> Outcome:
    """Drop a part of a bundle at once. By policy (`billing.terms`, `bundle_part`) the rest goes
    on as `standalone` plans at the price that each has alone on the day, the bundle ends as a
    `whole`, or that is refused (`refuse`). Without its line a bundle ends.

    What of the bundle was paid and is not had is given back, and the rest is charged as after a
    change of plan. Refuses `not_in_bundle`, `bundle_whole`, and what `change_plan` and `cancel`
    refuse. `preview` changes nothing.
    """
    by = by.must("billing.change_plan")
    try:
        with transaction.atomic():
            outcome = _drop(subscription_id, plan_id, on, preview, by)
            if preview:
                raise _OnlyLooked(outcome)
            return outcome
    except _OnlyLooked as looked:
        return looked.outcome


def _drop(subscription_id: int, plan_id: int, on: date, preview: bool, by: Actor) -> Outcome:
    row = opened(subscription_id=subscription_id, states=RUNNING, by=by)
    parts = held(row.plan)
    part = next((one for one in parts if one.pk == plan_id), None)
    if part is None:
        plan = Plan.objects.filter(pk=plan_id, entity_id=row.entity_id).first()
        raise Refused("not_in_bundle", plan=plan.name if plan else "")
    policy = chosen(BillingPolicy, row.entity_id).bundle_part
    if policy == "refuse":
        raise Refused("bundle_whole", plan=row.plan.name)
    if policy == "whole" or part == parts[0]:
        return cancel(subscription_id=row.pk, on=on, preview=preview, by=by)
    _stay(row, parts[0], [one for one in parts[1:] if one != part], on, by)
    change = Change(row, on, [parts[0]])
    version = change.prices.versions[price_on(parts[0].pk, on).version_id]
    outcome = change.changed(version, "at_once")
    if not preview:
        go_over(row=row, outcome=outcome, by=by)
    return outcome


def _stay(row: Subscription, line: Plan, parts: list[Plan], on: date, by: Actor) -> None:
    """Parts that stay are add-ons of the line from now on, each at its own price."""
    for one in parts:
        add(subscription_id=row.pk, of=line, version_id=price_on(one.pk, on).version_id,
            quantity=1, start=on, on=on, by=by)  # fmt: skip
