"""Credit notes: what is given back of an invoice, at its own prices and taxes, by the branch
that issued it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from django.db import transaction

from waya.billing.commands.settle import spend_left_over
from waya.billing.commands.standings import restore
from waya.billing.models import (
    Credit,
    CreditNote,
    CreditNoteLine,
    CreditNoteTax,
    FiscalDocument,
    Invoice,
    InvoiceLine,
    WriteOff,
)
from waya.billing.queries.credits import Creditable, creditable
from waya.billing.rules.credits import (
    Given,
    LineCredit,
    Reason,
    booking,
    give,
    taken_from,
    without,
)
from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.kernel.money import rounded
from waya.ledger.commands.entries import post_fresh
from waya.ledger.queries.balances import first_open_days
from waya.ledger.rules.entries import Entry
from waya.org import jobs
from waya.org.actors import Actor
from waya.org.audit import Happened, record_many
from waya.org.commands.numbering import Numbered, next_numbers
from waya.org.queries import entity_of
from waya.parties.commands.customers import lock_customers


@dataclass(slots=True)
class _Open:
    """The invoices of a credit, locked, and what is left of their lines."""

    entity_id: int
    on: date
    once: str
    invoices: dict[int, Invoice]
    lines: dict[int, Creditable]
    known: dict[int, CreditNote]


@dataclass(frozen=True, slots=True)
class _Piece:
    """What a wish takes of a line, and of the base of each of its taxes."""

    wish: LineCredit
    of: Creditable
    given: Given
    bases: tuple[int, ...]


@transaction.atomic
def credit(
    *, invoice_id: int, reason: Reason, once: str, on: date, by: Actor, note: str = ""
) -> CreditNote:
    """Credit all that is left of an invoice; otherwise as `credit_lines`.

    Refuses `credit_nothing_left` too.
    """
    by = by.must("billing.credit")
    lines = InvoiceLine.objects.filter(invoice_id=invoice_id).values_list("pk", flat=True)
    opened = _open(set(lines), on, once, by)
    if invoice_id in opened.known:
        return opened.known[invoice_id]
    wishes = [LineCredit(key, reason) for key, one in opened.lines.items() if any(one.line.left)]
    if not wishes:
        raise Refused("credit_nothing_left")
    (issued,) = _issue(opened, wishes, note, by)
    return issued


@transaction.atomic
def credit_lines(
    *, credits: Sequence[LineCredit], on: date, once: str, by: Actor, note: str = ""
) -> list[CreditNote]:
    """Credit lines of invoices of one entity: one credit note for each invoice, in the order
    in which they come first; numbered, posted, and never changed after.

    What an invoice still lacks is settled first, and whoever is then no longer behind comes
    back; the rest is the customer's credit, which their next payment or renewal uses. What of
    it was not earned yet comes out of deferred revenue. `once` names what asks for it: the
    same again on an invoice gives its first credit note and changes nothing.

    Refuses what `rules.credits.give` does, and `period_closed`, `credit_before_invoice`,
    `credit_written_off` (what was given up was never paid, so nothing is owed back) and
    `other_entity`; nothing of the batch is then kept. The database refuses more than is left
    of a line whoever asks.
    """
    by = by.must("billing.credit")
    if not credits:
        return []
    opened = _open({wish.line_id for wish in credits}, on, once, by)
    fresh = [
        wish for wish in credits
        if opened.lines[wish.line_id].row.invoice_id not in opened.known
    ]  # fmt: skip
    issued = {row.invoice_id: row for row in _issue(opened, fresh, note, by)} | opened.known
    wished = [opened.lines[wish.line_id].row.invoice_id for wish in credits]
    return [issued[key] for key in dict.fromkeys(wished)]


@transaction.atomic
def give_back(
    *, credits: Sequence[LineCredit], on: date, once: str, by: Actor, note: str = ""
) -> list[CreditNote]:
    """Credit lines as `credit_lines` does, and let what becomes customer credit pay what else is
    open where policy has that at once: all or nothing. What a person asks for."""
    by = by.must("billing.credit")
    issued = credit_lines(credits=credits, on=on, once=once, note=note, by=by)
    _spend(issued, by)
    return issued


@transaction.atomic
def give_back_all(
    *, invoice_id: int, reason: Reason, once: str, on: date, by: Actor, note: str = ""
) -> CreditNote:
    """Credit all that is left of an invoice as `credit` does; otherwise as `give_back`."""
    by = by.must("billing.credit")
    issued = credit(invoice_id=invoice_id, reason=reason, once=once, on=on, note=note, by=by)
    _spend([issued], by)
    return issued


def _spend(issued: Sequence[CreditNote], by: Actor) -> None:
    for one in issued:
        spend_left_over(
            entity_id=one.entity_id, customer_ids=[one.customer_id], on=one.issued_on, by=by
        )


def _open(line_ids: set[int], on: date, once: str, by: Actor) -> _Open:
    """Lock the customers, then the invoices, and read what is left of the lines."""
    lines = InvoiceLine.objects.filter(pk__in=line_ids)
    owners = set(lines.values_list("invoice_id", "invoice__customer_id", "invoice__entity_id"))
    (entity_id,) = {entity for _, _, entity in owners}
    if by.entity_id not in (None, entity_id):
        raise Refused("other_entity")
    lock_customers(customer_ids={customer for _, customer, _ in owners}, by=by)
    invoices = {
        row.pk: row
        for row in Invoice.objects.select_for_update(no_key=True, of=("self",))
        .select_related("issuer")
        .filter(pk__in={invoice for invoice, _, _ in owners})
        .order_by("pk")
    }
    if first_open_days({(entity_id, on)})[entity_id, on] != on:
        raise Refused("period_closed", on=on.isoformat())
    if any(on < row.issued_on for row in invoices.values()):
        raise Refused("credit_before_invoice")
    if WriteOff.objects.filter(invoice__in=invoices).exists():
        raise Refused("credit_written_off")
    known = CreditNote.objects.filter(invoice__in=invoices, once=once)
    return _Open(entity_id, on, once, invoices, creditable(entity_id, lines, on),
                 {row.invoice_id: row for row in known})  # fmt: skip


def _issue(opened: _Open, wishes: Sequence[LineCredit], note: str, by: Actor) -> list[CreditNote]:
    by = replace(by, entity_id=opened.entity_id)
    pieces: dict[int, list[_Piece]] = {}
    for wish in wishes:
        piece = _take(opened, wish)
        pieces.setdefault(piece.of.row.invoice_id, []).append(piece)
    if not pieces:
        return []
    issued = _write(opened, pieces, note, by)
    _settle(opened, issued)
    post_fresh(entries=[_booking(opened, one, pieces[one.invoice_id]) for one in issued], by=by)
    causes = record_many(by, [_happened(opened, one) for one in issued])
    _owe(issued)
    restore(
        entity_id=opened.entity_id,
        customer_ids={one.customer_id for one in issued if one.applied_minor},
        on=opened.on,
        causes={one.customer_id: key for one, key in zip(issued, causes, strict=True)},
        by=by,
    )
    return issued


def _take(opened: _Open, wish: LineCredit) -> _Piece:
    """Work out one wish, and take it off what is left for the next."""
    of = opened.lines[wish.line_id]
    given = give(of.line, wish)
    share = Fraction(given.gross_minor, sum(of.line.left))
    bases = tuple(rounded(base * share) for base in of.bases)
    opened.lines[wish.line_id] = replace(
        of,
        line=without(of.line, given),
        bases=tuple(base - part for base, part in zip(of.bases, bases, strict=True)),
    )
    return _Piece(wish, of, given, bases)


def _write(
    opened: _Open, pieces: dict[int, list[_Piece]], note: str, by: Actor
) -> list[CreditNote]:
    """The rows of the credit notes; their numbers are taken last of all that is locked."""
    branches = [opened.invoices[key].issuer.branch_id for key in pieces]
    numbers = next_numbers(branches=branches, kind="credit_note", by=by)
    issued = CreditNote.objects.bulk_create(
        _note(opened, opened.invoices[key], own, note, numbered)
        for (key, own), numbered in zip(pieces.items(), numbers, strict=True)
    )
    both = [(one, piece) for one in issued for piece in pieces[one.invoice_id]]
    lines = CreditNoteLine.objects.bulk_create(_line(one, piece) for one, piece in both)
    CreditNoteTax.objects.bulk_create(
        row for line, (_, piece) in zip(lines, both, strict=True) for row in _taxes(line, piece)
    )
    return issued


def _note(
    opened: _Open, invoice: Invoice, pieces: Sequence[_Piece], note: str, numbered: Numbered
) -> CreditNote:
    net = sum(piece.given.net_minor for piece in pieces)
    total = sum(piece.given.gross_minor for piece in pieces)
    if total <= 0:
        raise Refused("credit_not_above_zero")
    return CreditNote(
        entity_id=opened.entity_id,
        customer_id=invoice.customer_id,
        invoice=invoice,
        issuer_id=numbered.issuer_id,
        number=numbered.number,
        issued_on=opened.on,
        issued_at=clock.now(),
        currency=invoice.currency,
        net_minor=net,
        tax_minor=total - net,
        total_minor=total,
        applied_minor=min(total, invoice.total_minor - invoice.paid_minor),
        reason=pieces[0].wish.reason.value,
        note=" ".join(note.split())[:200],
        once=opened.once,
        customer_as_issued=invoice.customer_as_issued,
    )


def _line(note: CreditNote, piece: _Piece) -> CreditNoteLine:
    row, given = piece.of.row, piece.given
    return CreditNoteLine(
        note=note,
        line=row,
        description=row.description,
        start=given.days.start if given.days else None,
        end=given.days.end if given.days else None,
        net_minor=given.net_minor,
        tax_minor=sum(given.taxes),
        total_minor=given.gross_minor,
        revenue=row.revenue,
        unearned_minor=given.unearned_minor,
        unearned_from=given.ahead.start if given.ahead else None,
        unearned_until=given.ahead.end if given.ahead else None,
        why=dict(piece.wish.why),
    )


def _taxes(line: CreditNoteLine, piece: _Piece) -> Iterable[CreditNoteTax]:
    for tax, amount, base in zip(piece.of.taxes, piece.given.taxes, piece.bases, strict=True):
        yield CreditNoteTax(
            line=line,
            sequence=tax.sequence,
            tax=tax.tax,
            name=tax.name,
            rate_percent=tax.rate_percent,
            base_minor=base,
            amount_minor=amount,
            law=tax.law,
            category=tax.category,
            reason=tax.reason,
        )


def _settle(opened: _Open, issued: Sequence[CreditNote]) -> None:
    """What the invoices lacked is settled; the rest is held for the customers."""
    today = clock.today(entity_of(opened.entity_id).zone)
    settled = []
    for one in issued:
        if one.applied_minor:
            invoice = opened.invoices[one.invoice_id]
            invoice.paid_minor += one.applied_minor
            invoice.settled_on, invoice.moved_on = today, opened.on
            settled.append(invoice)
    Invoice.objects.bulk_update(settled, ["paid_minor", "settled_on", "moved_on"])
    rest: dict[int, int] = {}
    for one in issued:
        over = one.total_minor - one.applied_minor
        if over:
            rest[one.customer_id] = rest.get(one.customer_id, 0) + over
    held = dict(Credit.objects.filter(customer__in=rest).values_list("customer_id", "amount_minor"))
    Credit.objects.bulk_create(
        [
            Credit(customer_id=key, currency=issued[0].currency,
                   amount_minor=held.get(key, 0) + minor)
            for key, minor in rest.items()
        ],
        update_conflicts=True,
        unique_fields=["customer"],
        update_fields=["amount_minor"],
    )  # fmt: skip


def _booking(opened: _Open, note: CreditNote, pieces: Sequence[_Piece]) -> Entry:
    debit: dict[str, int] = {}
    for piece in pieces:
        given, row = piece.given, piece.of.row
        amounts = [("deferred", given.unearned_minor),
                   (taken_from(row.revenue, piece.wish.reason),
                    given.net_minor - given.unearned_minor)]  # fmt: skip
        amounts += [
            (f"tax:{tax.tax}", minor)
            for tax, minor in zip(piece.of.taxes, given.taxes, strict=True)
        ]
        for purpose, minor in amounts:
            debit[purpose] = debit.get(purpose, 0) + minor
    return booking(
        entity_id=opened.entity_id,
        branch_id=note.invoice.issuer.branch_id,
        customer_id=note.customer_id,
        number=note.number,
        invoice=note.invoice.number,
        on=opened.on,
        debit=debit,
        applied_minor=note.applied_minor,
        rest_minor=note.total_minor - note.applied_minor,
        currency=note.currency,
    )


def _happened(opened: _Open, note: CreditNote) -> Happened:
    return Happened(
        "credit_note.issued",
        ("credit_note", note.pk),
        customer_id=note.customer_id,
        why={
            "number": note.number,
            "invoice": opened.invoices[note.invoice_id].number,
            "minor": note.total_minor,
            "currency": note.currency,
            "applied_minor": note.applied_minor,
            "credit_minor": note.total_minor - note.applied_minor,
            "reason": note.reason,
            "note": note.note,
        },
    )


def _owe(issued: Sequence[CreditNote]) -> None:
    """What credits an invoice that is owed to the tax authority is owed to it too, after it."""
    sales = dict(
        FiscalDocument.objects.filter(
            invoice__in=[one.invoice_id for one in issued], kind=FiscalDocument.SALE
        ).values_list("invoice_id", "device_id")
    )
    now = clock.real_now()
    FiscalDocument.objects.bulk_create(
        FiscalDocument(
            device_id=sales[one.invoice_id],
            invoice_id=one.invoice_id,
            credit_note=one,
            kind=FiscalDocument.CREDIT,
            reference=one.number,
            owed_at=now,
        )
        for one in issued
        if one.invoice_id in sales
    )
    for device_id in sorted(set(sales.values())):
        jobs.nudge("billing.fiscalise", key=f"device:{device_id}", device_id=device_id)
