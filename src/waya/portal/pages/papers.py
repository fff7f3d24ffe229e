"""A customer's own documents as PDF: bills, what was asked, receipts, credits, a statement."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TypeVar
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from waya.billing.models import CreditNote, Invoice, ProForma
from waya.kernel import clock
from waya.payments.models import Payment
from waya.portal.frame import customers_only
from waya.portal.session import Guest
from waya.reports.documents import papers

_DAYS = timedelta(days=90)
Document = TypeVar("Document", Invoice, ProForma, CreditNote, Payment)


@require_safe
@customers_only
def invoice(request: HttpRequest, guest: Guest, public_id: UUID) -> HttpResponse:
    """A bill of theirs."""
    rows = Invoice.objects.filter(customer=guest.customer, public_id=public_id)
    row = _found(rows.select_related("customer", "entity", "issuer").first())
    return _pdf(papers.invoice(row), row.number)


@require_safe
@customers_only
def pro_forma(request: HttpRequest, guest: Guest, public_id: UUID) -> HttpResponse:
    """What they were asked in advance."""
    rows = ProForma.objects.filter(customer=guest.customer, public_id=public_id)
    rows = rows.select_related("customer", "entity", "issuer", "subscription__plan")
    row = _found(rows.first())
    return _pdf(papers.pro_forma(row), row.number)


@require_safe
@customers_only
def credit_note(request: HttpRequest, guest: Guest, public_id: UUID) -> HttpResponse:
    """What was given back to them."""
    rows = CreditNote.objects.filter(customer=guest.customer, public_id=public_id)
    row = _found(rows.select_related("customer", "entity", "issuer", "invoice").first())
    return _pdf(papers.credit_note(row), row.number)


@require_safe
@customers_only
def receipt(request: HttpRequest, guest: Guest, public_id: UUID) -> HttpResponse:
    """The receipt of a payment of theirs."""
    rows = Payment.objects.filter(customer=guest.customer, public_id=public_id)
    row = _found(rows.select_related("customer", "entity", "issuer").first())
    return _pdf(papers.receipt(row), row.receipt_number)


@require_safe
@customers_only
def statement(request: HttpRequest, guest: Guest) -> HttpResponse:
    """What happened on their account: in three months up to today, or since another day."""
    today = clock.today(guest.entity.zone)
    since = min(_day(request.GET.get("since", "")) or today - _DAYS, today)
    page = papers.statement(guest.customer, since, today)
    return _pdf(page, f"{guest.customer.account_number}-{today.isoformat()}")


def _found(row: Document | None) -> Document:
    if row is None:
        raise Http404
    return row


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.year >= 2000 else None


def _pdf(page: bytes, name: str) -> HttpResponse:
    answer = HttpResponse(page, content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="{name}.pdf"'
    return answer
