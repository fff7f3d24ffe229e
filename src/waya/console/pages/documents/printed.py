"""Documents as PDF, and a customer's statement to look at."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render

from waya.console.staff import StaffRequest, staff
from waya.kernel import clock, ids
from waya.org.actors import Actor
from waya.parties.models import Customer
from waya.reports.documents import printing, statements

_KINDS = {
    statements.INVOICE: ("Invoice", "/invoices/"),
    statements.CREDIT_NOTE: ("Credit note", "/credit-notes/"),
    statements.PAYMENT: ("Payment", "/payments/"),
    statements.WRITE_OFF: ("Written off", "/invoices/"),
    statements.RECOVERY: ("Written off, paid now", "/invoices/"),
}


@staff("money.view")
def document(request: StaffRequest, by: Actor, kind: str, number: str) -> HttpResponse:
    """A document as PDF, of the kind that the address is for."""
    found = printing.printed(kind, entity=request.entity, number=number)
    if found is None:
        raise Http404
    return _file(found)


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
    return _file(printing.statement(customer, since, through))


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
    since, through = request.GET.get("since", ""), request.GET.get("through", "")
    return customer, *printing.days_asked(since, through, today)


def _file(found: printing.Printed) -> HttpResponse:
    return HttpResponse(found.page, headers=found.headers(kept=False))
