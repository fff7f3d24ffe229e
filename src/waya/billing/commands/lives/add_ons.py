"""Take an add-on on top of a subscription, and drop it: shown before, done all or not at all."""

from __future__ import annotations

from datetime import date
from typing import Literal

from django.db import transaction
from django.db.models import Q

from waya.billing.commands.credits import credit_lines
from waya.billing.commands.documents import ask, quote
from waya.billing.commands.invoices import issue
from waya.billing.commands.lives.rows import opened
from waya.billing.commands.settle import spend, spend_left_over
from waya.billing.models import ProForma
from waya.billing.policy import RenewalPolicy
from waya.billing.queries.due import Search, billing_of, lapsing, to_ask
from waya.billing.queries.lives.add_ons import Part, part_of
from waya.billing.queries.lives.on_top import OnTop
from waya.billing.queries.lives.outcomes import Outcome
from waya.billing.rules import renewal
from waya.billing.rules.drafts import Draft
from waya.catalog.models import Plan
from waya.catalog.queries import goes_with, price_on
from waya.kernel.errors import Refused
from waya.org.actors import Actor
from waya.org.policy import chosen
from waya.subscriptions.commands import add_ons as subscriptions
from waya.subscriptions.models import AddOn, Subscription
from waya.subscriptions.queries import RUNNING

When = Literal["at_once", "term_end"]
_HAVING = (*RUNNING, Subscription.PENDING, Subscription.PAUSED)


@transaction.atomic
def take_add_on(
    *, subscription_id: int, plan_id: int, on: date, by: Actor, quantity: int = 1,
    when: When = "at_once", preview: bool = False,
) -> Outcome:  # fmt: skip
    """Put an add-on on top of a subscription, at once or from its next term, at the price of
    the day; it is charged by the cycles and on the bills of the subscription, and ends with it.

    At once, a prepaid one pays for the days up to where it is paid, by their share of a cycle:
    refuses `change_needs_money` with what is `missing` as credit. One that is had already is
    what there is, and what was to end goes on. Refuses `plan_unknown`, `plan_withdrawn`,
    `not_an_add_on`, `add_on_had`, `no_price` and `not_possible_now`.
    """
    by = by.must("billing.change_plan")
    row = opened(subscription_id=subscription_id, states=(*RUNNING, Subscription.PENDING), by=by)
    plan = Plan.objects.filter(pk=plan_id, entity_id=row.entity_id).first()
    if plan is None:
        raise Refused("plan_unknown")
    if not plan.on_sale:
        raise Refused("plan_withdrawn", plan=plan.name)
    if not goes_with(plan, row.plan) or not 1 <= quantity <= 1000:
        raise Refused("not_an_add_on", plan=plan.name, of=row.plan.name)
    top = OnTop(row, on, plan)
    had = row.add_ons.filter(plan=plan).exclude(state=AddOn.OVER).first()
    if had is not None:
        if not preview:
            subscriptions.add(subscription_id=row.pk, of=row.plan, version_id=had.version_id,
                              quantity=quantity, start=had.start, on=on, by=by)  # fmt: skip
            _asked_anew(row, on, by)
        return top.nothing()
    version_id, start = price_on(plan.pk, on).version_id, top.starts(when)
    outcome = top.taken(Part(0, row.pk, plan.pk, version_id, quantity, start))
    if preview:
        return outcome
    if outcome.to_pay.minor:
        raise Refused("change_needs_money", missing=outcome.to_pay)
    one = subscriptions.add(subscription_id=row.pk, of=row.plan, version_id=version_id,
                            quantity=quantity, start=start, on=on, by=by)  # fmt: skip
    _invoice(row, top.taken(part_of(one)), by)
    _asked_anew(row, on, by)
    return outcome


@transaction.atomic
def drop_add_on(
    *, add_on_id: int, on: date, by: Actor, when: When = "at_once", preview: bool = False
) -> Outcome:
    """End an add-on, at once or at the end of the term. At once, the days that were paid and are
    not had are given back by policy; its deposit is, whenever it ends. What was not billed yet
    is, on the next bill. Dropping again changes nothing. Refuses `not_possible_now`."""
    by = by.must("billing.change_plan")
    found = AddOn.objects.values_list("subscription_id", flat=True).filter(pk=add_on_id).first()
    row = opened(subscription_id=found or 0, states=_HAVING, by=by)
    one = AddOn.objects.select_related("plan").get(pk=add_on_id)
    top = OnTop(row, on, one.plan)
    if one.state == AddOn.OVER:
        return top.nothing()
    outcome = top.dropped(part_of(one), when)
    if not preview:
        subscriptions.drop(add_on_id=one.pk, end=outcome.on, on=on, by=by)
        _give_back(row, one, outcome, by)
        _asked_anew(row, on, by)
    return outcome


def turn_add_ons(*, entity_id: int, on: date, by: Actor) -> int:
    """Let add-ons begin and end whose day has come; the deposit of what ends is given back.
    Gives on how many subscriptions."""
    by = by.must("billing.change_plan")
    due = AddOn.objects.filter(
        Q(state=AddOn.WAITING, start__lte=on) | Q(state=AddOn.RUNNING, end__lte=on),
        subscription__entity=entity_id, subscription__state__in=_HAVING,
    )  # fmt: skip
    keys = sorted(set(due.values_list("subscription_id", flat=True)))
    for key in keys:
        _turn(key, on, by)
    return len(keys)


@transaction.atomic
def _turn(key: int, on: date, by: Actor) -> None:
    row = opened(subscription_id=key, states=_HAVING, by=by)
    for one in row.add_ons.filter(end__lte=on).exclude(state=AddOn.OVER).select_related("plan"):
        _give_back(row, one, OnTop(row, on, one.plan).over(part_of(one)), by)
    subscriptions.turn_add_ons(subscription_id=row.pk, on=on, by=by)


def _invoice(row: Subscription, outcome: Outcome, by: Actor) -> None:
    """Invoice what is paid at once, and let the customer's credit pay it."""
    if not (outcome.asks and outcome.now and outcome.charges):
        return
    due_on = renewal.due_day(outcome.on, chosen(RenewalPolicy, row.entity_id).due_days)
    issue(drafts=[Draft(row.entity_id, row.customer_id, outcome.charges, outcome.on, due_on)],
          by=by)  # fmt: skip
    spend(entity_id=row.entity_id, customer_ids=[row.customer_id], on=outcome.on, by=by)


def _give_back(row: Subscription, one: AddOn, outcome: Outcome, by: Actor) -> None:
    credit_lines(
        credits=[back.wish for back in outcome.back], on=outcome.on,
        once=f"add_on:{one.pk}:{outcome.on.isoformat()}", by=by,
    )  # fmt: skip
    customers = [row.customer_id]
    spend_left_over(entity_id=row.entity_id, customer_ids=customers, on=outcome.on, by=by)


def _asked_anew(row: Subscription, on: date, by: Actor) -> None:
    """Withdraw what is asked for of a subscription, and ask for what is so now."""
    open_ = ProForma.objects.filter(subscription=row, state=ProForma.OPEN)
    if not open_.update(state=ProForma.LAPSED):
        return
    if row.state == Subscription.PENDING:
        quote(subscription_id=row.pk, on=on, by=by)
        return
    day = billing_of(row.entity_id, on)
    due = Search.of(lapsing(day).filter(pk=row.pk)).rows([row.customer_id])
    ask(asked=[(row, one.lines) for one in to_ask(day, due)], on=on, by=by)
