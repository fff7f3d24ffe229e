"""What waits for a person: asked once, decided by somebody else, carried out by its task."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.org import jobs
from waya.org.actors import Actor
from waya.org.audit import Happened, record_many
from waya.org.facts import page
from waya.org.models import Approval


@transaction.atomic
def request_approval(
    *, entity_id: int, kind: str, subject: str, title: str, why: dict[str, Any], by: Actor
) -> Approval:
    """Put something before a person; asking again for the same subject gives the first."""
    by = by.must("org.ask")
    approval, fresh = Approval.objects.get_or_create(
        entity_id=entity_id,
        kind=kind,
        subject=subject,
        defaults={
            "title": title,
            "why": why,
            "asked_by": by.name,
            "asked_by_id": by.id,
            "asked_at": clock.now(),
        },
    )
    if fresh:
        record_many(
            by, [Happened("approval.asked", ("approval", approval.pk), why={"title": title})]
        )
    return approval


@transaction.atomic
def decide(*, approval_id: int, grant: bool, by: Actor) -> Approval:
    """Grant or deny; a grant queues the task that goes on, which checks its facts again.

    Refuses `approval_decided` when somebody was first, and `own_approval` to whoever asked.
    """
    by = by.must("org.approve")
    approval = Approval.objects.select_for_update(no_key=True, of=("self",)).get(pk=approval_id)
    if approval.state != Approval.WAITING:
        raise Refused("approval_decided", by=approval.decided_by)
    if by.kind == "person" and by.id == approval.asked_by_id:
        raise Refused("own_approval")
    approval.state = Approval.GRANTED if grant else Approval.DENIED
    approval.decided_by = by.name
    approval.decided_at = clock.now()
    approval.save(update_fields=["state", "decided_by", "decided_at"])
    record_many(by, [Happened(f"approval.{approval.state}", ("approval", approval.pk),
                              why={"title": approval.title})])  # fmt: skip
    task = page().APPROVED.get(approval.kind)
    if grant and task:
        jobs.nudge(task, key=str(approval.pk), approval_id=approval.pk)
    return approval


@transaction.atomic
def close_approval(*, approval_id: int, by: Actor) -> None:
    """Say that what was granted has been carried out."""
    by.must("org.ask")
    Approval.objects.filter(pk=approval_id, state=Approval.GRANTED).update(state=Approval.DONE)
