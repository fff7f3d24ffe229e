"""Names that the network cannot bring to order by itself: a person sees them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db import transaction
from django.db.models import F

from waya.kernel import clock
from waya.network.models import DesiredAccess, HandEdit, Router
from waya.org.actors import Actor
from waya.org.audit import Happened, record_many
from waya.org.rows.changing import change_rows


@transaction.atomic
def note_conflicts(*, router: Router, words: Mapping[str, str], by: Actor) -> None:
    """Set names aside: somebody else's (no words), or refused by the router with these words.

    They hold up nobody else's confirmation, and each is told once. The caller holds the
    router's lock.
    """
    by = by.must("network.reconcile")
    rows = list(
        DesiredAccess.objects.filter(router=router, name__in=list(words), conflict_since=None)
    )
    if not rows:
        return
    now = clock.real_now()
    for row in rows:
        row.conflict_since, row.confirmed_at = now, None
        row.refusal = words[row.name][:200]
    change_rows(rows, ["conflict_since", "confirmed_at", "refusal"])
    HandEdit.objects.bulk_create(
        HandEdit(
            router=router,
            name=row.name,
            field="secret",
            should="ours",
            does="somebody else's",
            seen_at=now,
            outcome=HandEdit.CONFLICT,
        )
        for row in rows
        if not row.refusal
    )
    record_many(by, [_happened(row, router) for row in rows])


@transaction.atomic
def retry_conflicts(*, router: Router, names: Iterable[str], by: Actor) -> int:
    """Owe these names again: what stood in the way is gone, or may be. Gives how many.

    The caller holds the router's lock.
    """
    by.must("network.reconcile")
    rows = DesiredAccess.objects.filter(
        router=router, name__in=list(names), conflict_since__isnull=False
    )
    count = rows.update(conflict_since=None, refusal="", number=router.wanted + 1)
    if count:
        Router.objects.filter(pk=router.pk).update(wanted=F("wanted") + 1)
        router.wanted += 1
    return count


def _happened(row: DesiredAccess, router: Router) -> Happened:
    return Happened(
        "access.conflict",
        ("access", row.pk),
        customer_id=row.customer_id,
        router_id=router.pk,
        cause=row.cause_id,
        why={"name": row.name, "router": router.name, "words": row.refusal},
    )
