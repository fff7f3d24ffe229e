"""Ask for prepaid periods before they begin: pro formas, which are no tax documents."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.db import transaction

from waya.billing.models import ProForma
from waya.billing.queries.pricing import PriceList
from waya.billing.rules import renewal
from waya.billing.rules.drafts import Charged
from waya.kernel.errors import Refused
from waya.org.actors import Actor
from waya.org.audit import Happened, record_many
from waya.org.commands.numbering import next_numbers
from waya.subscriptions.models import Subscription


@transaction.atomic
def quote(*, subscription_id: int, on: date, by: Actor) -> ProForma:
    """Ask for the first period of a subscription that begins today, and until it is paid.

    Asking again on the same day gives the same pro forma; a later day lapses the earlier
    one, whose days have passed. Refuses `subscription_running` once it was paid.
    """
    by = by.must("billing.quote")
    row = Subscription.objects.select_related("plan", "entity").get(pk=subscription_id)
    if row.state != Subscription.PENDING:
        raise Refused("subscription_running", username=row.username)
    known = ProForma.objects.filter(subscription=row, start=on).first()
    if known:
        return known
    ProForma.objects.filter(subscription=row, state=ProForma.OPEN).update(state=ProForma.LAPSED)
    bought = renewal.first(on, months=row.plan.months, calendar_day=row.plan.calendar_day)
    charged = PriceList([row.plan], row.entity.country).charge(
        row.plan, bought, tax_point=on, whole=row.plan.calendar_day is None
    )
    return ask(asked=[(row, charged)], on=on, by=by)[0]


@transaction.atomic
def ask(*, asked: Sequence[tuple[Subscription, Charged]], on: date, by: Actor) -> list[ProForma]:
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
                start=charged.period.start,
                end=charged.period.end,
                currency=charged.taxed.net.currency,
                total_minor=charged.taxed.gross.minor,
                why=charged.why,
            )
            for (row, charged), number in zip(asked, numbers, strict=True)
        ]
    )
    record_many(by, [
        Happened("pro_forma.issued", ("pro_forma", one.pk), customer_id=one.customer_id,
                 why={"number": one.number, "minor": one.total_minor, "currency": one.currency,
                      "from": one.start.isoformat(), "until": one.end.isoformat()})
        for one in rows
    ])  # fmt: skip
    return rows
