"""Invoices with every line, its taxes and its reasons; pro formas beside them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from django.db.models import F, QuerySet
from ninja import Query, Router, Schema
from ninja.decorators import decorate_view

from waya.api.door import REFUSALS, WRITES, Caller
from waya.api.lists import Amount, Going, Page, amount, narrowed, one, page
from waya.api.once import HEADER, once
from waya.billing.commands.dunning.recoveries import recover
from waya.billing.models import CreditNoteTax, Invoice, InvoiceLine, InvoiceTax, ProForma
from waya.billing.queries.accounts import gone_of, invoice_state
from waya.billing.queries.asked import Asked, documents, with_lines
from waya.billing.rules.invoice_states import Gone, paid_with_money
from waya.kernel import clock
from waya.org.actors import Actor
from waya.org.queries import visible_to
from waya.reports.documents.whys import Reason, before_taxes, reasons

router = Router(tags=["invoices"])


States = Literal[
    "open", "overdue", "part_paid", "part_credited", "paid", "paid_and_credited", "credited",
    "written_off", "part_written_off", "recovered",
]  # fmt: skip


class Because(Schema):
    """One of the reasons for a sum, in the words that the customer reads: the rule, the days,
    the price, the arithmetic, each tax with its law."""

    label: str
    text: str


class TaxShown(Schema):
    """A tax on a line as it was on issue; `rate_percent` is exact, as text. `reason` says why it
    is zero or less than whole: a certificate, or a reverse charge."""

    tax: str
    name: str
    rate_percent: str
    base: Amount
    amount: Amount
    law: str
    category: str
    reason: str


class NamedThen(Schema):
    """A company or a customer as the document names them, as they were on issue. `branch` is
    the code of the one that issued it, and `address` its own or the company's; a customer has
    neither here."""

    name: str
    tax_number: str
    address: str = ""
    branch: str | None = None


class LineShown(Schema):
    """A line, the half-open period that it charges, the facts that it came from (`why`), and the
    same in words (`because`). `id` is what a credit of it names."""

    id: int
    description: str
    start: date | None
    end: date | None
    net: Amount
    tax: Amount
    total: Amount
    taxes: list[TaxShown]
    why: dict[str, Any]
    because: list[Because]


class InvoiceRow(Schema):
    """A tax document. Its total is what was `paid` with money, `credited` while it was open and
    `written_off`, and what is `owed` still; `recovered` of what was written off came after all.
    `state` says what became of it, also when what had been paid was credited later."""

    id: UUID
    number: str
    customer: UUID
    issued_on: date
    issued_at: datetime
    due_on: date
    net: Amount
    tax: Amount
    total: Amount
    state: States
    paid: Amount
    credited: Amount
    written_off: Amount
    recovered: Amount
    owed: Amount


class InvoiceShown(InvoiceRow):
    """An invoice with its lines, and who they were that it names."""

    seller: NamedThen
    buyer: NamedThen
    lines: list[LineShown]


AskedStates = Literal["open", "paid", "lapsed", "offered"]


class AskedFor(Schema):
    """A line of what is asked for one subscription, with its facts and the same in words; what is
    no tax document has no taxes of its own."""

    description: str
    total: Amount
    why: dict[str, Any]
    because: list[Because]


class AskedLine(Schema):
    """What is asked for one subscription, and line by line why it is as much; `invoice` is what
    it became."""

    subscription: UUID
    plan: str
    start: date
    end: date
    total: Amount
    state: AskedStates
    invoice: UUID | None
    asked: list[AskedFor]


class ProFormaShown(Schema):
    """A period asked for in advance: no tax document. `invoice` is what it became.

    What is asked for several subscriptions from the same day is one document with `lines`:
    `subscription` and `invoice` are its first line's, `end` is its last day's, and its `total`
    is that of the lines that were not withdrawn. `to_pay` is open of it."""

    id: UUID
    number: str
    customer: UUID
    subscription: UUID
    issued_on: date
    start: date
    end: date
    total: Amount
    to_pay: Amount
    state: AskedStates
    invoice: UUID | None
    lines: list[AskedLine]


class Choosing(Going):
    """Narrow to a customer; `open` to what is not paid, or is."""

    customer: UUID | None = None
    open: bool | None = None


@router.get("/invoices", response={200: Page[InvoiceRow], **REFUSALS})
def list_invoices(request: Caller, choosing: Query[Choosing]) -> dict[str, Any]:
    """Invoices, newest first, without their lines."""
    seen = invoices(request.auth.must("money.view"))
    rows = narrowed(seen, customer__public_id=choosing.customer)
    if choosing.open is not None:
        unpaid = {"paid_minor__lt": F("total_minor")}
        rows = rows.filter(**unpaid) if choosing.open else rows.exclude(**unpaid)
    return page(rows, choosing, _rows)


@router.get("/invoices/{uuid:id}", response={200: InvoiceShown, **REFUSALS})
def get_invoice(request: Caller, id: UUID) -> dict[str, Any]:
    """One invoice with its lines."""
    rows = invoices(request.auth.must("money.view"))
    return _shown(one(rows.select_related("issuer__branch"), id))


def _shown(row: Invoice) -> dict[str, Any]:
    lines = row.lines.order_by("pk").prefetch_related("taxes")
    told = [_line(line, row.currency) for line in lines]
    return {**_rows([row])[0], **_named(row), "lines": told}


@router.post(
    "/invoices/{uuid:id}/recover", response={200: InvoiceShown, **WRITES}, openapi_extra=HEADER
)
@decorate_view(once)
def recover_invoice(request: Caller, id: UUID) -> dict[str, Any]:
    """Take what was written off of an invoice out of its customer's credit, as far as that goes."""
    by = request.auth.must("billing.write_off")
    recover(invoice_id=one(invoices(by), id).pk, by=by)
    return _shown(one(invoices(by).select_related("issuer__branch"), id))


@router.get("/pro-formas", response={200: Page[ProFormaShown], **REFUSALS})
def list_pro_formas(request: Caller, choosing: Query[Choosing]) -> dict[str, Any]:
    """Pro formas, newest first."""
    by = request.auth.must("money.view")
    rows = documents(visible_to(by, ProForma.objects.all()))
    if choosing.open is not None:
        waiting = documents(visible_to(by, ProForma.objects.all()), ProForma.OPEN)
        rows = waiting if choosing.open else rows.exclude(pk__in=waiting.values("pk"))
    if choosing.customer is not None:
        rows = rows.filter(customer__public_id=choosing.customer)
    return page(rows, choosing, lambda found: [_pro_forma(one) for one in with_lines(found)])


def invoices(by: Actor) -> QuerySet[Invoice]:
    """The invoices that an actor sees."""
    return visible_to(by, Invoice.objects.select_related("customer", "entity"))


def _rows(found: Sequence[Invoice]) -> list[dict[str, Any]]:
    gone = gone_of(found)
    return [_row(row, gone[row.pk]) for row in found]


def _row(row: Invoice, gone: Gone) -> dict[str, Any]:
    today = clock.today(row.entity.zone)
    return {
        "id": row.public_id,
        "number": row.number,
        "customer": row.customer.public_id,
        "issued_on": row.issued_on,
        "issued_at": row.issued_at,
        "due_on": row.due_on,
        "net": amount(row.net_minor, row.currency),
        "tax": amount(row.tax_minor, row.currency),
        "total": amount(row.total_minor, row.currency),
        "state": invoice_state(row, gone, today),
        "paid": amount(paid_with_money(row.paid_minor, gone), row.currency),
        "credited": amount(gone.applied, row.currency),
        "written_off": amount(gone.written_off, row.currency),
        "recovered": amount(gone.recovered, row.currency),
        "owed": amount(row.total_minor - row.paid_minor, row.currency),
    }


def _named(row: Invoice) -> dict[str, Any]:
    seller, buyer = row.issuer, row.customer_as_issued
    return {
        "seller": {"name": seller.legal_name, "tax_number": seller.tax_number,
                   "address": seller.address, "branch": seller.branch.code},
        "buyer": {"name": buyer.get("name", ""), "tax_number": buyer.get("tax_number", "")},
    }  # fmt: skip


def _line(line: InvoiceLine, currency: str) -> dict[str, Any]:
    taxes = sorted(line.taxes.all(), key=lambda tax: tax.sequence)
    return {
        "id": line.pk,
        "description": line.description,
        "start": line.start,
        "end": line.end,
        "net": amount(line.net_minor, currency),
        "tax": amount(line.tax_minor, currency),
        "total": amount(line.total_minor, currency),
        "taxes": [tax_shown(tax, currency) for tax in taxes],
        "why": line.why,
        "because": because(reasons(line.why, taxes, currency)),
    }


def because(found: Iterable[Reason]) -> list[dict[str, str]]:
    """Reasons as they are answered."""
    return [{"label": one.label, "text": one.text} for one in found]


def tax_shown(tax: InvoiceTax | CreditNoteTax, currency: str) -> dict[str, Any]:
    """A tax of a document as it is answered."""
    return {
        "tax": tax.tax,
        "name": tax.name,
        "rate_percent": f"{tax.rate_percent.normalize():f}",
        "base": amount(tax.base_minor, currency),
        "amount": amount(tax.amount_minor, currency),
        "law": tax.law,
        "category": tax.category,
        "reason": tax.reason,
    }


def _pro_forma(asked: Asked) -> dict[str, Any]:
    row = asked.first
    return {
        "id": row.public_id,
        "number": row.number,
        "customer": row.customer.public_id,
        "subscription": row.subscription.public_id,
        "issued_on": row.issued_on,
        "start": asked.period.start,
        "end": asked.period.end,
        "total": amount(asked.total.minor, row.currency),
        "to_pay": amount(asked.to_pay.minor, row.currency),
        "state": asked.state,
        "invoice": row.invoice.public_id if row.invoice else None,
        "lines": [_asked_line(line) for line in asked.lines],
    }


def _asked_line(row: ProForma) -> dict[str, Any]:
    return {
        "subscription": row.subscription.public_id,
        "plan": row.subscription.plan.name,
        "start": row.start,
        "end": row.end,
        "total": amount(row.total_minor, row.currency),
        "state": row.state,
        "invoice": row.invoice.public_id if row.invoice else None,
        "asked": [_asked_for(row, one) for one in row.why.get("lines", ())],
    }


def _asked_for(row: ProForma, one: dict[str, Any]) -> dict[str, Any]:
    return {
        "description": one["description"],
        "total": amount(one["gross_minor"], row.currency),
        "why": one["why"],
        "because": because(before_taxes(one["why"], row.currency)),
    }
