"""Audit records of payments and prompts, to name them as causes and to tell their effects."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from waya.org.models import AuditRecord


def records(kind: str, keys: Iterable[int], actions: Collection[str]) -> dict[int, int]:
    """The latest record of some actions upon each subject of a kind, by subject."""
    rows = AuditRecord.objects.filter(
        subject_kind=kind, subject_id__in=list(keys), action__in=list(actions)
    ).order_by("pk")
    return {subject: key for key, subject in rows.values_list("pk", "subject_id") if subject}


def effects(causes: Collection[int], customer_ids: Iterable[int]) -> dict[int, set[str]]:
    """What each record led to directly, as actions such as `subscription.restored`."""
    if not causes:
        return {}
    rows = AuditRecord.objects.filter(
        customer_id__in=set(customer_ids), pk__gt=min(causes), cause_id__in=list(causes)
    )
    found: dict[int, set[str]] = {}
    for cause, action in rows.values_list("cause_id", "action"):
        if cause is not None:
            found.setdefault(cause, set()).add(action)
    return found
