"""One service more for a customer we have: what it comes to, and the order for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

from django.db import transaction

from waya.billing.commands.lives.add_ons import take_add_on
from waya.billing.models import ProForma
from waya.billing.queries.accounts import account
from waya.billing.queries.lives.first import Added, added, turns_of
from waya.catalog.models import Plan
from waya.catalog.queries import version_today
from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.orders.commands.begin import ask_phone, begin
from waya.org.actors import Actor
from waya.org.queries import visible_to
from waya.parties.commands.customers import lock_customers
from waya.parties.models import Customer, Site
from waya.parties.queries import phones_of
from waya.payments.models import Prompt
from waya.subscriptions.commands.lives import request
from waya.subscriptions.models import Subscription
from waya.subscriptions.queries import router_for

SAME_WITHIN = timedelta(minutes=15)
Align = Literal["", "own", "customer"]


@dataclass(frozen=True, slots=True)
class Order:
    """A service that was added; a postpaid one, or one that is free at first, asks for nothing.
    `prompt` is what a phone was asked, where one was to be."""

    subscription: Subscription
    pro_forma: ProForma | None
    prompt: Prompt | None = None


@transaction.atomic
def add(
    *, customer_id: int, plan_id: int, by: Actor, site_id: int | None = None, align: Align = "",
    add_ons: Sequence[int] = (),
) -> Order:  # fmt: skip
    """Note that a customer of ours wants one service more, at a place of theirs (the first
    unless another is named), and ask for its first period.

    `align` says whether its periods end with those of their others (`customer`), so that the
    first is a part, or on a day of its own (`own`); without it policy does (`billing.terms`).
    Sent again within minutes, not yet paid, it gives the first. Refuses `plan_unknown`,
    `site_unknown`, `nothing_to_align`, and what the contexts below refuse.
    """
    by = by.must("orders.add")
    customer, plan, site = _found(customer_id, plan_id, site_id, by)
    lock_customers(customer_ids=[customer.pk], by=by)
    today = clock.today(customer.entity.zone)
    row = _same(customer, plan, site)
    if row is None:
        row = request(
            customer=customer, site=site, plan=plan, router_id=router_for(customer.entity_id).pk,
            by=by, turns=turns_of(customer.pk, plan, align),
        )  # fmt: skip
        for add_on in add_ons:
            take_add_on(subscription_id=row.pk, plan_id=add_on, on=today, by=by)
    if row.state != Subscription.PENDING:
        return Order(row, None)
    return Order(row, begin(row=row, on=today, by=by))


def add_and_prompt(
    *, customer_id: int, plan_id: int, by: Actor, site_id: int | None = None, align: Align = "",
    add_ons: Sequence[int] = (),
) -> Order:  # fmt: skip
    """Add a service as `add` does, and ask the customer's phone for what begins it: for all that
    is to be paid, since what is older is paid first.

    The records are there whatever becomes of the prompt. Sent again within minutes, the phone is
    not asked again.
    """
    by = by.must("orders.add")
    order = add(customer_id=customer_id, plan_id=plan_id, site_id=site_id, align=align,
                add_ons=add_ons, by=by)  # fmt: skip
    customer = order.subscription.customer
    to_pay = account(customer.pk, customer.entity_id).to_pay
    phone = phones_of([customer.pk]).get(customer.pk, "")
    if order.pro_forma is None or not to_pay or not phone:
        return order
    asked = ask_phone(customer=customer, phone=phone, amount_minor=to_pay.minor, by=by)
    return replace(order, prompt=asked)


def preview(
    *, customer_id: int, plan_id: int, by: Actor, site_id: int | None = None, align: Align = ""
) -> Added:
    """What the first period of one service more would be: its days, its lines and what is to be
    paid. Nothing is written; refuses what `add` refuses."""
    by = by.must("orders.add")
    customer, plan, site = _found(customer_id, plan_id, site_id, by)
    if not plan.on_sale:
        raise Refused("plan_withdrawn", plan=plan.name)
    turns = turns_of(customer.pk, plan, align)
    row = Subscription(
        pk=0, entity=customer.entity, customer=customer, site=site, plan=plan,
        version_id=version_today(plan),
        anchor_day=turns.anchor_day if turns else None, cycle_on=turns.cycle_on if turns else None,
    )  # fmt: skip
    return added(row, clock.today(customer.entity.zone))


def _found(
    customer_id: int, plan_id: int, site_id: int | None, by: Actor
) -> tuple[Customer, Plan, Site]:
    customer = visible_to(by, Customer.objects.select_related("entity")).get(pk=customer_id)
    plan = Plan.objects.filter(pk=plan_id, entity=customer.entity, add_on=False).first()
    if plan is None:
        raise Refused("plan_unknown")
    sites = Site.objects.filter(customer=customer).order_by("pk")
    site = (sites.filter(pk=site_id) if site_id is not None else sites).first()
    if site is None:
        raise Refused("site_unknown")
    return customer, plan, site


def _same(customer: Customer, plan: Plan, site: Site) -> Subscription | None:
    """What was asked for a moment ago: a form is easily sent twice."""
    rows = Subscription.objects.filter(
        customer=customer, plan=plan, site=site, created_at__gt=clock.now() - SAME_WITHIN
    )
    return rows.exclude(state=Subscription.ENDED).order_by("-pk").first()
