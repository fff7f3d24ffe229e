"""What pages say of dunning: a customer's promise, disputes and call, an invoice's dispute."""

from __future__ import annotations

from datetime import date

from waya.billing.models import Invoice
from waya.billing.queries.promises import Said, said_of
from waya.console.pieces import Note
from waya.kernel.money import Money


def notes(customer_id: int, today: date) -> list[Note]:
    """What holds the ladder off this customer, and who should speak with them; one query."""
    return [_NOTES[one.kind](one) for one in said_of(customer_id, today)]


def _promised(one: Said) -> Note:
    return Note(
        f"{Money(one.amount_minor, one.currency)} promised by {one.until:%a %-d %b}.",
        f"Taken by {one.by} on {one.since:%-d %b}. The ladder waits until that day has passed.",
        icon="calendar-due",
        url=f"/collections/promises/{one.id}/withdraw",
        verb="Take it back",
    )


def _disputed(one: Said) -> Note:
    return Note(
        f"{one.number} is disputed.",
        f"{one.words}. It does not count until the dispute is closed.",
        tone="warn",
        icon="hand-stop",
        url=f"/invoices/{one.number}",
        verb="Open the invoice",
    )


def _to_be_called(one: Said) -> Note:
    return Note(
        f"To be called since {one.since:%-d %b}.",
        f"{one.words}.",
        icon="phone",
        url="/collections/calls",
        verb="Say what they said",
    )


_NOTES = {"promise": _promised, "dispute": _disputed, "call": _to_be_called}


def of_invoice(invoice: Invoice) -> Note | None:
    """What the page of an invoice says of its open dispute."""
    told = getattr(invoice, "disputed", None)
    if not told:
        return None
    since = date.fromisoformat(told["on"])
    return Note(
        "This invoice is disputed.",
        f"{told['reason']}. Opened {since:%-d %b} by {told['by']}; until it is closed it does not "
        "count.",
    )
