"""Adjusting entries: what an accountant posts into a period that is closed to everybody else."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection, transaction

from waya.ledger.commands.entries import post_many
from waya.ledger.rules.entries import Entry
from waya.org.actors import Actor

# For this transaction alone; the database's own check asks for it too.
_SAY = "select set_config('waya.adjusting', %s, true)"


@transaction.atomic
def adjust(*, entries: Sequence[Entry], by: Actor) -> dict[str, int]:
    """Post entries that keep their date in a soft-closed period; otherwise as `post_many`.

    In a locked period an adjustment has no place either: it goes to the first day after it.
    """
    by = by.must("ledger.adjust")
    with connection.cursor() as cursor:
        cursor.execute(_SAY, ["on"])
        posted = post_many(entries=entries, by=by)
        cursor.execute(_SAY, [""])
    return posted
