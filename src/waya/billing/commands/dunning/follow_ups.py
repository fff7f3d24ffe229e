"""Customers whom a person should call, and that somebody did."""

from __future__ import annotations

from django.db import transaction

from waya.billing.models import FollowUp
from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.org.actors import Actor
from waya.org.audit import Happened, record_many


@transaction.atomic
def resolve(*, follow_up_id: int, note: str, by: Actor) -> FollowUp:
    """Say what came of a call; once resolved it stays as it was told first.

    Refuses `reason_missing` without a note.
    """
    by = by.must("billing.follow_up")
    note = " ".join(note.split())[:300]
    if not note:
        raise Refused("reason_missing")
    rows = FollowUp.objects.select_for_update(no_key=True, of=("self",))
    found = rows.get(pk=follow_up_id)
    if found.resolved_at is not None:
        return found
    found.resolved_at, found.resolved_by, found.note = clock.now(), by.name, note
    found.save(update_fields=["resolved_at", "resolved_by", "note"])
    record_many(by, [Happened("follow_up.resolved", ("follow_up", found.pk),
                              customer_id=found.customer_id, why={"note": note})])  # fmt: skip
    return found
