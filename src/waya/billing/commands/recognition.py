"""Recognise revenue that was billed in advance, when its days have passed."""

from __future__ import annotations

from datetime import date, timedelta

from django.db import connection, transaction

from waya.billing.models import Recognition
from waya.billing.queries.deferred import unrecognised
from waya.billing.rules.recognition import booking
from waya.ledger.commands.entries import post_many
from waya.org.actors import Actor
from waya.org.audit import Happened, record_many
from waya.org.rows.folding import fold

_LOCK = "select pg_advisory_xact_lock(hashtext('waya.recognition'), %s)"


@transaction.atomic
def recognise(*, entity_id: int, through: date, by: Actor) -> dict[str, int]:
    """Book what has been earned by the end of a day and was not recognised before: one entry,
    a line for each revenue of each branch. Gives the amounts by revenue and currency, in minor
    units, all branches together.

    What was billed late for days long past is caught up. Safe twice and two at once: through
    a day that was recognised, or an earlier one, nothing more is done.
    """
    by = by.must("billing.recognise")
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [entity_id])
    if Recognition.objects.filter(entity_id=entity_id, through__gte=through).exists():
        return {}
    amounts = unrecognised(entity_id, through)
    if not amounts:
        return {}
    post_many(entries=[booking(entity_id, through, amounts)], by=by)
    Recognition.objects.bulk_create(
        Recognition(
            entity_id=entity_id,
            branch_id=branch_id,
            through=through,
            revenue=revenue,
            currency=currency,
            amount_minor=minor,
        )
        for (branch_id, revenue, currency), minor in amounts.items()
    )
    told: dict[str, int] = {}
    for (_, revenue, currency), minor in amounts.items():
        told[f"{revenue} {currency}"] = told.get(f"{revenue} {currency}", 0) + minor
    why = {"through": through.isoformat(), "minor": told}
    record_many(by, [Happened("revenue.recognised", ("entity", entity_id), why=why)])
    return told


def recognise_month(*, entity_id: int, on: date, by: Actor) -> dict[str, int]:
    """On the first day of a month, recognise through the last day of the month past."""
    by = by.must("billing.recognise")
    if on.day != 1:
        return {}
    return recognise(entity_id=entity_id, through=on - timedelta(days=1), by=by)


def fold_sums(*, entity_id: int, on: date, by: Actor) -> dict[str, int]:
    """Make one row of the sums alike that triggers keep beside invoices and their lines.
    Nothing that is read changes; safe twice, and two at once."""
    by.must("billing.fold")
    owed = fold(
        "billing_receivabledelta",
        keys=("entity_id", "currency", "due_on", "on"),
        sums=("amount_minor",),
        entity_id=entity_id,
    )
    earned = fold(
        "billing_deferral",
        keys=("entity_id", "branch_id", "revenue", "currency", "on", "start", "end", "net_minor"),
        sums=("lines",),
        entity_id=entity_id,
    )
    return {"receivable": owed, "deferred": earned}
