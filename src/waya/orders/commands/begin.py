"""Begin what was asked for, at once or when its first period is paid; ask a phone for that."""

from __future__ import annotations

import logging
from datetime import date

from django.db import transaction

from waya.billing.commands.documents import quote
from waya.billing.commands.lives.first import invoice_first
from waya.billing.models import ProForma
from waya.billing.queries.lives.first import first_bill
from waya.catalog.models import Plan
from waya.kernel.errors import Refused
from waya.org.actors import Actor
from waya.parties.models import Customer
from waya.payments.commands.prompts import prompt
from waya.payments.models import Prompt
from waya.subscriptions.commands.lives import activate
from waya.subscriptions.models import Subscription
from waya.subscriptions.rules.life import Renewal

log = logging.getLogger("waya.orders")


@transaction.atomic
def begin(*, row: Subscription, on: date, by: Actor) -> ProForma | None:
    """Ask for the first period of a subscription that waits for its payment, on a day, or for
    what is charged once before it is free for a while; what is paid after its period, or asks
    for nothing at first, begins at once: the bills begin where what is free ends."""
    by = by.must("orders.begin")
    first = first_bill(row, on)
    opens, prepaid = first.since, row.plan.mode == Plan.PREPAID
    if prepaid and (opens <= on or first.lines):
        return quote(subscription_id=row.pk, on=on, by=by)
    renewal = Renewal(
        subscription_id=row.pk,
        start=on,
        paid_through=opens if prepaid else None,
        billed_through=opens,
        anchor_day=row.plan.calendar_day or row.anchor_day or opens.day,
    )
    activate(renewals=[renewal], by=by)
    if opens > on:
        invoice_first(row=row, lines=first.lines, on=on, by=by)
    row.refresh_from_db()
    return None


def ask_phone(*, customer: Customer, phone: str, amount_minor: int, by: Actor) -> Prompt | None:
    """Ask a phone for what begins a service, after its records are there; when it was asked a
    moment ago, that prompt is the one. What cannot be sent takes nothing back: then there is
    none, or one that says why."""
    by = by.must("payments.prompt")
    try:
        return prompt(customer_id=customer.pk, phone=phone, amount_minor=amount_minor, by=by)
    except Refused as refusal:
        log.info("customer %s was not asked by phone: %s", customer.pk, refusal)
        return Prompt.objects.filter(customer=customer).order_by("-pk").first()
