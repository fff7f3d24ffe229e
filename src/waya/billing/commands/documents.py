"""Ask for prepaid periods before they begin: pro formas, which are no tax documents."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef

from waya.billing.models import ProForma
from waya.billing.policy import BillingPolicy
from waya.billing.queries.lives.add_ons import plans_of
from waya.billing.queries.lives.due import due_of
from waya.billing.queries.lives.worked import work_out
from waya.billing.queries.pricing import PriceList
from waya.billing.queries.taxes.buyers import as_asked_of, buyers
from waya.billing.rules.drafts import DraftLine, again
from waya.billing.rules.drafts import asked as keep
from waya.billing.rules.lives import opening
from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.org.actors import Actor
from waya.org.audit import Happened, record_many
from waya.org.commands.numbering import next_numbers
from waya.org.policy import chosen
from waya.subscriptions.models import Subscription
from waya.subscriptions.queries import RUNNING


@transaction.atomic
def quote(*, subscription_id: int, on: date, by: Actor) -> ProForma:
    """Ask for the first period of a subscription that begins today, and until it is paid.

    Asking again on the same day gives the same pro forma; a later day lapses the earlier
    one, whose days have passed. Refuses `subscription_running` once it was paid, and
    `begins_free` and `nothing_to_ask` where nothing is to be paid to begin.
    """
    by = by.must("billing.quote")
    row = Subscription.objects.select_related("plan", "entity", "customer").get(pk=subscription_id)
    if row.state != Subscription.PENDING:
        raise Refused("subscription_running", username=row.username)
    known = ProForma.objects.filter(subscription=row, start=on, state=ProForma.OPEN).first()
    if known:
        return known
    ProForma.objects.filter(subscription=row, state=ProForma.OPEN).update(state=ProForma.LAPSED)
    plan = row.plan
    prices = PriceList(plans_of(row), row.entity.country)
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
def offer_hours(
    *, subscription_ids: Sequence[int], by: Actor, state: str = ProForma.OFFERED
) -> list[ProForma]:
    """Offer the next hours of running subscriptions that are paid by the hour: whoever pays
    them, whenever, has them. What is to end gets no offer, and what has one keeps it."""
    by = by.must("billing.quote")
    waiting = ProForma.objects.filter(subscription=OuterRef("pk"), state__in=ProForma.PAYABLE)
    rows = list(
        Subscription.objects.filter(
            ~Exists(waiting), pk__in=subscription_ids, state__in=RUNNING, next_on=None,
            plan__unit="hour",
        ).select_related("plan", "entity", "customer").order_by("pk")
    )  # fmt: skip
    if not rows:
        return []
    entity = rows[0].entity
    today = clock.today(entity.zone)
    due = {row.pk: due_of(row, today, today.day) for row in rows}
    prices = PriceList({row.plan for row in rows}, entity.country)
    how = chosen(BillingPolicy, entity.pk)
    worked = work_out(list(due.values()), prices, how, today, arrears=False)
    lines = {one.row.id: again(line for lines in one.documents for line in lines) for one in worked}
    asked = [(row, lines[row.pk]) for row in rows if lines.get(row.pk)]
    return ask(asked=asked, on=today, by=by, state=state)


@transaction.atomic
def ask(
    *, asked: Sequence[tuple[Subscription, tuple[DraftLine, ...]]], on: date, by: Actor,
    state: str = ProForma.OPEN,
) -> list[ProForma]:  # fmt: skip
    """Issue pro formas of one entity: no tax document, nothing is posted. One that is only
    offered asks nobody, and nothing is said of it. The subscriptions come with their customers,
    whose branches number them."""
    by = by.must("billing.quote")
    if not asked:
        return []
    found = buyers(row.customer_id for row, _ in asked)
    if found:
        asked = [
            (row, as_asked_of(lines, found.get(row.customer_id), row.entity_id))
            for row, lines in asked
        ]
    branches = [row.customer.branch_id for row, _ in asked]
    numbers = next_numbers(branches=branches, kind="pro_forma", by=by)
    rows = ProForma.objects.bulk_create(
        [
            ProForma(
                entity_id=row.entity_id,
                customer_id=row.customer_id,
                subscription=row,
                number=numbered.number,
                issuer_id=numbered.issuer_id,
                issued_on=on,
                state=state,
                **_told(lines),
            )
            for (row, lines), numbered in zip(asked, numbers, strict=True)
        ]
    )
    told = rows if state == ProForma.OPEN else []
    record_many(by, [
        Happened("pro_forma.issued", ("pro_forma", one.pk), customer_id=one.customer_id,
                 why={"number": one.number, "minor": one.total_minor, "currency": one.currency,
                      "from": one.start.isoformat(), "until": one.end.isoformat()})
        for one in told
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
