"""Ask for prepaid periods before they begin: pro formas, which are no tax documents."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db import transaction

from waya.billing.models import ProForma
from waya.billing.policy import BillingPolicy
from waya.billing.queries.lives.due import due_of
from waya.billing.queries.lives.worked import work_out
from waya.billing.queries.pricing import PriceList
from waya.billing.rules.drafts import DraftLine
from waya.billing.rules.drafts import asked as keep
from waya.billing.rules.lives import opening
from waya.kernel.errors import Refused
from waya.org.actors import Actor
from waya.org.audit import Happened, record_many
from waya.org.commands.numbering import next_numbers
from waya.org.policy import chosen
from waya.subscriptions.models import Subscription


@transaction.atomic
def quote(*, subscription_id: int, on: date, by: Actor) -> ProForma:
    """Ask for the first period of a subscription that begins today, and until it is paid.

    Asking again on the same day gives the same pro forma; a later day lapses the earlier
    one, whose days have passed. Refuses `subscription_running` once it was paid, and
    `begins_free` and `nothing_to_ask` where nothing is to be paid to begin.
    """
    by = by.must("billing.quote")
    row = Subscription.objects.select_related("plan", "entity").get(pk=subscription_id)
    if row.state != Subscription.PENDING:
        raise Refused("subscription_running", username=row.username)
    known = ProForma.objects.filter(subscription=row, start=on, state=ProForma.OPEN).first()
    if known:
        return known
    ProForma.objects.filter(subscription=row, state=ProForma.OPEN).update(state=ProForma.LAPSED)
    plan = row.plan
    prices = PriceList([plan], row.entity.country)
    began = opening(prices.versions[row.version_id].terms.phases, on)
    if began > on:
        raise Refused("begins_free", on=began.isoformat())
    due = due_of(row, on, plan.calendar_day or on.day)
    (worked,) = work_out([due], prices, chosen(BillingPolicy, row.entity_id), on, arrears=False)
    lines = tuple(line for document in worked.documents for line in document)
    if not lines:
        raise Refused("nothing_to_ask", plan=plan.name)
    return ask(asked=[(row, lines)], on=on, by=by)[0]


@transaction.atomic
def ask(
    *, asked: Sequence[tuple[Subscription, tuple[DraftLine, ...]]], on: date, by: Actor
) -> list[ProForma]:
    """Issue pro formas of one entity: no tax document, nothing is posted."""
    by = by.must("billing.quote")
    if not asked:
        return []
    numbers = next_numbers(
        entity_id=asked[0][0].entity_id, kind="pro_forma", count=len(asked), by=by
    )
    rows = ProForma.objects.bulk_create(
        [
            ProForma(
                entity_id=row.entity_id,
                customer_id=row.customer_id,
                subscription=row,
                number=number,
                issued_on=on,
                **_told(lines),
            )
            for (row, lines), number in zip(asked, numbers, strict=True)
        ]
    )
    record_many(by, [
        Happened("pro_forma.issued", ("pro_forma", one.pk), customer_id=one.customer_id,
                 why={"number": one.number, "minor": one.total_minor, "currency": one.currency,
                      "from": one.start.isoformat(), "until": one.end.isoformat()})
        for one in rows
    ])  # fmt: skip
    return rows


def _told(lines: tuple[DraftLine, ...]) -> dict[str, Any]:
    why = keep(lines)
    return {
        "start": date.fromisoformat(why["from"]),
        "end": date.fromisoformat(why["until"]),
        "currency": why["currency"],
        "total_minor": sum(line.charged.sums[2] for line in lines),
        "why": why,
    }
