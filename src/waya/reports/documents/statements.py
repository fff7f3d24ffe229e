"""A customer's statement: what was charged and what came, from documents alone.

It is their receivable less their credit, line by line: what the books hold of both.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from django.db.models import F, Model, QuerySet, Sum
from django.db.models.functions import Coalesce, TruncDate

from waya.billing.models import CreditNote, Invoice, Recovery, WriteOff
from waya.kernel.money import Money
from waya.org.queries import entity_of
from waya.parties.models import Customer
from waya.payments.models import Payment

INVOICE, CREDIT_NOTE, PAYMENT = "invoice", "credit_note", "payment"
WRITE_OFF, RECOVERY = "write_off", "recovery"


@dataclass(frozen=True, slots=True)
class Row:
    """A document: a charge is above zero, what lessens the debt below. `words` is what a
    person knows it by: of a payment, the provider's transaction. `balance` is owed after it."""

    on: date
    kind: str
    number: str
    words: str
    amount: Money
    balance: Money


@dataclass(frozen=True, slots=True)
class Statement:
    """The days from `since` through `through`: what was owed before, each document, and what
    is owed after; below zero it is the customer's credit."""

    customer: Customer
    since: date
    through: date
    opening: Money
    rows: tuple[Row, ...]
    closing: Money

    @property
    def charged(self) -> Money:
        """The sum of the charges."""
        return self._sum(1)

    @property
    def paid(self) -> Money:
        """The sum of what was paid and credited, above zero."""
        return -self._sum(-1)

    def _sum(self, sign: int) -> Money:
        minors = (row.amount.minor for row in self.rows if sign * row.amount.minor > 0)
        return Money(sum(minors), self.opening.currency)


@dataclass(frozen=True, slots=True)
class _Source:
    """A kind of document: its rows with their day as `day`, its sign, and how it is called."""

    kind: str
    rows: QuerySet[Model]
    sign: int
    amount: str
    number: str
    words: str


def statement(customer: Customer, since: date, through: date) -> Statement:
    """What happened on a customer's account; ten queries, whatever came before `since`.

    A payment counts on the provider's date, money that was matched later on that day.
    """
    sources = _sources(customer)
    currency = entity_of(customer.entity_id).currency
    before = sum(
        source.sign
        * (source.rows.filter(day__lt=since).aggregate(sum=Sum(source.amount))["sum"] or 0)
        for source in sources
    )
    found = sorted(
        (row for source in sources for row in _within(source, since, through)),
        key=lambda row: (row[0], _ORDER[row[1]], row[2]),
    )
    balance, rows = before, []
    for on, kind, number, words, minor in found:
        balance += minor
        rows.append(Row(on, kind, number, words, Money(minor, currency), Money(balance, currency)))
    opening = Money(before, currency)
    return Statement(customer, since, through, opening, tuple(rows), Money(balance, currency))


# On one day charges come first, then what was given back, then money. What was written off is
# charged again by what pays it.
_ORDER = {INVOICE: 0, RECOVERY: 1, CREDIT_NOTE: 2, PAYMENT: 3, WRITE_OFF: 4}


def _sources(customer: Customer) -> tuple[_Source, ...]:
    zone = ZoneInfo(entity_of(customer.entity_id).zone)
    issued = F("issued_on")
    counted = Coalesce(TruncDate("matched_at", tzinfo=zone), "value_on")
    invoices = Invoice.objects.filter(customer=customer).annotate(day=issued)
    credits = CreditNote.objects.filter(customer=customer).annotate(day=issued)
    payments = Payment.objects.filter(customer=customer).annotate(day=counted)
    came = Recovery.objects.filter(write_off__customer=customer).annotate(day=F("on"))
    given_up = WriteOff.objects.filter(invoice__customer=customer).annotate(day=F("on"))
    return (
        _Source(INVOICE, invoices, 1, "total_minor", "number", "number"),
        _Source(CREDIT_NOTE, credits, -1, "total_minor", "number", "invoice__number"),
        _Source(PAYMENT, payments, -1, "amount_minor", "receipt_number", "transaction"),
        _Source(
            RECOVERY,
            came,
            1,
            "amount_minor",
            "write_off__invoice__number",
            "write_off__invoice__number",
        ),
        _Source(WRITE_OFF, given_up, -1, "amount_minor", "invoice__number", "invoice__number"),
    )


def _within(
    source: _Source, since: date, through: date
) -> Iterator[tuple[date, str, str, str, int]]:
    rows = source.rows.filter(day__gte=since, day__lte=through)
    for on, number, words, minor in rows.values_list(
        "day", source.number, source.words, source.amount
    ):
        yield on, source.kind, number, words, source.sign * minor
