"""What is asked for because an invoice was not paid in time: once each, never on a fee."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from waya.billing.rules.engine.line import Line
from waya.billing.rules.engine.prices import plain
from waya.billing.rules.engine.ratios import Share
from waya.billing.rules.engine.terms import BillingTerms
from waya.kernel.money import Money
from waya.kernel.periods import Period


@dataclass(frozen=True, slots=True)
class LateFee:
    """A sum in minor units and a share of what is owed, together, when an invoice is not
    settled before the day that is so many days after it was due."""

    after_days: int
    amount_minor: int = 0
    ratio: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class Bill:
    """What an invoice asks for with its taxes; below zero it gives back."""

    on: date
    due_on: date
    gross_minor: int


@dataclass(frozen=True, slots=True)
class Paid:
    """Money of a customer; without an amount, all that is owed on that day."""

    on: date
    minor: int | None = None


@dataclass(frozen=True, slots=True)
class Fee:
    """A fee: for which bill, from which day, and on how much that was still owed."""

    bill: Bill
    on: date
    owed_minor: int
    exact: Fraction
    minor: int


def late_fees(
    bills: Sequence[Bill], paid: Sequence[Paid], fee: LateFee, terms: BillingTerms, until: date
) -> list[Fee]:
    """The fees through a day. Money and what is given back settle the oldest bill first."""
    found: list[Fee] = []
    settling = _settling(bills, paid)
    asked = 0
    for bill in sorted(bills, key=lambda one: one.on):
        if bill.gross_minor <= 0:
            continue
        asked += bill.gross_minor
        on = bill.due_on + timedelta(days=fee.after_days)
        settled = sum(minor for day, minor in settling if day < on)
        owed = min(max(asked - settled, 0), bill.gross_minor)
        exact = fee.amount_minor + owed * fee.ratio
        minor = terms.round(exact) if owed and on <= until else 0
        if minor:
            found.append(Fee(bill, on, owed, exact, minor))
    return sorted(found, key=lambda one: one.on)


def _settling(bills: Sequence[Bill], paid: Sequence[Paid]) -> list[tuple[date, int]]:
    """When how much was settled: by money, and by what was given back."""
    happened: list[tuple[date, int, int | None]] = [
        (bill.on, 0, bill.gross_minor) for bill in bills
    ]
    happened += [(one.on, 1, one.minor) for one in paid]
    found: list[tuple[date, int]] = []
    owed = 0
    for on, money, minor in sorted(happened, key=lambda one: one[:2]):
        if money or (minor or 0) < 0:
            settled = max(owed, 0) if minor is None else abs(minor)
            found.append((on, settled))
            owed -= settled
        else:
            owed += minor or 0
    return found


def fee_line(fee: Fee, terms: BillingTerms) -> Line:
    """A fee as a line: its period are the days for which the bill was late."""
    late = Period(fee.bill.due_on, fee.on)
    counted = Share(Fraction(late.days), Fraction(late.days), "day", Fraction(1))
    why = {
        "rule": "late fee",
        "owed_minor": fee.owed_minor,
        "price_minor": plain(fee.exact),
        "rounding": terms.rounding,
        "exact_minor": str(fee.exact),
        "invoice_on": fee.bill.on.isoformat(),
        "overdue_since": fee.bill.due_on.isoformat(),
    }
    return Line("late_fee", "", "", "late_fee", late, counted, Fraction(1),
                Money(fee.minor, terms.currency), fee.exact, fee.on,
                fee.on + timedelta(days=terms.due_days), why)  # fmt: skip
