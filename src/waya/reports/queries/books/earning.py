"""The lines behind deferred revenue: what each was billed, what of it was recognised, what is left.

A line earns as its revenue does: through the days that were recognised, and no further.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

from django.db.models import F, Model, Q, QuerySet

from waya.billing.models import CreditNoteLine, InvoiceLine, Recognition
from waya.billing.policy import RecognitionPolicy
from waya.billing.rules.recognition import earned
from waya.kernel.money import Money
from waya.kernel.periods import Period
from waya.org.policy import chosen
from waya.reports.queries.paging import ROWS, Page, before, cut

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Asked:
    """A revenue of an entity in one currency, over the days from `since` through `through`."""

    entity_id: int
    revenue: str
    currency: str
    since: date
    through: date


@dataclass(frozen=True, slots=True)
class Earning:
    """A line of a document over those days: what it brought to deferred revenue (below zero where
    it was given back), what of it was recognised, and what was left of it after them."""

    id: int
    number: str
    customer: str
    account: str
    words: str
    on: date
    period: Period
    net: Money
    billed: Money
    recognised: Money
    left: Money


@dataclass(frozen=True, slots=True)
class _Line:
    id: int
    number: str
    customer: str
    account: str
    words: str
    on: date
    period: Period
    net_minor: int


def billed_page(asked: Asked, key: str = "") -> Page[Earning]:
    """Lines of invoices, the newest first. Three queries."""
    rows = _from(_billed(asked), key).order_by("-pk")[: ROWS + 1]
    return _page(asked, [_of_invoice(row) for row in rows])


def credited_page(asked: Asked, key: str = "") -> Page[Earning]:
    """Lines of credit notes, as far as they were not earned, the newest first. Three queries."""
    rows = _from(_credited(asked), key).order_by("-pk")[: ROWS + 1]
    return _page(asked, [_of_credit(row) for row in rows])


def every(asked: Asked) -> Iterator[Earning]:
    """All of both, invoices first."""
    invoices = (_of_invoice(row) for row in _billed(asked).iterator(chunk_size=2000))
    credits = (_of_credit(row) for row in _credited(asked).iterator(chunk_size=2000))
    for lines in (invoices, credits):
        yield from _earning(asked, lines)


def _from(rows: QuerySet[Row], key: str) -> QuerySet[Row]:
    last = before(key)
    return rows if last is None else rows.filter(pk__lt=last)


def _page(asked: Asked, lines: Sequence[_Line]) -> Page[Earning]:
    return cut(list(_earning(asked, lines)), lambda one: str(one.id))


def _earning(asked: Asked, lines: Iterable[_Line]) -> Iterator[Earning]:
    spread = chosen(RecognitionPolicy, asked.entity_id).spread
    days = _recognised_through(asked)
    for line in lines:
        first, last = (
            0 if day is None or line.on > day else earned(line.net_minor, line.period, day, spread)
            for day in days
        )
        fresh = line.net_minor if line.on >= asked.since else 0
        amounts = (line.net_minor, fresh, last - first, line.net_minor - last)
        yield Earning(
            line.id, line.number, line.customer, line.account, line.words, line.on, line.period,
            *(Money(minor, asked.currency) for minor in amounts),
        )  # fmt: skip


def _recognised_through(asked: Asked) -> tuple[date | None, date | None]:
    """Through which day revenue was recognised before those days, and by their end."""
    found = Recognition.objects.filter(entity_id=asked.entity_id).order_by("-through")
    days = found.values_list("through", flat=True)
    return days.filter(through__lt=asked.since).first(), days.filter(
        through__lte=asked.through
    ).first()


def _gone(asked: Asked, on: str, end: str) -> Q:
    """What was all recognised before those days."""
    first, _ = _recognised_through(asked)
    if first is None:
        return Q(pk=None)
    return Q(**{f"{on}__lte": first, f"{end}__lte": first + timedelta(days=1)})


def _billed(asked: Asked) -> QuerySet[InvoiceLine]:
    return (
        InvoiceLine.objects.filter(
            deferred=True, revenue=asked.revenue, invoice__entity=asked.entity_id,
            invoice__currency=asked.currency, invoice__issued_on__lte=asked.through,
        )
        .exclude(_gone(asked, "invoice__issued_on", "end"))
        .select_related("invoice__customer")
    )  # fmt: skip


def _credited(asked: Asked) -> QuerySet[CreditNoteLine]:
    return (
        CreditNoteLine.objects.filter(
            ~Q(unearned_minor=0), revenue=asked.revenue, note__entity=asked.entity_id,
            note__currency=asked.currency, note__issued_on__lte=asked.through,
            unearned_until__gt=F("unearned_from"),
        )
        .exclude(_gone(asked, "note__issued_on", "unearned_until"))
        .select_related("note__customer")
    )  # fmt: skip


def _of_invoice(row: InvoiceLine) -> _Line:
    invoice = row.invoice
    start = row.start or invoice.issued_on
    end = max(row.end or start, start + timedelta(days=1))
    return _Line(row.pk, invoice.number, invoice.customer.name, invoice.customer.account_number,
                 row.description, invoice.issued_on, Period(start, end), row.net_minor)  # fmt: skip


def _of_credit(row: CreditNoteLine) -> _Line:
    note = row.note
    if row.unearned_from is None or row.unearned_until is None:
        raise ValueError(f"what was not earned of credited line {row.pk} has no days")
    period = Period(row.unearned_from, row.unearned_until)
    return _Line(row.pk, note.number, note.customer.name, note.customer.account_number,
                 row.description, note.issued_on, period, -row.unearned_minor)  # fmt: skip
