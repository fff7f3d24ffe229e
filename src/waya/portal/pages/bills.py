"""Bills: pro formas, invoices and receipts, each with every line's why."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from waya.billing.models import CreditNote, Invoice, ProForma
from waya.billing.queries.accounts import account, invoice_state, invoice_states
from waya.billing.queries.asked import Asked, documents, with_lines
from waya.billing.rules.invoice_states import State
from waya.kernel import clock
from waya.kernel.money import Money
from waya.org.queries import entity_of
from waya.org.templatetags.states import STATES
from waya.parties.models import Customer
from waya.payments.models import Allocation, Payment
from waya.payments.queries.payments import payments_of_customer
from waya.payments.rules.prompts import whole_shillings
from waya.portal.frame import customers_only, page
from waya.portal.session import Guest
from waya.portal.whys import between, short, why_asked, why_line
from waya.reports.documents.wording import asked_lines, said, tax_name
from waya.reports.queries.documents import Settled, settled_by

PAGE = 12


@require_safe
@customers_only
def bills(request: HttpRequest, guest: Guest) -> HttpResponse:
    """Everything that was asked and what paid it, newest first."""
    before = _day(request.GET.get("before", ""))
    rows, earlier = rows_of(guest.customer, limit=PAGE, before=before)
    standing = account(guest.customer.pk, guest.customer.entity_id)
    owes = Money(whole_shillings(standing.to_pay.minor), standing.to_pay.currency)
    context = {
        "owes": owes,
        "credit": standing.credit,
        "bills": rows,
        "earlier": f"/my/bills?before={earlier.isoformat()}" if earlier else None,
        "payments": [] if before else [_payment_row(row) for row in _payments(guest.customer)],
    }
    return page(request, "bills", context, entity=guest.entity, guest=guest)


@require_safe
@customers_only
def invoice(request: HttpRequest, guest: Guest, public_id: UUID) -> HttpResponse:
    """One bill, as the document says it, with the reasons for each line."""
    rows = Invoice.objects.filter(customer=guest.customer, public_id=public_id)
    row = rows.select_related("issuer").first()
    if row is None:
        raise Http404
    today = clock.today(guest.entity.zone)
    left = row.total_minor - row.paid_minor
    settled, gone = settled_by(row)
    became = invoice_state(row, gone, today)
    lines = list(row.lines.prefetch_related("taxes").order_by("pk"))
    context = {
        "invoice": {
            "pdf": f"/my/bills/{row.public_id}/pdf",
            "number": row.number, "kind": _("Tax invoice"), "on": row.issued_on,
            "due_on": row.due_on, "state": became, "state_words": _state_words(row, became),
            "total": Money(row.total_minor, row.currency), "open": Money(left, row.currency),
            "seller": row.issuer.legal_name, "tax_number": row.issuer.tax_number,
            "address": ", ".join(row.issuer.address.splitlines()),
            "customer": row.customer_as_issued.get("name", guest.customer.name),
        },
        "lines": [
            {"words": said(line.description), "amount": Money(line.net_minor, row.currency),
             "why": why_line(line, row.currency)}
            for line in lines
        ],
        "taxes": _taxes(row, lines),
        "allocations": _settled(settled),
    }  # fmt: skip
    return page(request, "invoice", context, entity=guest.entity, guest=guest)


@require_safe
@customers_only
def pro_forma(request: HttpRequest, guest: Guest, public_id: UUID) -> HttpResponse:
    """What is asked in advance: no tax document, and what it becomes when it is paid."""
    row = ProForma.objects.filter(customer=guest.customer, public_id=public_id).first()
    if row is None:
        raise Http404
    (asked,) = with_lines([row])
    row = asked.first
    words = {
        ProForma.OPEN: _("To pay"), ProForma.PAID: _("Paid"), ProForma.LAPSED: _("Lapsed"),
        ProForma.OFFERED: _("If you want more hours"),
    }  # fmt: skip
    states = {ProForma.OPEN: "open", ProForma.PAID: "paid", ProForma.LAPSED: "void",
              ProForma.OFFERED: "open"}  # fmt: skip
    context = {
        "lines": [shown for line in asked.lines for shown in _asked_lines(line)],
        "asked": {
            "number": row.number, "on": row.issued_on, "state": states[asked.state],
            "state_words": words[asked.state], "open": asked.state == ProForma.OPEN,
            "total": asked.total, "to_pay": asked.to_pay, "invoices": asked.invoices,
            "seller": row.issuer.legal_name, "pdf": f"/my/pro-formas/{row.public_id}/pdf",
        },
    }  # fmt: skip
    return page(request, "pro_forma", context, entity=guest.entity, guest=guest)


def _asked_lines(row: ProForma) -> list[dict[str, Any]]:
    """What is asked for one service, line by line with its reason."""
    return [
        {"words": one.words, "amount": one.amount,
         "why": why_asked(one.why, row.currency) if one.why else None}
        for one in asked_lines(row)
    ]  # fmt: skip


@require_safe
@customers_only
def receipt(request: HttpRequest, guest: Guest, public_id: UUID) -> HttpResponse:
    """Money that came, and what it was used for; what is left over is credit."""
    rows = payments_of_customer(guest.customer.pk).select_related("issuer")
    row = rows.filter(public_id=public_id).first()
    if row is None:
        raise Http404
    parts = [
        {"number": part.invoice.number, "url": f"/my/bills/{part.invoice.public_id}",
         "amount": Money(part.amount_minor, row.currency), "recovers": part.recovers}
        for part in row.allocations.all()
    ]  # fmt: skip
    used = sum(part.amount_minor for part in row.allocations.all())
    context = {
        "payment": row,
        "pdf": f"/my/receipts/{row.public_id}/pdf",
        "total": Money(row.amount_minor, row.currency),
        "parts": parts,
        "credit": Money(row.amount_minor - used, row.currency),
        "seller": row.issuer.legal_name,
        "customer": guest.customer,
    }
    return page(request, "receipt", context, entity=guest.entity, guest=guest)


def rows_of(
    customer: Customer, *, limit: int, before: date | None = None
) -> tuple[list[dict[str, Any]], date | None]:
    """Bills, credits and open pro formas of a customer, newest first, and the day to go on
    before.

    A day's bills stay together, so one page may be a little longer than `limit`.
    """
    invoices = Invoice.objects.filter(customer=customer).order_by("-issued_on", "-pk")
    asked = documents(ProForma.objects.filter(customer=customer), ProForma.OPEN)
    asked = asked.order_by("-issued_on", "-pk")
    credits = CreditNote.objects.filter(customer=customer).select_related("invoice")
    credits = credits.order_by("-issued_on", "-pk")
    if before is not None:
        invoices, asked = invoices.filter(issued_on__lt=before), asked.filter(issued_on__lt=before)
        credits = credits.filter(issued_on__lt=before)
    many = limit + 1
    found: list[Invoice | Asked | CreditNote] = [*with_lines(asked[:many]), *credits[:many],
                                                 *invoices[:many]]  # fmt: skip
    found.sort(key=lambda row: row.issued_on, reverse=True)
    last = found[limit - 1].issued_on if len(found) > limit else None
    kept = [row for row in found if last is None or row.issued_on >= last]
    bills = [row for row in kept if isinstance(row, Invoice)]
    paid = _receipts([row.pk for row in bills])
    became = invoice_states(bills, clock.today(entity_of(customer.entity_id).zone))
    return [_bill_row(row, paid, became) for row in kept], last


def _bill_row(
    row: Invoice | Asked | CreditNote, paid: dict[int, Payment], became: dict[int, State]
) -> dict[str, Any]:
    if isinstance(row, Invoice):
        return _invoice_row(row, paid.get(row.pk), became[row.pk])
    return _asked_row(row) if isinstance(row, Asked) else _credit_row(row)


def _invoice_row(row: Invoice, payment: Payment | None, became: State) -> dict[str, Any]:
    left = row.total_minor - row.paid_minor
    if left:
        words = _("Due %(day)s") % {"day": short(row.due_on)}
    elif became != State.PAID:
        words = _(STATES[became].words)
    elif payment:
        day = short(payment.value_on)
        words = _("Paid %(day)s, %(receipt)s") % {"day": day, "receipt": payment.transaction}
    else:
        words = _("Paid from credit") if row.total_minor else _("Nothing to pay")
    return {"number": row.number, "url": f"/my/bills/{row.public_id}", "words": words,
            "amount": str(Money(left or row.total_minor, row.currency)),
            "bad": False, "paid": not left}  # fmt: skip


def _credit_row(row: CreditNote) -> dict[str, Any]:
    words = _("Credited of %(number)s") % {"number": row.invoice.number}
    return {"number": row.number, "url": f"/my/credits/{row.public_id}/pdf", "words": words,
            "amount": str(-Money(row.total_minor, row.currency)),
            "bad": False, "paid": True}  # fmt: skip


def _asked_row(asked: Asked) -> dict[str, Any]:
    row = asked.first
    return {"number": row.number, "url": f"/my/pro-formas/{row.public_id}",
            "words": _("Asked in advance for %(period)s") % {"period": between(asked.period)},
            "amount": str(asked.to_pay),
            "bad": False, "paid": False}  # fmt: skip


def _receipts(invoice_ids: list[int]) -> dict[int, Payment]:
    """The last payment on each invoice."""
    rows = Allocation.objects.filter(invoice_id__in=invoice_ids, recovers=False)
    rows = rows.select_related("payment")
    return {row.invoice_id: row.payment for row in rows.order_by("pk")}


def _payments(customer: Customer) -> Iterable[Payment]:
    return payments_of_customer(customer.pk)[:PAGE]


def _payment_row(row: Payment) -> dict[str, Any]:
    words = {"mpesa": "M-PESA", "cash": _("Cash")}.get(row.provider, row.provider)
    return {"words": f"{words} {row.transaction}", "url": f"/my/receipts/{row.public_id}",
            "note": _("%(day)s, receipt %(number)s")
            % {"day": short(row.value_on), "number": row.receipt_number},
            "amount": str(Money(row.amount_minor, row.currency))}  # fmt: skip


def _state_words(row: Invoice, became: State) -> str:
    if row.paid_minor == row.total_minor:
        return _(STATES[became].words)
    if became == State.OVERDUE:
        return _("Overdue since %(day)s") % {"day": short(row.due_on)}
    return _("To pay by %(day)s") % {"day": short(row.due_on)}


def _taxes(row: Invoice, lines: Iterable[Any]) -> list[dict[str, Any]]:
    """Each tax once, over all lines."""
    sums: dict[tuple[int, str, str], int] = {}
    for line in lines:
        for tax in line.taxes.all():
            key = (tax.sequence, tax.name, f"{tax.rate_percent.normalize():f}")
            sums[key] = sums.get(key, 0) + tax.amount_minor
    return [
        {"words": f"{tax_name(name)} {rate}\u2009%", "amount": Money(minor, row.currency)}
        for (_sequence, name, rate), minor in sorted(sums.items())
    ]


def _settled(parts: Iterable[Settled]) -> list[dict[str, Any]]:
    words = {"credit": _("From your credit"), "write_off": _("Written off")}
    return [
        {"receipt": words.get(part.kind, part.words), "at": part.at, "amount": part.amount,
         "url": f"/my/credits/{part.public_id}/pdf" if part.kind == "credit_note" else ""}
        for part in parts
    ]  # fmt: skip


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
