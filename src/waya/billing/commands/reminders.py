"""Remind whoever has something to pay, on the days that policy says, each day once."""

from __future__ import annotations

from datetime import date, timedelta

from django.db import transaction
from django.db.models import F

from waya.billing.commands.notices import Notice, notify
from waya.billing.models import Invoice, ProForma
from waya.billing.policy import DunningPolicy
from waya.billing.rules.dunning import reminder_offset
from waya.kernel.money import Money
from waya.org.actors import Actor
from waya.org.policy import chosen
from waya.subscriptions.queries import RUNNING


@transaction.atomic
def remind(*, entity_id: int, on: date, by: Actor) -> dict[str, int]:
    """Say what was asked and invoiced today, and remind of pro formas before their period
    and of invoices around their due day. What is paid by then is not mentioned.

    Each reminder is said once for each document and day, however often this runs.
    """
    by = by.must("billing.remind")
    policy = chosen(DunningPolicy, entity_id)
    notices = _fresh(entity_id, on) + _asked(entity_id, on, policy)
    notices += _invoiced(entity_id, on, policy)
    notify(notices=notices, by=by)
    return {"reminders": len(notices)}


def _fresh(entity_id: int, on: date) -> list[Notice]:
    asked = ProForma.objects.filter(
        entity_id=entity_id, issued_on=on, state=ProForma.OPEN, subscription__state__in=RUNNING
    ).select_related("subscription__plan")
    notices = [
        Notice(one.customer_id, "renewal", Money(one.total_minor, one.currency),
               one.start, f"renewal:{one.pk}", one.subscription.plan.name)
        for one in asked
    ]  # fmt: skip
    invoices = Invoice.objects.filter(
        entity_id=entity_id, issued_on=on, paid_minor__lt=F("total_minor")
    )
    return notices + [
        Notice(one.customer_id, "reminder", Money(one.total_minor - one.paid_minor, one.currency),
               one.due_on, f"invoice:{one.pk}")
        for one in invoices
    ]  # fmt: skip


def _asked(entity_id: int, on: date, policy: DunningPolicy) -> list[Notice]:
    """A prepaid period is due by the day before it begins; after that it is walled, and the
    message of the block has said so."""
    starts = [on + timedelta(days=days + 1) for days in policy.remind_days_before]
    rows = ProForma.objects.filter(
        entity_id=entity_id,
        state=ProForma.OPEN,
        start__in=starts,
        subscription__state__in=RUNNING,
    )
    return [
        Notice(
            one.customer_id,
            "reminder",
            Money(one.total_minor, one.currency),
            one.start - timedelta(days=1),
            f"reminder:pro_forma:{one.pk}:{on.isoformat()}",
        )
        for one in rows
    ]


def _invoiced(entity_id: int, on: date, policy: DunningPolicy) -> list[Notice]:
    latest = on + timedelta(days=max(policy.remind_days_before, default=0))
    earliest = on - timedelta(days=max(policy.remind_days_after, default=0))
    rows = Invoice.objects.filter(
        entity_id=entity_id,
        due_on__range=(earliest, latest),
        paid_minor__lt=F("total_minor") - policy.tolerance_minor,
    )
    return [
        Notice(
            one.customer_id,
            "reminder",
            Money(one.total_minor - one.paid_minor, one.currency),
            one.due_on,
            f"reminder:invoice:{one.pk}:{on.isoformat()}",
        )
        for one in rows
        if reminder_offset(
            one.due_on, on, before=policy.remind_days_before, after=policy.remind_days_after
        )
        is not None
    ]
