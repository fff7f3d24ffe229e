"""The audit: one indexed timeline that feeds every *why*."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from waya.kernel import clock
from waya.org.actors import Actor
from waya.org.models import AuditRecord


@dataclass(frozen=True, slots=True)
class Happened:
    """Something to record: an action such as `payment.taken` upon a subject such as
    `("payment", 7)`; `cause` is the id of the audit record that led to it."""

    action: str
    subject: tuple[str, int | None]
    customer_id: int | None = None
    site_id: int | None = None
    router_id: int | None = None
    cause: int | None = None
    why: dict[str, Any] = field(default_factory=dict)


def record_many(by: Actor, happened: Sequence[Happened]) -> list[int]:
    """Write audit records in the current transaction; gives their ids, in order."""
    at = clock.now()
    rows = [
        AuditRecord(
            entity_id=by.entity_id,
            at=at,
            actor_kind=by.kind,
            actor_id=by.id,
            actor_name=by.name,
            action=one.action,
            subject_kind=one.subject[0],
            subject_id=one.subject[1],
            customer_id=one.customer_id,
            site_id=one.site_id,
            router_id=one.router_id,
            cause_id=one.cause,
            why=one.why,
        )
        for one in happened
    ]
    return [row.id for row in AuditRecord.objects.bulk_create(rows, batch_size=2000)]
