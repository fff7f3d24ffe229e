"""Credit notes: read, and issued for an invoice or one of its lines."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID, uuid4

from django.db.models import QuerySet
from django.http import Http404
from ninja import Field, Query, Router, Schema, Status
from ninja.decorators import decorate_view
from pydantic import model_validator

from waya.api.door import REFUSALS, WRITES, Caller
from waya.api.invoices import Because, TaxShown, because, invoices, tax_shown
from waya.api.lists import Amount, Going, Page, Words, amount, narrowed, one, page
from waya.api.once import HEADER, once
from waya.billing.commands.credits import give_back, give_back_all
from waya.billing.models import CreditNote, CreditNoteLine, Invoice
from waya.billing.rules.credits import LineCredit, Reason
from waya.kernel import clock
from waya.kernel.periods import Period
from waya.org.actors import Actor
from waya.org.queries import visible_to
from waya.reports.documents.whys import of_credit

router = Router(tags=["credit notes"])

Reasons = Literal["mistake", "cancelled", "plan_change", "outage", "goodwill"]
Minor = Annotated[int, Field(strict=True, gt=0, le=10**15)]


class CreditedLine(Schema):
    """What is given back of an invoice's line; `start` and `end` are the days not used,
    half-open, if it was days."""

    line: int
    description: str
    start: date | None
    end: date | None
    net: Amount
    tax: Amount
    total: Amount
    taxes: list[TaxShown]
    because: list[Because]


class CreditNoteRow(Schema):
    """A credit note. `applied` settled what was open of its invoice; `kept` became the
    customer's credit."""

    id: UUID
    number: str
    invoice: UUID
    invoice_number: str
    customer: UUID
    issued_on: date
    issued_at: datetime
    reason: Reasons
    note: str
    net: Amount
    tax: Amount
    total: Amount
    applied: Amount
    kept: Amount


class CreditNoteShown(CreditNoteRow):
    """A credit note with its lines."""

    lines: list[CreditedLine]


class Days(Schema):
    """Days that were not used, half-open: `end` is the first one that was."""

    start: date
    end: date

    @model_validator(mode="after")
    def forward(self) -> Self:
        """The first comes before the end."""
        if self.start >= self.end:
            raise ValueError("end is after start")
        return self


class CreditWished(Schema):
    """What to give back: all that is left of an invoice, or of one `line`; of a line, a gross
    (`gross_minor`), a net (`net_minor`) or `days`, and at most one of these."""

    reason: Reasons
    note: Words = ""
    line: Annotated[int, Field(strict=True, gt=0, lt=2**63)] | None = None
    gross_minor: Minor | None = None
    net_minor: Minor | None = None
    days: Days | None = None

    @model_validator(mode="after")
    def one_thing(self) -> Self:
        """A part is of a line, and one part."""
        parts = [one for one in (self.gross_minor, self.net_minor, self.days) if one is not None]
        if len(parts) > 1 or (parts and self.line is None):
            raise ValueError("a part of a line is a gross, a net or days: one of them")
        return self


class Choosing(Going):
    """Narrow to a customer or an invoice."""

    customer: UUID | None = None
    invoice: UUID | None = None


@router.get("/credit-notes", response={200: Page[CreditNoteRow], **REFUSALS})
def list_credit_notes(request: Caller, choosing: Query[Choosing]) -> dict[str, Any]:
    """Credit notes, newest first, without their lines."""
    rows = narrowed(
        credit_notes(request.auth.must("money.view")),
        customer__public_id=choosing.customer,
        invoice__public_id=choosing.invoice,
    )
    return page(rows, choosing, lambda found: [_row(row) for row in found])


@router.get("/credit-notes/{uuid:id}", response={200: CreditNoteShown, **REFUSALS})
def get_credit_note(request: Caller, id: UUID) -> dict[str, Any]:
    """One credit note with its lines."""
    return _shown(one(credit_notes(request.auth.must("money.view")), id))


@router.post(
    "/invoices/{uuid:id}/credit-notes",
    response={201: CreditNoteShown, **WRITES},
    openapi_extra=HEADER,
)
@decorate_view(once)
def issue_credit_note(request: Caller, id: UUID, wished: CreditWished) -> Status[dict[str, Any]]:
    """Give money of an invoice back, at its own prices and taxes: what is open is settled,
    the rest is the customer's credit. Dated today."""
    by = request.auth.must("billing.credit")
    invoice = one(invoices(by), id)
    note = _issue(invoice, wished, _key(request), by)
    return Status(201, _shown(one(credit_notes(by), note.public_id)))


def credit_notes(by: Actor) -> QuerySet[CreditNote]:
    """The credit notes that an actor sees."""
    return visible_to(by, CreditNote.objects.select_related("customer", "invoice"))


def _issue(invoice: Invoice, wished: CreditWished, key: str, by: Actor) -> CreditNote:
    on, reason = clock.today(invoice.entity.zone), Reason(wished.reason)
    if wished.line is None:
        return give_back_all(
            invoice_id=invoice.pk, reason=reason, once=key, on=on, note=wished.note, by=by
        )
    if not invoice.lines.filter(pk=wished.line).exists():
        raise Http404
    days = Period(wished.days.start, wished.days.end) if wished.days else None
    wish = LineCredit(
        wished.line, reason, gross_minor=wished.gross_minor, net_minor=wished.net_minor, days=days
    )
    (note,) = give_back(credits=[wish], on=on, once=key, note=wished.note, by=by)
    return note


def _key(request: Caller) -> str:
    """What asks for it: the caller's own key, or this request alone."""
    told = request.headers.get("Idempotency-Key")
    if told is None:
        return f"api:{uuid4()}"
    return f"api:{hashlib.sha256(f'{request.auth.id} {told}'.encode()).hexdigest()}"


def _row(row: CreditNote) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "number": row.number,
        "invoice": row.invoice.public_id,
        "invoice_number": row.invoice.number,
        "customer": row.customer.public_id,
        "issued_on": row.issued_on,
        "issued_at": row.issued_at,
        "reason": row.reason,
        "note": row.note,
        "net": amount(row.net_minor, row.currency),
        "tax": amount(row.tax_minor, row.currency),
        "total": amount(row.total_minor, row.currency),
        "applied": amount(row.applied_minor, row.currency),
        "kept": amount(row.total_minor - row.applied_minor, row.currency),
    }


def _shown(row: CreditNote) -> dict[str, Any]:
    lines = row.lines.select_related("line").order_by("pk").prefetch_related("taxes")
    return {**_row(row), "lines": [_line(line, row.currency) for line in lines]}


def _line(line: CreditNoteLine, currency: str) -> dict[str, Any]:
    taxes = sorted(line.taxes.all(), key=lambda tax: tax.sequence)
    return {
        "line": line.line_id,
        "description": line.description,
        "start": line.start,
        "end": line.end,
        "net": amount(line.net_minor, currency),
        "tax": amount(line.tax_minor, currency),
        "total": amount(line.total_minor, currency),
        "taxes": [tax_shown(tax, currency) for tax in taxes],
        "because": because(of_credit(line, taxes, currency)),
    }
