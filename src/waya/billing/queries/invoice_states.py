"""What became of invoices, for as many as a page shows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.db.models import Sum

from waya.billing.models import CreditNote, Invoice, WriteOff
from waya.billing.rules.invoice_states import NOTHING_GONE, Gone, State, state_of


def gone_of(invoices: Iterable[Invoice]) -> dict[int, Gone]:
    """What credit notes and write-offs took from invoices, by id, for every one of them.

    Two queries however many there are, and none where nothing was settled yet.
    """
    rows = list(invoices)
    touched = [row.pk for row in rows if row.paid_minor]
    found = dict.fromkeys((row.pk for row in rows), NOTHING_GONE)
    if not touched:
        return found
    lost = {
        key: sums
        for key, *sums in WriteOff.objects.filter(invoice__in=touched).values_list(
            "invoice_id", "amount_minor", "recovered_minor"
        )
    }
    credited = {
        key: (total, applied)
        for key, total, applied in CreditNote.objects.filter(invoice__in=touched)
        .values("invoice_id")
        .annotate(total=Sum("total_minor"), applied=Sum("applied_minor"))
        .values_list("invoice_id", "total", "applied")
    }
    for key in {*lost, *credited}:
        found[key] = Gone(*credited.get(key, (0, 0)), *lost.get(key, (0, 0)))
    return found


def states(invoices: Iterable[Invoice], today: date) -> dict[int, State]:
    """What each invoice is on a day, by id; at most two queries."""
    rows = list(invoices)
    gone = gone_of(rows)
    return {row.pk: state(row, gone[row.pk], today) for row in rows}


def state(invoice: Invoice, gone: Gone, today: date) -> State:
    """What one invoice is on a day, by what was taken from it."""
    return state_of(
        total=invoice.total_minor,
        settled=invoice.paid_minor,
        gone=gone,
        due_on=invoice.due_on,
        today=today,
    )
