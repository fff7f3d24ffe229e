"""Invoices and pro formas, and what an invoice booked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Prefetch, QuerySet

from waya.billing.models import (
    CreditNote,
    CreditNoteLine,
    CreditNoteTax,
    CreditUse,
    Invoice,
    InvoiceLine,
    InvoiceTax,
    ProForma,
    Recovery,
    WriteOff,
)
from waya.billing.queries.accounts import invoice_state
from waya.billing.queries.asked import Asked, documents, with_lines
from waya.billing.queries.promises import disputed
from waya.billing.rules.invoice_states import Gone, State
from waya.kernel.money import Money
from waya.kernel.periods import Period
from waya.org.models import AuditRecord
from waya.payments.models import Allocation
from waya.reports.documents.whys import Reason, reasons
from waya.reports.queries.books.journal import Entry, entries_of
from waya.reports.queries.owing import UNPAID
from waya.reports.queries.paging import ROWS, Page, before, cut


@dataclass(frozen=True, slots=True)
class Tax:
    """One tax over all lines of an invoice; `reason` says why it is less than whole."""

    name: str
    percent: str
    base: Money
    amount: Money
    law: str
    reason: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line, its half-open period, and why it is as much as it is."""

    description: str
    period: Period | None
    net: Money
    tax: Money
    total: Money
    because: list[Reason]


@dataclass(frozen=True, slots=True)
class Settled:
    """What settled a part of an invoice: a `payment`, `credit`, a `credit_note` or a `write_off`.
    `receipt` is the number of ours, `public_id` a credit note's."""

    kind: str
    at: datetime
    words: str
    receipt: str
    amount: Money
    public_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Paper:
    """An invoice with everything on it and behind it."""

    invoice: Invoice
    state: State
    gone: Gone
    lines: list[Line]
    taxes: list[Tax]
    settled: list[Settled]
    left: Money
    booked: list[Entry]
    pro_forma: ProForma | None
    issued: AuditRecord | None


def invoices(
    entity_id: int, today: date, *, state: str = "", customer_id: int | None = None, key: str = ""
) -> Page[Invoice]:
    """Invoices, newest first; `state` is open, overdue, paid, credited or written_off (wholly or
    in part)."""
    rows = Invoice.objects.filter(entity_id=entity_id).select_related("customer")
    if customer_id is not None:
        rows = rows.filter(customer_id=customer_id)
    if state == "open":
        rows = rows.filter(UNPAID, due_on__gte=today)
    elif state == "overdue":
        rows = rows.filter(UNPAID, due_on__lt=today)
    elif state == "paid":
        rows = rows.filter(paid_minor=F("total_minor"), write_off=None)
        rows = rows.exclude(Exists(_CREDITED))
    elif state == "credited":
        rows = rows.filter(Exists(_CREDITED))
    elif state == "written_off":
        rows = rows.filter(write_off__isnull=False)
    if (last := before(key)) is not None:
        rows = rows.filter(pk__lt=last)
    return cut(list(rows.order_by("-pk")[: ROWS + 1]), lambda row: str(row.pk))


_CREDITED = CreditNote.objects.filter(invoice=OuterRef("pk"))


def pro_formas(
    entity_id: int, *, state: str = "", customer_id: int | None = None, key: str = ""
) -> Page[Asked]:
    """Renewals asked for, newest first, each with its lines; `state` is that of any of them."""
    rows = ProForma.objects.filter(entity_id=entity_id)
    if customer_id is not None:
        rows = rows.filter(customer_id=customer_id)
    rows = documents(rows, *([state] if state else []))
    if (last := before(key)) is not None:
        rows = rows.filter(pk__lt=last)
    found = with_lines(rows.order_by("-pk")[: ROWS + 1])
    return cut(found, lambda one: str(one.first.pk))


def credit_notes(
    entity_id: int, *, customer_id: int | None = None, key: str = ""
) -> Page[CreditNote]:
    """Credit notes, newest first."""
    rows = CreditNote.objects.filter(entity_id=entity_id).select_related("customer", "invoice")
    if customer_id is not None:
        rows = rows.filter(customer_id=customer_id)
    if (last := before(key)) is not None:
        rows = rows.filter(pk__lt=last)
    return cut(list(rows.order_by("-pk")[: ROWS + 1]), lambda row: str(row.pk))


def credit_note(entity_id: int, number: str) -> CreditNote | None:
    """A credit note by its number, with its lines and their taxes; None for one that this
    company does not have. Three queries."""
    ordered = (
        CreditNoteLine.objects.select_related("line")
        .order_by("pk")
        .prefetch_related(Prefetch("taxes", CreditNoteTax.objects.order_by("sequence")))
    )
    rows = CreditNote.objects.filter(entity_id=entity_id, number=number)
    rows = rows.select_related("customer", "issuer", "invoice")
    return rows.prefetch_related(Prefetch("lines", ordered)).first()


def unpaid_total(entity_id: int, currency: str) -> tuple[int, Money]:
    """How many invoices are unpaid, and how much of them."""
    rows = Invoice.objects.filter(UNPAID, entity_id=entity_id)
    found = rows.values_list("total_minor", "paid_minor")
    left = [total - paid for total, paid in found]
    return len(left), Money(sum(left), currency)


def paper(entity_id: int, number: str, today: date) -> Paper | None:
    """One invoice by its number; None for one that this company does not have. Ten queries."""
    ordered = InvoiceLine.objects.order_by("pk").prefetch_related(
        Prefetch("taxes", InvoiceTax.objects.order_by("sequence"))
    )
    invoice = (
        Invoice.objects.filter(entity_id=entity_id, number=number)
        .select_related("customer", "issuer")
        .annotate(disputed=disputed())
        .prefetch_related(Prefetch("lines", ordered), "credit_uses", "pro_formas")
        .first()
    )
    if invoice is None:
        return None
    issued = AuditRecord.objects.filter(subject_kind="invoice", subject_id=invoice.pk)
    settled, gone = settled_by(invoice)
    return Paper(
        invoice=invoice,
        state=invoice_state(invoice, gone, today),
        gone=gone,
        lines=[_line(line, invoice.currency) for line in invoice.lines.all()],
        taxes=taxes_of(invoice.lines.all(), invoice.currency),
        settled=settled,
        left=Money(invoice.total_minor - invoice.paid_minor, invoice.currency),
        booked=entries_of(entity_id, _sources(invoice, gone)),
        pro_forma=next(iter(invoice.pro_formas.all()), None),
        issued=issued.order_by("pk").first(),
    )


def _line(line: InvoiceLine, currency: str) -> Line:
    return Line(
        description=line.description,
        period=Period(line.start, line.end) if line.start and line.end else None,
        net=Money(line.net_minor, currency),
        tax=Money(line.tax_minor, currency),
        total=Money(line.total_minor, currency),
        because=reasons(line.why, line.taxes.all(), currency),
    )


def taxes_of(lines: Iterable[InvoiceLine | CreditNoteLine], currency: str) -> list[Tax]:
    """The taxes of all lines, added up by name and rate, in the order they stack."""
    sums: dict[tuple[int, str, str, str, str], list[int]] = {}
    for line in lines:
        taxes: Iterable[InvoiceTax | CreditNoteTax] = line.taxes.all()
        for tax in taxes:
            rate = f"{tax.rate_percent.normalize():f}"
            both = sums.setdefault((tax.sequence, tax.name, rate, tax.law, tax.reason), [0, 0])
            both[0] += tax.base_minor
            both[1] += tax.amount_minor
    return [
        Tax(name, rate, Money(base, currency), Money(amount, currency), law, reason)
        for (_, name, rate, law, reason), (base, amount) in sorted(sums.items())
    ]


def settled_by(invoice: Invoice) -> tuple[list[Settled], Gone]:
    """What settled an invoice, the oldest first, and what of it was no money; four queries."""
    shares = Allocation.objects.filter(invoice=invoice, recovers=False).select_related("payment")
    paid = [
        Settled("payment", one.payment.paid_at, one.payment.transaction,
                one.payment.receipt_number, Money(one.amount_minor, invoice.currency))
        for one in shares
    ]  # fmt: skip
    credit = [
        Settled("credit", one.used_at, "customer credit", "",
                Money(one.amount_minor, invoice.currency))
        for one in invoice.credit_uses.all()
    ]  # fmt: skip
    notes, losses = list(invoice.credit_notes.all()), list(WriteOff.objects.filter(invoice=invoice))
    given_back = [
        Settled("credit_note", one.issued_at, one.number, one.number,
                Money(one.applied_minor, invoice.currency), one.public_id)
        for one in notes if one.applied_minor
    ]  # fmt: skip
    given_up = [
        Settled("write_off", one.written_at, "written off", "",
                Money(one.amount_minor, invoice.currency))
        for one in losses
    ]  # fmt: skip
    gone = Gone(
        credited=sum(one.total_minor for one in notes),
        applied=sum(one.applied_minor for one in notes),
        written_off=sum(one.amount_minor for one in losses),
        recovered=sum(one.recovered_minor for one in losses),
    )
    return sorted([*paid, *credit, *given_back, *given_up], key=lambda one: one.at), gone


def _sources(invoice: Invoice, gone: Gone) -> list[str]:
    """The sources under which the ledger keeps this invoice, the credit spent on it, its loss,
    and what credit made good of that."""
    rows = Recovery.objects.filter(write_off__invoice=invoice).values_list("pk", flat=True)
    back = list(rows) if gone.recovered else []
    return [
        f"invoice:{invoice.number}",
        *(f"credit_use:{use.pk}" for use in invoice.credit_uses.all()),
        f"write_off:{invoice.pk}",
        *(f"recovery:{one}" for one in back),
    ]


def exists(entity_id: int, number: str) -> bool:
    """Whether there is an invoice of this number."""
    return Invoice.objects.filter(entity_id=entity_id, number=number).exists()


def number_behind(entity_id: int, kind: str, key: str) -> str:
    """The number of the invoice behind an entry whose source is one of `NUMBERED` and the id of
    its row: credit that was used on it, its loss, or what was recovered of that; empty where
    there is none."""
    found, number = NUMBERED[kind](before(key) or 0)
    rows = found.filter(**{number.replace("number", "entity_id"): entity_id})
    return rows.values_list(number, flat=True).first() or ""


NUMBERED: dict[str, Callable[[int], tuple[QuerySet[Any], str]]] = {
    "credit_use": lambda key: (CreditUse.objects.filter(pk=key), "invoice__number"),
    "write_off": lambda key: (WriteOff.objects.filter(invoice=key), "invoice__number"),
    "recovery": lambda key: (Recovery.objects.filter(pk=key), "write_off__invoice__number"),
}
