"""Change a subscription: its plan, a pause, its end; shown before, done all or not at all.

What is shown and what is done come from the same function (`queries.lives.outcomes`). What was
billed in advance and is not had is given back by a credit note at its own price; what passed
and is not billed is invoiced; what comes is asked for, or billed when it has passed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Literal

from django.db import transaction
from django.db.models import F, Q

from waya.billing.commands.credits import credit_lines
from waya.billing.commands.documents import ask, offer_hours
from waya.billing.commands.invoices import issue
from waya.billing.commands.lives.add_ons import turn_add_ons
from waya.billing.commands.lives.rows import opened
from waya.billing.commands.settle import spend, spend_left_over
from waya.billing.models import ProForma
from waya.billing.policy import BillingPolicy, RenewalPolicy
from waya.billing.queries.lives.outcomes import Change, Outcome
from waya.billing.rules import renewal
from waya.billing.rules.drafts import Draft, DraftLine
from waya.billing.rules.engine.terms import Leftover
from waya.billing.rules.lives import closing, within
from waya.catalog.models import Plan
from waya.catalog.queries import Version, price_on, versions
from waya.catalog.rules.prices import UNIT_PRICED
from waya.kernel.errors import Refused
from waya.org.actors import Actor
from waya.org.policy import chosen
from waya.subscriptions.commands import lives as subscriptions
from waya.subscriptions.models import Subscription
from waya.subscriptions.queries import RUNNING
from waya.subscriptions.rules.life import Metered, Moved

When = Literal["at_once", "term_end"]
MOST_UNITS = 10_000


@transaction.atomic
def change_plan(
    *, subscription_id: int, plan_id: int, on: date, by: Actor, when: When | None = None,
    leftover: Leftover | None = None, preview: bool = False,
) -> Outcome:  # fmt: skip
    """Put a subscription on another plan, at the version that is sold on a day.

    Dearer at once, cheaper at the end of the term, unless `when` says otherwise; what value is
    left over becomes money, time or data, unless `leftover` says which (policy `billing.terms`).
    A prepaid change at once needs what is missing to be there as credit: refuses
    `change_needs_money` with `missing`; also `plan_unknown`, `plan_withdrawn`, `mode_differs`,
    `same_plan`, `no_price`, `hours_at_once`, `no_metered_unit` and `not_possible_now`. `preview`
    says what comes of it and changes nothing.
    """
    by = by.must("billing.change_plan")
    row = opened(subscription_id=subscription_id, states=RUNNING, by=by)
    plan = Plan.objects.filter(pk=plan_id, entity_id=row.entity_id).first()
    if plan is None or plan.add_on:
        raise Refused("plan_unknown")
    if not plan.on_sale:
        raise Refused("plan_withdrawn", plan=plan.name)
    change = Change(row, on, [plan])
    version = change.prices.versions[price_on(plan.pk, on).version_id]
    outcome = change.changed(version, when, leftover=leftover)
    if not preview:
        go_over(row=row, outcome=outcome, by=by)
    return outcome


@transaction.atomic
def change_quantity(
    *, subscription_id: int, quantity: int, on: date, by: Actor, when: When | None = None,
    preview: bool = False,
) -> Outcome:  # fmt: skip
    """Have more or fewer of what a plan prices by the unit, at the version that is had: more at
    once, fewer at the end of the term, as a change of plan.

    Refuses `quantity_wrong` (1 to 10,000), `no_units` for a plan without a price for each unit,
    and what `change_plan` refuses. `preview` changes nothing.
    """
    by = by.must("billing.change_plan")
    if not 1 <= quantity <= MOST_UNITS:
        raise Refused("quantity_wrong")
    row = opened(subscription_id=subscription_id, states=RUNNING, by=by)
    change = Change(row, on)
    version = change.prices.at(row.version_id, on)
    if not any(one.recurring and one.kind in UNIT_PRICED for one in version.terms.charges):
        raise Refused("no_units", plan=row.plan.name)
    outcome = change.changed(version, when, quantity)
    if not preview:
        go_over(row=row, outcome=outcome, by=by)
    return outcome


@transaction.atomic
def keep(*, subscription_id: int, on: date, by: Actor, preview: bool = False) -> Outcome:
    """Undo what was planned: it goes on as it is, and neither changes nor ends. What was asked
    for the plan to come is withdrawn, and the next run asks for what then is so.

    Refuses `nothing_planned`, and `planned_is_paid` once days of the plan to come are paid or
    billed; `preview` changes nothing.
    """
    by = by.must("billing.change_plan")
    row = opened(subscription_id=subscription_id, states=RUNNING, by=by)
    if row.next_on is None:
        raise Refused("nothing_planned")
    if row.next_version_id and row.billed_through and row.billed_through > row.next_on:
        raise Refused("planned_is_paid")
    outcome = Outcome(on, True, row.entity.currency)
    if not preview:
        _withdraw(row)
        subscriptions.stay(subscription_id=row.pk, by=by)
        if row.plan.unit == "hour":
            offer_hours(subscription_ids=[row.pk], by=by)
    return outcome


@transaction.atomic
def go_over(*, row: Subscription, outcome: Outcome, by: Actor) -> None:
    """Do what an outcome says of a subscription, whose customer is locked: plan it for the
    term's end, or change at once. Refuses `change_needs_money`."""
    by = by.must("billing.change_plan")
    to = _to(outcome)
    if not outcome.now:
        _withdraw(row)
        subscriptions.plan_ahead(
            subscription_id=row.pk, version_id=to.version_id, quantity=to.quantity,
            on=outcome.on, by=by,
        )  # fmt: skip
        return
    if outcome.to_pay.minor:
        raise Refused("change_needs_money", missing=outcome.to_pay)
    _close(row, outcome, by)
    subscriptions.move(subscription_id=row.pk, to=to, by=by)
    _convert(row, outcome, by)
    _open(row, outcome, by)
    _spend(row, outcome, by)


def _convert(row: Subscription, outcome: Outcome, by: Actor) -> None:
    """Invoice the data that value left over becomes, which what was given back pays, and grant
    it."""
    if outcome.allowance is None:
        return
    granted = outcome.allowance
    due_on = renewal.due_day(outcome.on, chosen(RenewalPolicy, row.entity_id).due_days)
    turn = row.changes.count()  # twice a day is twice
    line = replace(granted.line, turn=turn)
    issue(drafts=[Draft(row.entity_id, row.customer_id, (line,), outcome.on, due_on)], by=by)
    subscriptions.grant_usage(
        subscription_id=row.pk,
        metric=granted.metric,
        quantity=granted.quantity,
        on=outcome.on,
        by=by,
    )
    spend(entity_id=row.entity_id, customer_ids=[row.customer_id], on=outcome.on, by=by)


@transaction.atomic
def pause(*, subscription_id: int, on: date, by: Actor, preview: bool = False) -> Outcome:
    """Pause a service that is in order: off, and not charged; unused days are given back, or
    kept for later, by policy. Refuses `not_possible_now`."""
    by = by.must("billing.pause")
    row = opened(subscription_id=subscription_id, states=(Subscription.ACTIVE,), by=by)
    change = Change(row, on)
    outcome = change.paused()
    if not preview:
        _close(row, outcome, by)
        charged = chosen(BillingPolicy, row.entity_id).pause == "charge"
        given = bool(outcome.back) or (row.plan.mode == Plan.POSTPAID and not charged)
        since = on if outcome.back else max(on, change.due.since)  # a trial is not cut short
        subscriptions.pause(
            subscription_id=row.pk, since=since if given else None, on=on,
            cycle_on=within(change.life, since), by=by,
        )  # fmt: skip
        _spend(row, outcome, by)
    return outcome


@transaction.atomic
def resume(*, subscription_id: int, on: date, by: Actor, preview: bool = False) -> Outcome:
    """Go on with a paused service. A prepaid one that has no paid days left asks for a period,
    and is back when that is paid, which credit may do at once. Refuses `not_possible_now`."""
    by = by.must("billing.pause")
    row = opened(subscription_id=subscription_id, states=(Subscription.PAUSED,), by=by)
    outcome = Change(row, on).resumed()
    if preview:
        return outcome
    walled = outcome.asks and bool(outcome.charges)
    subscriptions.resume(subscription_id=row.pk, to=_to(outcome), walled=walled, on=on, by=by)
    if walled:
        _open(row, outcome, by)
    return outcome


@transaction.atomic
def cancel(
    *, subscription_id: int, on: date, by: Actor, when: When = "at_once", preview: bool = False
) -> Outcome:
    """End a subscription, at once or at the end of its term. At once, unused days are given
    back by policy; a deposit is, whenever it ends. Refuses `subscription_ended`."""
    by = by.must("billing.cancel")
    row = opened(
        subscription_id=subscription_id,
        states=(*RUNNING, Subscription.PAUSED, Subscription.PENDING),
        by=by,
    )
    if row.state == Subscription.PENDING:
        outcome = Outcome(on, True, row.entity.currency)
        if not preview:
            _end(row, outcome, by)
        return outcome
    change = Change(row, on)
    end = change.term_end()
    if when == "term_end" and end > on:
        outcome = Outcome(end, False, row.entity.currency)
        if not preview:
            _withdraw(row)
            subscriptions.plan_ahead(subscription_id=row.pk, version_id=None, on=end, by=by)
        return outcome
    outcome = change.ended()
    if not preview:
        _end(row, outcome, by)
    return outcome


def turn_over(*, entity_id: int, on: date, by: Actor) -> int:
    """What was planned and whose day has come: changes of plan, and ends; terms that are fixed
    end too, and add-ons begin and end. Each by itself, once it is billed up to its day. Gives
    how many."""
    by = by.must("billing.change_plan")
    planned = Subscription.objects.filter(
        Q(billed_through__gte=F("next_on")) | Q(billed_through=None),
        entity_id=entity_id, next_on__lte=on, state__in=RUNNING,
    )  # fmt: skip
    turned = 0
    for row in planned.order_by("customer_id", "pk"):
        _turn(row.pk, on, by)
        turned += 1
    for key in _over(entity_id, on):
        cancel(subscription_id=key, on=on, by=by)
        turned += 1
    return turned + turn_add_ons(entity_id=entity_id, on=on, by=by)


@transaction.atomic
def _turn(key: int, on: date, by: Actor) -> None:
    row = opened(subscription_id=key, states=RUNNING, by=by)
    if row.next_on is None or row.next_on > on:
        return
    if row.next_version_id is None:
        _end(row, Change(row, on).ended(), by)
    elif row.billed_through is not None and row.anchor_day is not None:
        assert row.next_version is not None
        used = Change(row, row.next_on, [row.next_version.plan]).used()
        if used is not None:
            _bill(row, used.documents, Metered(row.pk, used.since, used.through), on, by)
        to = Moved(row.next_version_id, row.billed_through, row.anchor_day, row.cycle_on,
                   quantity=row.next_quantity)  # fmt: skip
        subscriptions.move(subscription_id=row.pk, to=to, by=by)


def _over(entity_id: int, on: date) -> list[int]:
    """Subscriptions whose fixed term is over."""
    fixed = [
        one for one in versions(Plan.objects.filter(entity_id=entity_id)).values() if _ends(one)
    ]
    return [
        row.pk
        for version in fixed
        for row in Subscription.objects.filter(version_id=version.id, state__in=RUNNING)
        if row.started_on and (closing(version.terms.phases, row.started_on) or on) <= on
        if closing(version.terms.phases, row.started_on)
    ]


def _ends(version: Version) -> bool:
    return version.terms.phases[-1].length is not None


def _to(outcome: Outcome) -> Moved:
    if outcome.to is None:
        raise ValueError("a change goes on somewhere")
    return outcome.to


def _close(row: Subscription, outcome: Outcome, by: Actor) -> None:
    """Invoice what passed, withdraw what was asked for, and give back what is not had."""
    _withdraw(row)
    _bill(row, outcome.closing, outcome.metered, outcome.on, by)
    credit_lines(
        credits=[one.wish for one in outcome.back], on=outcome.on,
        once=f"change:{row.pk}:{row.changes.count()}", by=by,
    )  # fmt: skip


def _bill(
    row: Subscription, closing: Sequence[tuple[DraftLine, ...]], used: Metered | None, on: date,
    by: Actor,
) -> None:  # fmt: skip
    """Invoice what passed; of what is prepaid, what was used."""
    due_on = renewal.due_day(on, chosen(RenewalPolicy, row.entity_id).due_days)
    drafts = [Draft(row.entity_id, row.customer_id, lines, on, due_on) for lines in closing]
    issue(drafts=drafts, by=by)
    if used is not None:
        subscriptions.advance_metered(advances=[used], by=by)


def _spend(row: Subscription, outcome: Outcome, by: Actor) -> None:
    """What was given back pays what else is open, where it does so at once."""
    customers = [row.customer_id]
    spend_left_over(entity_id=row.entity_id, customer_ids=customers, on=outcome.on, by=by)


def _withdraw(row: Subscription) -> None:
    """What was asked for holds no more; the next run asks for what then is so."""
    asked = ProForma.objects.filter(subscription=row, state__in=ProForma.PAYABLE)
    asked.update(state=ProForma.LAPSED)


def _open(row: Subscription, outcome: Outcome, by: Actor) -> None:
    """Ask for what comes of a prepaid service, and let credit pay it."""
    if not outcome.asks or not outcome.charges:
        return
    ask(asked=[(row, outcome.charges)], on=outcome.on, by=by)
    spend(entity_id=row.entity_id, customer_ids=[row.customer_id], on=outcome.on, by=by)


def _end(row: Subscription, outcome: Outcome, by: Actor) -> None:
    _close(row, outcome, by)
    subscriptions.end(subscription_id=row.pk, on=outcome.on, by=by)
    _spend(row, outcome, by)
