"""The audit: one indexed timeline that feeds every *why*."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from waya.kernel import clock
from waya.org.actors import Actor
from waya.org.rows.copying import add_row, copy_rows, reserve_keys


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


_TABLE = "org_auditrecord"
_COLUMNS = (
    ("id", "int8"),
    ("entity_id", "int8"),
    ("at", "timestamptz"),
    ("actor_kind", "varchar"),
    ("actor_id", "int8"),
    ("actor_name", "varchar"),
    ("action", "varchar"),
    ("subject_kind", "varchar"),
    ("subject_id", "int8"),
    ("customer_id", "int8"),
    ("site_id", "int8"),
    ("router_id", "int8"),
    ("cause_id", "int8"),
    ("why", "jsonb"),
)


def record_many(by: Actor, happened: Sequence[Happened]) -> list[int]:
    """Write audit records in the current transaction; gives their ids, in order."""
    if not happened:
        return []
    at = clock.now()
    rows = [
        (by.entity_id, at, by.kind, by.id, by.name, one.action, *one.subject,
         one.customer_id, one.site_id, one.router_id, one.cause, json.dumps(one.why))
        for one in happened
    ]  # fmt: skip
    if len(rows) == 1:
        return [add_row(_TABLE, _COLUMNS[1:], rows[0])]
    keys = reserve_keys(_TABLE, len(rows))
    copy_rows(_TABLE, _COLUMNS, ((key, *row) for key, row in zip(keys, rows, strict=True)))
    return keys
