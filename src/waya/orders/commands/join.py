"""A new customer, from name to prompt in one go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from django.db import connection, transaction

from waya.billing.commands.lives.add_ons import drop_add_on, take_add_on
from waya.billing.models import ProForma
from waya.catalog.models import Plan
from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.kernel.phone import e164
from waya.orders.commands.begin import ask_phone, begin
from waya.org.actors import Actor
from waya.org.models import Entity
from waya.parties.commands.customers import register
from waya.parties.models import Customer
from waya.payments.models import Prompt
from waya.subscriptions.commands.lives import request
from waya.subscriptions.models import AddOn, Subscription
from waya.subscriptions.queries import router_for

STAFF = ("person", "token", "system")
SAME_WITHIN = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Joined:
    """Who joined and what they have. A postpaid plan asks for nothing in advance; without a
    prompt, the customer pays the paybill."""

    customer: Customer
    subscription: Subscription
    pro_forma: ProForma | None
    prompt: Prompt | None


def join(
    *,
    entity_id: int,
    plan_id: int,
    name: str,
    phone: str,
    site_name: str,
    directions: str = "",
    language: str = "en",
    add_ons: Sequence[int] = (),
    by: Actor,
) -> Joined:
    """Register a customer and their site, note the plan they want and the add-ons on top of it,
    quote its first period and ask their phone for the money.

    The records appear together or not at all; the phone is asked afterwards, and a prompt
    that cannot be sent takes nothing back. Joining again with the same phone, name and plan
    within minutes, not yet paid, gives the first, with the add-ons wanted now. Refuses what the
    contexts below refuse, `plan_unknown`, and `plan_by_agreement` to anybody but staff for a
    postpaid plan.
    """
    by = by.must("orders.join")
    joined = _write(
        entity_id=entity_id, plan_id=plan_id, name=name, phone=phone, site_name=site_name,
        directions=directions, language=language, add_ons=add_ons,
        by=replace(by, entity_id=entity_id),
    )  # fmt: skip
    if joined.pro_forma is None:
        return joined
    asked = ask_phone(
        customer=joined.customer, phone=phone, amount_minor=joined.pro_forma.total_minor, by=by
    )
    return replace(joined, prompt=asked)


@transaction.atomic
def _write(
    *, entity_id: int, plan_id: int, name: str, phone: str, site_name: str,
    directions: str, language: str, add_ons: Sequence[int], by: Actor,
) -> Joined:  # fmt: skip
    entity = Entity.objects.get(pk=entity_id)
    plan = Plan.objects.filter(pk=plan_id, entity=entity).first()
    if plan is None or plan.add_on:
        raise Refused("plan_unknown")
    if plan.mode == Plan.POSTPAID and by.kind not in STAFF:
        raise Refused("plan_by_agreement", plan=plan.name)
    number = e164(phone, entity.country)
    row = _same(plan, name, number)
    if row is None:
        customer, site = register(
            entity_id=entity_id, name=name, phone=number, site_name=site_name,
            directions=directions, language=language, by=by,
        )  # fmt: skip
        router_id = router_for(entity_id).pk
        row = request(customer=customer, site=site, plan=plan, router_id=router_id, by=by)
    today = clock.today(entity.zone)
    _top(row, add_ons, today, by)
    return Joined(row.customer, row, begin(row=row, on=today, by=by), None)


def _same(plan: Plan, name: str, phone: str) -> Subscription | None:
    """What the same person asked for a moment ago: a form is easily sent twice."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"join:{phone}"])
    return (
        Subscription.objects.filter(
            plan=plan,
            state=Subscription.PENDING,
            customer__name=" ".join(name.split()),
            customer__contacts__phone=phone,
            created_at__gt=clock.now() - SAME_WITHIN,
        )
        .select_related("customer")
        .order_by("pk")
        .first()
    )


def _top(row: Subscription, add_ons: Sequence[int], today: date, by: Actor) -> None:
    """Have these add-ons, and none that was wanted a moment ago and is not now."""
    had = row.add_ons.exclude(state=AddOn.OVER).values_list("pk", "plan_id")
    for key, plan_id in had:
        if plan_id not in add_ons:
            drop_add_on(add_on_id=key, on=today, by=by)
    for add_on in add_ons:
        take_add_on(subscription_id=row.pk, plan_id=add_on, on=today, by=by)
