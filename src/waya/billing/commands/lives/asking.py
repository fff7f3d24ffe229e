"""Ask anew for what is asked for and not paid: when what it costs became another."""

from __future__ import annotations

from datetime import date

from django.db import transaction

from waya.billing.commands.documents import ask, offer_hours, quote
from waya.billing.models import ProForma
from waya.billing.queries.due import Search, billing_of, lapsing, to_ask
from waya.org.actors import Actor
from waya.subscriptions.models import Subscription


@transaction.atomic
def ask_anew(*, customer_id: int, on: date, by: Actor) -> list[ProForma]:
    """Withdraw what a customer, who is locked, is asked for, and ask for what is so now; never
    as of a day before it was asked."""
    by = by.must("billing.quote")
    waiting = ProForma.objects.filter(customer_id=customer_id, state__in=ProForma.PAYABLE)
    known = list(waiting.values_list("subscription_id", "state", "issued_on"))
    if not known:
        return []
    states = {key: state for key, state, _ in known}
    on = max(on, *(issued_on for _, _, issued_on in known))
    rows = Subscription.objects.filter(pk__in=states).select_related("plan", "entity", "customer")
    waiting.update(state=ProForma.LAPSED)
    asked: list[ProForma] = []
    renewed: dict[int, Subscription] = {}
    for row in rows.order_by("pk"):
        if row.state == Subscription.PENDING:
            asked.append(quote(subscription_id=row.pk, on=on, by=by))
        elif row.plan.unit == "hour":
            asked += offer_hours(subscription_ids=[row.pk], state=states[row.pk], by=by)
        else:
            renewed[row.pk] = row
    for entity_id in {row.entity_id for row in renewed.values()}:
        day = billing_of(entity_id, on)
        due = Search.of(lapsing(day).filter(pk__in=list(renewed))).rows([customer_id])
        lines = [(renewed[one.row.id], one.lines) for one in to_ask(day, due)]
        asked += ask(asked=lines, on=on, by=by)
    return asked
