"""Lines gathered into invoices: one a day, none too small, none of nothing if so chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import groupby

from waya.billing.rules.engine.line import Line
from waya.billing.rules.engine.terms import BillingTerms
from waya.kernel.money import Money, total


@dataclass(frozen=True, slots=True)
class Document:
    """The lines of one day, and what they come to: below zero it is a credit note."""

    on: date
    due_on: date
    lines: tuple[Line, ...]
    amount: Money


def documents(lines: Sequence[Line], terms: BillingTerms) -> list[Document]:
    """Lines by invoice date.

    What comes to less than the minimum (but more than nothing) waits for the next invoice;
    the last one waits for the next that is to come, and is not listed (`waiting` tells it). An
    invoice whose lines are all of nothing is left out when policy says so.
    """
    return _gathered(lines, terms)[0]


def waiting(lines: Sequence[Line], terms: BillingTerms) -> list[Line]:
    """What is below the minimum, and waits for an invoice that is still to come."""
    return _gathered(lines, terms)[1]


def _gathered(lines: Sequence[Line], terms: BillingTerms) -> tuple[list[Document], list[Line]]:
    found: list[Document] = []
    waits: list[Line] = []
    for on, group in groupby(sorted(lines, key=_invoiced), key=_invoiced):
        waits += group
        amount = total((line.amount for line in waits), terms.currency)
        if 0 < amount.minor < terms.minimum_invoice:
            continue
        if terms.zero_invoices or any(line.amount for line in waits):
            found.append(_document(on, waits, amount, terms))
        waits = []
    return found, waits


def _invoiced(line: Line) -> date:
    return line.invoice_on


def _document(on: date, lines: Sequence[Line], amount: Money, terms: BillingTerms) -> Document:
    due_on = on + timedelta(days=terms.due_days)
    return Document(on, due_on, tuple(_waited(line, on, due_on) for line in lines), amount)


def _waited(line: Line, on: date, due_on: date) -> Line:
    if line.invoice_on == on:
        return line
    why = line.why | {"waited_from": line.invoice_on.isoformat()}
    return replace(line, invoice_on=on, due_on=due_on, why=why)
