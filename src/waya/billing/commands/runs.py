"""A night's billing as people steer it: begun within its bounds, watched, stopped, let go on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from django.db import transaction
from django.db.models import Count, QuerySet

from waya.billing.models import BillingRun, Parked
from waya.billing.policy import BoundsPolicy
from waya.billing.queries.due import Billing
from waya.billing.rules.bounds import Night, beyond
from waya.kernel import clock
from waya.kernel.errors import NotYet
from waya.kernel.periods import add_months
from waya.org.actors import Actor
from waya.org.audit import Happened, record_many
from waya.org.commands.approvals import close_approval, request_approval
from waya.org.models import Approval
from waya.org.policy import chosen
from waya.org.rows.asking import ask
from waya.subscriptions.models import Subscription

KIND = "billing_run"
# A grant holds for the nights right after the one it was asked for: they bill the same.
_GRANTED_FOR = timedelta(days=3)

_IN_TURN = "select pg_advisory_xact_lock(hashtext('waya.billing_run'), %s)"
_BEAT = """
update billing_billingrun set done = done + %s, invoices = invoices + %s,
    pro_formas = pro_formas + %s, total_minor = total_minor + %s, beat_at = %s
where id = %s returning stopped_by
"""


def begin(*, day: Billing, due: Sequence[QuerySet[Subscription]], by: Actor) -> BillingRun | None:
    """Begin a run, or go on with it; None when nobody is due and no run was begun.

    Raises NotYet `run_stopped` while somebody has stopped it, and `run_waits` while it is
    beyond its bounds and nobody has granted it.
    """
    by = by.must("billing.bill")
    night = _expected(day, due)
    with transaction.atomic():
        ask(_IN_TURN, [day.entity.pk])
        row = BillingRun.objects.filter(entity=day.entity, on=day.on).first()
        if row is None and not night.documents:
            return None
        row = _looked_at(row, day, night, by)
    if row.stopped_by:
        raise NotYet("run_stopped", by=row.stopped_by)
    if row.state == BillingRun.WAITING:
        raise NotYet("run_waits")
    return row


def beat(*, row: BillingRun, looked_at: int, invoices: int, pro_formas: int, total_minor: int,
         by: Actor) -> bool:  # fmt: skip
    """Note what a chunk came to, in the chunk's own transaction; whether somebody wants the
    run to stop after it."""
    by.must("billing.bill")
    values = [looked_at, invoices, pro_formas, total_minor, clock.real_now(), row.pk]
    ((stopped_by,),) = ask(_BEAT, values)
    return bool(stopped_by)


@transaction.atomic
def finish(*, row: BillingRun, by: Actor) -> None:
    """Say that a run is done; whoever was parked before and is billed now is let go."""
    by.must("billing.bill")
    now = clock.real_now()
    BillingRun.objects.filter(pk=row.pk).update(state=BillingRun.DONE, beat_at=now, ended_at=now)
    Parked.objects.filter(
        entity_id=row.entity_id, on__lte=row.on, resolved_at=None, at__lt=row.started_at
    ).update(resolved_at=now)
    for key in _granted(row.entity_id, row.on):
        close_approval(approval_id=key, by=by)


@transaction.atomic
def stop(*, entity_id: int, on: date, by: Actor) -> None:
    """Stop a run after the chunks at work; it stays stopped until somebody lets it go on. A
    run that is done is not stopped any more, nor one that waits for a person: to let it go on
    would be to grant it."""
    by = by.must("billing.steer")
    rows = BillingRun.objects.filter(entity_id=entity_id, on=on, state=BillingRun.RUNNING)
    if rows.update(stopped_by=by.name, state=BillingRun.STOPPED):
        record_many(by, [Happened("billing.stopped", ("billing_run", None),
                                  why={"on": on.isoformat()})])  # fmt: skip


@transaction.atomic
def go_on(*, entity_id: int, on: date, by: Actor) -> None:
    """Let a stopped run go on; the business day's work takes it up within seconds."""
    by = by.must("billing.steer")
    rows = BillingRun.objects.filter(entity_id=entity_id, on=on, state=BillingRun.STOPPED)
    if rows.update(stopped_by="", state=BillingRun.RUNNING):
        record_many(by, [Happened("billing.went_on", ("billing_run", None),
                                  why={"on": on.isoformat()})])  # fmt: skip


def _expected(day: Billing, due: Sequence[QuerySet[Subscription]]) -> Night:
    """How many are due, and what whole periods of their versions come to: in one look, so that
    a run may be judged before it writes."""
    documents = total = 0
    for rows in due:
        counted = rows.values("version_id").annotate(many=Count("pk"))
        for version_id, many in counted.values_list("version_id", "many"):
            documents += many
            total += many * day.prices.versions[version_id].price.minor
    return Night(documents, total)


def _looked_at(row: BillingRun | None, day: Billing, night: Night, by: Actor) -> BillingRun:
    """The run's row, with whether it may go on."""
    now = clock.real_now()
    if row is None:
        row = BillingRun(entity=day.entity, on=day.on, started_at=now, state=BillingRun.WAITING)
        row.expected_minor = night.total_minor
    row.due, row.beat_at = row.done + night.documents, now
    if not row.stopped_by and row.state != BillingRun.RUNNING:
        why = None if _granted(day.entity.pk, day.on) else _beyond(day, night)
        row.state = BillingRun.WAITING if why else BillingRun.RUNNING
        row.ended_at = None
        if why:
            _put_before_a_person(day, night, why, by)
    row.save()
    return row


def _beyond(day: Billing, night: Night) -> str | None:
    bounds = chosen(BoundsPolicy, day.entity.pk)
    past = _month_before(day)
    before = Night(past.due, past.expected_minor) if past else None
    return beyond(night, before, few=bounds.few, percent=bounds.change_percent,
                  most_minor=bounds.most_minor)  # fmt: skip


def _month_before(day: Billing) -> BillingRun | None:
    past = add_months(day.on, -1, anchor_day=day.on.day)
    return BillingRun.objects.filter(entity=day.entity, on=past).first()


def _granted(entity_id: int, on: date) -> list[int]:
    """Grants that hold for a night: subjects are ISO dates, which sort as days do."""
    return list(
        Approval.objects.filter(
            entity_id=entity_id, kind=KIND, state=Approval.GRANTED,
            subject__gte=(on - _GRANTED_FOR).isoformat(), subject__lte=on.isoformat(),
        ).values_list("pk", flat=True)
    )  # fmt: skip


def _put_before_a_person(day: Billing, night: Night, why: str, by: Actor) -> None:
    past = _month_before(day)
    currency = day.entity.currency
    facts: dict[str, object] = {
        "on": day.on.isoformat(), "bound": why, "due": night.documents,
        "expected_minor": night.total_minor, "currency": currency,
    }  # fmt: skip
    if past:
        facts |= {"month_before_due": past.due, "month_before_minor": past.expected_minor}
    request_approval(
        entity_id=day.entity.pk, kind=KIND, subject=day.on.isoformat(),
        title=f"Bill {night.documents:,} subscriptions on {day.on:%-d %b %Y}", why=facts, by=by,
    )  # fmt: skip
