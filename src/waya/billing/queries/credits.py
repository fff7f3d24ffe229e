"""What is left of invoices' lines to credit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import QuerySet

from waya.billing.models import (
    CreditNoteLine,
    CreditNoteTax,
    Invoice,
    InvoiceLine,
    InvoiceTax,
)
from waya.billing.policy import RecognitionPolicy
from waya.billing.rules.credits import LineCredit, Owned, Reason, ahead_of, give, unearned
from waya.kernel.errors import Refused
from waya.kernel.periods import Period
from waya.org.policy import chosen


@dataclass(frozen=True, slots=True)
class Creditable:
    """A line with its taxes in their order, what is left of it, and of each tax's base."""

    row: InvoiceLine
    taxes: tuple[InvoiceTax, ...]
    bases: tuple[int, ...]
    line: Owned


@dataclass(frozen=True, slots=True)
class Effect:
    """What a credit would do to an invoice, in minor units: its parts, what of it would settle
    the invoice and what become the customer's credit, and what of its net was not earned."""

    net: int
    tax: int
    applied: int
    rest: int
    unearned: int

    @property
    def total(self) -> int:
        """What the customer gets."""
        return self.net + self.tax


@dataclass(slots=True)
class _Back:
    """What was given back of a line before: its parts and bases by the tax's sequence."""

    net: int
    taxes: dict[int, int]
    bases: dict[int, int]
    days: list[Period]
    unearned: list[tuple[int, Period]]


def creditable(entity_id: int, rows: QuerySet[InvoiceLine], on: date) -> dict[int, Creditable]:
    """What may be credited on a day of some lines of an entity, by the line's id; four queries.

    For one that writes, the customers are locked: otherwise it is as it was a moment ago.
    """
    spread = chosen(RecognitionPolicy, entity_id).spread
    lines = list(rows.select_related("invoice").order_by("pk"))
    keys = [row.pk for row in lines]
    taxes: dict[int, list[InvoiceTax]] = {}
    for tax in InvoiceTax.objects.filter(line__in=keys).order_by("sequence"):
        taxes.setdefault(tax.line_id, []).append(tax)
    backs = _given_back(keys)
    return {
        row.pk: _creditable(row, tuple(taxes.get(row.pk, ())), backs.get(row.pk), on, spread)
        for row in lines
    }


def effect(invoice: Invoice, wishes: Sequence[LineCredit], on: date) -> Effect:
    """What crediting lines of an invoice on a day would do, without doing it; without wishes,
    crediting all that is left. Refuses as `rules.credits.give` does."""
    lines = creditable(invoice.entity_id, invoice.lines.all(), on)
    given = [give(lines[wish.line_id].line, wish) for wish in wishes]
    if not wishes:
        left = [one.line for one in lines.values() if any(one.line.left)]
        given = [give(line, LineCredit(line.line_id, Reason.MISTAKE)) for line in left]
    if not given:
        raise Refused("credit_nothing_left")
    net = sum(one.net_minor for one in given)
    total = sum(one.gross_minor for one in given)
    applied = min(total, invoice.total_minor - invoice.paid_minor)
    unearned_minor = sum(one.unearned_minor for one in given)
    return Effect(net, total - net, applied, total - applied, unearned_minor)


def _given_back(line_ids: Iterable[int]) -> dict[int, _Back]:
    keys = list(line_ids)
    found: dict[int, _Back] = {}
    for row in CreditNoteLine.objects.filter(line__in=keys).order_by("pk"):
        back = found.setdefault(row.line_id, _Back(0, {}, {}, [], []))
        back.net += row.net_minor
        if row.start and row.end:
            back.days.append(Period(row.start, row.end))
        if row.unearned_from and row.unearned_until:
            back.unearned.append(
                (row.unearned_minor, Period(row.unearned_from, row.unearned_until))
            )
    rows = CreditNoteTax.objects.filter(line__line__in=keys).select_related("line")
    for tax in rows.order_by("pk"):
        back = found[tax.line.line_id]
        for sums, minor in ((back.taxes, tax.amount_minor), (back.bases, tax.base_minor)):
            sums[tax.sequence] = sums.get(tax.sequence, 0) + minor
    return found


def _creditable(
    row: InvoiceLine, taxes: tuple[InvoiceTax, ...], back: _Back | None, on: date, spread: str
) -> Creditable:
    back = back or _Back(0, {}, {}, [], [])
    period = Period(row.start, row.end) if row.start and row.end else None
    billed = (row.net_minor, *(tax.amount_minor for tax in taxes))
    left = (
        row.net_minor - back.net,
        *(tax.amount_minor - back.taxes.get(tax.sequence, 0) for tax in taxes),
    )
    days = _earning_days(row, period)
    line = Owned(
        line_id=row.pk,
        currency=row.invoice.currency,
        billed=billed,
        left=left,
        period=period,
        tax_inclusive=bool(row.why.get("tax_inclusive", True)),
        credited=tuple(back.days),
        unearned_minor=unearned(row.net_minor, days, on, spread, back.unearned) if days else 0,
        ahead=ahead_of(days, on) if days else None,
    )
    bases = tuple(tax.base_minor - back.bases.get(tax.sequence, 0) for tax in taxes)
    return Creditable(row, taxes, bases, line)


def _earning_days(row: InvoiceLine, period: Period | None) -> Period | None:
    """The days over which a line billed in advance is earned: its own, or its first."""
    if not row.deferred:
        return None
    start = row.start or row.invoice.issued_on
    end = period.end if period else start
    return Period(start, max(end, start + timedelta(days=1)))
