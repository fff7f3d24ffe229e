"""Invoices and pro formas: what was asked for, what of it is open, and what it booked."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from waya.billing.queries.fiscal import fiscal_of
from waya.billing.rules.invoice_states import paid_with_money
from waya.console import rows, story
from waya.console.pages.billing.authority import recorded
from waya.console.pages.dunning import notes as dunning
from waya.console.pieces import Chip, Find, address, earlier, newest, why_of
from waya.console.staff import StaffRequest, staff
from waya.kernel import clock
from waya.kernel.money import Money
from waya.kernel.phone import national
from waya.org.actors import Actor
from waya.org.models import Issuer
from waya.reports.queries import documents as reads
from waya.reports.queries import timeline

_KINDS = {"": "Invoices", "renewals": "Pro formas", "credits": "Credit notes"}
_ASKED = {"open": "Open", "offered": "Offered", "paid": "Paid", "lapsed": "Lapsed"}
_STATES = {
    "open": "Open",
    "overdue": "Overdue",
    "paid": "Paid",
    "credited": "Credited",
    "written_off": "Written off",
}


@staff("money.view")
def listed(request: StaffRequest, by: Actor) -> HttpResponse:
    """Invoices; with `kind=renewals` the pro formas that ask for them, with `credits` the credit
    notes."""
    entity, key = request.entity, request.GET.get("from", "")
    today = clock.today(entity.zone)
    typed = request.GET.get("q", "").strip().upper()
    if typed and reads.exists(entity.pk, typed):
        return redirect(f"/invoices/{typed}")
    count, left = reads.unpaid_total(entity.pk, entity.currency)
    kind = request.GET.get("kind", "")
    state = request.GET.get("state", "")
    if kind == "credits":
        credited = reads.credit_notes(entity.pk, key=key)
        shown = [rows.credit_note(row) for row in credited.rows]
        next_key = credited.next_key
    elif kind == "renewals":
        asked = reads.pro_formas(entity.pk, state=state, key=key)
        shown = [rows.pro_forma(row, today) for row in asked.rows]
        next_key = asked.next_key
    else:
        page = reads.invoices(entity.pk, today, state=state, key=key)
        shown, next_key = rows.invoices(page.rows, today), page.next_key
    context = {
        "total": f"{count:,} unpaid",
        "open": left,
        "currency": entity.currency,
        "chips": _chips(request, kind, state),
        "find": Find(typed, "Invoice number"),
        "rows": shown,
        "earlier": earlier(request, next_key),
        "later": newest(request),
    }
    return render(request, "console/invoices.html", context)


def _chips(request: StaffRequest, kind: str, state: str) -> list[Chip]:
    chips = [
        Chip(words, address(request, kind=name, state=""), on=name == kind, stays=True)
        for name, words in _KINDS.items()
    ]
    states = _ASKED if kind == "renewals" else {} if kind == "credits" else _STATES
    return chips + [
        Chip(words, address(request, state="" if name == state else name), on=name == state)
        for name, words in states.items()
    ]


@staff("money.view")
def invoice(request: StaffRequest, by: Actor, number: str) -> HttpResponse:
    """One invoice: its lines, taxes, why it is this sum, what settled it, what it booked."""
    entity = request.entity
    paper = reads.paper(entity.pk, number, clock.today(entity.zone))
    if paper is None:
        raise Http404
    one = paper.invoice
    account = one.customer.account_number
    context = {
        "invoice": {
            "number": one.number,
            "kind": "Invoice",
            "on": one.issued_on,
            "due_on": one.due_on,
            "state": paper.state,
            "total": Money(one.total_minor, one.currency),
            **_settled(paper),
            "open": paper.left,
            "currency": one.currency,
            "tax_number": one.issuer.tax_number,
            "seller": one.issuer.legal_name,
            "seller_lines": _where(one.issuer),
        },
        "customer": {
            "name": one.customer_as_issued.get("name", one.customer.name),
            "account": account, "pin": one.customer_as_issued.get("tax_number", ""),
            "url": f"/customers/{account}",
        },
        "lines": [
            {"words": line.description, "net": line.net, "tax": line.tax,
             "amount": line.total, "why": why_of(line.because)}
            for line in paper.lines
        ],
        "taxes": [
            {"words": f"{tax.name} {tax.percent} %", "on": tax.base, "amount": tax.amount,
             "reason": tax.reason}
            for tax in paper.taxes
        ],
        "net": Money(one.net_minor, one.currency),
        "allocations": [
            {"at": each.at, "receipt": each.words, "amount": each.amount,
             "url": _ADDRESSES[each.kind] + each.receipt if each.kind in _ADDRESSES else ""}
            for each in paper.settled
        ],
        "fiscal": recorded(fiscal_of([one.pk]).get(one.pk)),
        "dispute": dunning.of_invoice(one),
        "booked": paper.booked if by.can("books.view") else [],
        "entries": [story.entry(each, by) for each in timeline.of_subject("invoice", one.pk)],
    }  # fmt: skip
    return render(request, "console/invoice.html", context)


def _where(issuer: Issuer) -> list[str]:
    """The seller's address and phone, as on issue."""
    return [*issuer.address.splitlines(), *([national(issuer.phone)] if issuer.phone else [])]


def _settled(paper: reads.Paper) -> dict[str, Money]:
    """What money paid of it, what was credited while it was open, and what was given up."""
    one, gone = paper.invoice, paper.gone
    return {
        "paid": Money(paid_with_money(one.paid_minor, gone), one.currency),
        "credited": Money(gone.applied, one.currency),
        "written_off": Money(gone.written_off, one.currency),
        "recovered": Money(gone.recovered, one.currency),
        "lost": Money(gone.written_off - gone.recovered, one.currency),
    }


_ADDRESSES = {"payment": "/payments/", "credit_note": "/credit-notes/"}
