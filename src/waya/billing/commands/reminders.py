"""Remind whoever has something to pay, on the days that the ladder says, each once."""

from __future__ import annotations

from datetime import date

from django.db import transaction
from django.db.models import F

from waya.billing.commands.dunning.climbing import claim
from waya.billing.commands.notices import Notice, notify
from waya.billing.models import DunningAction, Invoice, ProForma
from waya.billing.queries.tonight import nights, whom
from waya.billing.rules.ladder.tonight import Step, key_of
from waya.billing.rules.ladder.values import Action
from waya.kernel.money import Money
from waya.org.actors import Actor
from waya.org.queries import entity_of
from waya.org.rows.chunking import chunks
from waya.subscriptions.queries import RUNNING

CHUNK = 5000


def remind(*, entity_id: int, on: date, by: Actor) -> dict[str, int]:
    """Say what was asked and invoiced today, and whatever the ladder has to say: of pro formas
    before their period and of invoices around their due day. What is paid by then is not
    mentioned, nor is what is disputed or promised.

    Each customer is told once what was asked of them on a day, and once for each rung of what
    the ladder says, however many documents or services it is about and however often this runs.
    """
    by = by.must("billing.remind")
    with transaction.atomic():
        fresh = _fresh(entity_id, on)
        notify(notices=fresh, by=by)
    said = len(fresh)
    for chunk in chunks(sorted(whom(entity_id, on, (Action.MESSAGE,))), CHUNK):
        said += _say(entity_id, chunk, on, by)
    return {"reminders": said}


def _fresh(entity_id: int, on: date) -> list[Notice]:
    asked = ProForma.objects.filter(
        entity_id=entity_id, issued_on=on, state=ProForma.OPEN, subscription__state__in=RUNNING
    ).select_related("subscription__plan")
    notices = [
        Notice(one.customer_id, "renewal", Money(one.total_minor, one.currency),
               one.start, f"renewal:{one.customer_id}:{on.isoformat()}",
               one.subscription.plan.name)
        for one in asked
    ]  # fmt: skip
    invoices = Invoice.objects.filter(
        entity_id=entity_id, issued_on=on, paid_minor__lt=F("total_minor")
    )
    charged = DunningAction.objects.filter(entity_id=entity_id, on=on, invoice__isnull=False)
    fees = set(charged.values_list("invoice_id", flat=True))  # told of when they were charged
    return notices + [
        Notice(one.customer_id, "reminder", Money(one.total_minor - one.paid_minor, one.currency),
               one.due_on, f"invoice:{one.customer_id}:{on.isoformat()}")
        for one in invoices
        if one.pk not in fees
    ]  # fmt: skip


@transaction.atomic
def _say(entity_id: int, customers: list[int], on: date, by: Actor) -> int:
    """Say to some customers what their night has to say; gives how much was said."""
    found = nights(entity_id, customers, on)
    wished = [
        step
        for night in found.values()
        for step in night.steps
        if step.rung.action is Action.MESSAGE
    ]
    claimed = claim(entity_id=entity_id, steps=wished, on=on, by=by)
    currency = entity_of(entity_id).currency
    notices = [_notice(step, currency, on) for step in wished if key_of(step) in claimed]
    notify(notices=notices, by=by)
    return len(notices)


def _notice(step: Step, currency: str, on: date) -> Notice:
    return Notice(
        step.customer_id,
        step.rung.text,
        Money(step.debt.owed_minor, currency),
        step.debt.due,
        f"{step.rung.key}:{step.debt.key}:{on.isoformat()}",
    )
