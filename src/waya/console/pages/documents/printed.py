"""Documents as PDF, and a customer's statement to look at."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, TypeVar

from django.http import Http404, HttpResponse
from django.shortcuts import render

from waya.billing.models import CreditNote, Invoice, ProForma
from waya.console.staff import StaffRequest, staff
from waya.kernel import clock, ids
from waya.org.actors import Actor
from waya.parties.models import Customer
from waya.payments.models import Payment
from waya.reports.documents import papers, statements

Document = TypeVar("Document", Invoice, ProForma, CreditNote, Payment)

_KINDS = {
    statements.INVOICE: ("Invoice", "/invoices/"),
    statements.CREDIT_NOTE: ("Credit note", "/credit-notes/"),
    statements.PAYMENT: ("Payment", "/payments/"),
    statements.WRITE_OFF: ("Written off", "/invoices/"),
    statements.RECOVERY: ("Written off, paid now", "/invoices/"),
}


@staff("money.view")
def invoice(request: StaffRequest, by: Actor, number: str) -> HttpResponse:
    """An invoice as PDF."""
    rows = Invoice.objects.select_related("customer", "entity", "issuer")
    row = rows.filter(entity=request.entity, number=number).first()
    return _pdf(papers.invoice(_found(row)), number)


@staff("money.view")
def pro_forma(request: StaffRequest, by: Actor, number: str) -> HttpResponse:
    """A pro forma as PDF."""
    rows = ProForma.objects.select_related("customer", "entity", "issuer", "subscription__plan")
    row = rows.filter(entity=request.entity, number=number, line=1).first()
    return _pdf(papers.pro_forma(_found(row)), number)


@staff("money.view")
def credit_note(request: StaffRequest, by: Actor, number: str) -> HttpResponse:
    """A credit note as PDF."""
    rows = CreditNote.objects.select_related("customer", "entity", "issuer", "invoice")
    row = rows.filter(entity=request.entity, number=number).first()
    return _pdf(papers.credit_note(_found(row)), number)


@staff("money.view")
def receipt(request: StaffRequest, by: Actor, receipt: str) -> HttpResponse:
    """The receipt of a payment as PDF."""
    rows = Payment.objects.select_related("customer", "entity", "issuer")
    row = rows.filter(entity=request.entity, receipt_number=receipt).first()
    return _pdf(papers.receipt(_found(row)), receipt)


@staff("money.view")
def statement(request: StaffRequest, by: Actor, account: str) -> HttpResponse:
    """What happened on a customer's account, between days that the address names."""
    customer, since, through = _asked(request, account)
    told = statements.statement(customer, since, through)
    query = f"since={since.isoformat()}&through={through.isoformat()}"
    context = {
        "customer": {"name": customer.name, "account": account, "url": f"/customers/{account}"},
        "told": told,
        "rows": [_row(row) for row in told.rows],
        "credit": -told.closing if told.closing.minor < 0 else None,
        "pdf": f"/customers/{account}/statement.pdf?{query}",
    }
    return render(request, "console/statement.html", context)


@staff("money.view")
def statement_pdf(request: StaffRequest, by: Actor, account: str) -> HttpResponse:
    """The same as PDF."""
    customer, since, through = _asked(request, account)
    return _pdf(papers.statement(customer, since, through), f"{account}-{through.isoformat()}")


def _row(row: statements.Row) -> dict[str, Any]:
    words, address = _KINDS[row.kind]
    charge = row.amount.minor > 0
    return {
        "on": row.on,
        "words": words,
        "number": row.number,
        "url": address + row.number,
        "note": row.words if row.words != row.number else "",
        "charged": row.amount if charge else None,
        "paid": None if charge else -row.amount,
        "balance": row.balance,
    }


def _asked(request: StaffRequest, account: str) -> tuple[Customer, date, date]:
    """The customer, and the days: three months up to today unless the address says others."""
    rows = Customer.objects.select_related("entity").filter(entity=request.entity)
    customer = rows.filter(account_number=ids.normal(account)).first()
    if customer is None:
        raise Http404
    today = clock.today(request.entity.zone)
    through = _day(request, "through") or today
    since = _day(request, "since") or through - timedelta(days=90)
    return customer, min(since, through), through


def _day(request: StaffRequest, name: str) -> date | None:
    try:
        day = date.fromisoformat(request.GET.get(name, ""))
    except ValueError:
        return None
    return day if 2000 <= day.year < 2200 else None


def _found(row: Document | None) -> Document:
    if row is None:
        raise Http404
    return row


def _pdf(page: bytes, name: str) -> HttpResponse:
    answer = HttpResponse(page, content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    return answer
