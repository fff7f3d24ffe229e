"""Documents as PDF, and a customer's statement as figures or as a page."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import Http404, HttpResponse
from ninja import Field, Query, Router, Schema

from waya.api.door import REFUSALS, Caller
from waya.api.lists import Amount, amount, one
from waya.kernel.errors import Refused
from waya.kernel.money import Money
from waya.org.queries import visible_to
from waya.parties.models import Customer
from waya.reports.documents import printing
from waya.reports.documents.statements import Statement, statement

router = Router(tags=["documents"])

Day = Annotated[date, Field(ge=date(2000, 1, 1), lt=date(2200, 1, 1))]

_PAGES: dict[str, Any] = {
    "responses": {
        200: {
            "description": "OK",
            "content": {printing.PDF: {"schema": {"type": "string", "format": "binary"}}},
        }
    }
}


class Between(Schema):
    """The days of a statement, both included."""

    since: Day
    through: Day


class StatementRow(Schema):
    """A document: charges are above zero, payments and credits below. `words` is what a person
    knows it by; `balance` is owed after it."""

    on: date
    kind: Literal["invoice", "credit_note", "payment", "write_off", "recovery"]
    number: str
    words: str
    amount: Amount
    balance: Amount


class StatementShown(Schema):
    """What was owed before, each document, and what is owed after; below zero it is credit."""

    customer: UUID
    since: date
    through: date
    opening: Amount
    charged: Amount
    paid: Amount
    closing: Amount
    rows: list[StatementRow]


@router.get("/invoices/{uuid:id}/pdf", response=REFUSALS, openapi_extra=_PAGES)
def invoice_pdf(request: Caller, id: UUID) -> HttpResponse:
    """An invoice as PDF, with what settled it until now and what the tax authority gave."""
    return _document(request, "invoice", id)


@router.get("/pro-formas/{uuid:id}/pdf", response=REFUSALS, openapi_extra=_PAGES)
def pro_forma_pdf(request: Caller, id: UUID) -> HttpResponse:
    """A pro forma as PDF."""
    return _document(request, "pro_forma", id)


@router.get("/credit-notes/{uuid:id}/pdf", response=REFUSALS, openapi_extra=_PAGES)
def credit_note_pdf(request: Caller, id: UUID) -> HttpResponse:
    """A credit note as PDF."""
    return _document(request, "credit_note", id)


@router.get("/payments/{uuid:id}/pdf", response=REFUSALS, openapi_extra=_PAGES)
def receipt_pdf(request: Caller, id: UUID) -> HttpResponse:
    """The receipt of a payment as PDF."""
    return _document(request, "receipt", id)


@router.get("/customers/{uuid:id}/statement", response={200: StatementShown, **REFUSALS})
def get_statement(request: Caller, id: UUID, days: Query[Between]) -> dict[str, Any]:
    """A customer's statement of some days, from documents: what the books hold of them."""
    told = _statement(request, id, days)
    currency = told.opening.currency
    return {
        "customer": told.customer.public_id,
        "since": told.since,
        "through": told.through,
        **{name: _money(getattr(told, name)) for name in ("opening", "charged", "paid", "closing")},
        "rows": [
            {"on": row.on, "kind": row.kind, "number": row.number, "words": row.words,
             "amount": amount(row.amount.minor, currency),
             "balance": amount(row.balance.minor, currency)}
            for row in told.rows
        ],
    }  # fmt: skip


@router.get("/customers/{uuid:id}/statement/pdf", response=REFUSALS, openapi_extra=_PAGES)
def statement_pdf(request: Caller, id: UUID, days: Query[Between]) -> HttpResponse:
    """The same as PDF."""
    told = _statement(request, id, days)
    return _file(printing.statement(told.customer, told.since, told.through))


def _statement(request: Caller, id: UUID, days: Between) -> Statement:
    by = request.auth.must("money.view")
    customer = one(visible_to(by, Customer.objects.select_related("entity")), id)
    if days.through < days.since:
        raise Refused("days_backward")
    return statement(customer, days.since, days.through)


def _money(money: Money) -> dict[str, Any]:
    return amount(money.minor, money.currency)


def _document(request: Caller, kind: str, id: UUID) -> HttpResponse:
    by = request.auth.must("money.view")
    found = printing.printed(kind, entity_id=by.entity_id, public_id=id)
    if found is None:
        raise Http404
    return _file(found)


def _file(found: printing.Printed) -> HttpResponse:
    return HttpResponse(found.page, headers=found.headers(kept=True))
