"""What dunning books: a late fee as an invoice to be issued, and a debt that is given up."""

from __future__ import annotations

from datetime import date, timedelta

from waya.billing.rules.drafts import Charged, Draft, DraftLine
from waya.billing.rules.ladder.tonight import Step
from waya.billing.rules.tax import inside
from waya.billing.rules.tax.stack import Stack
from waya.kernel.money import Money
from waya.kernel.periods import Period
from waya.ledger.rules.entries import Entry, Line, entry

LATE = "revenue:late"
RECOVERED = "bad_debts_recovered"


def late_fee(
    step: Step, *, entity_id: int, currency: str, rates: Stack, on: date, due_days: int
) -> Draft:
    """The invoice of a late fee: one line, due like any other, its taxes inside the sum that the
    ladder names, so that the customer owes what was said."""
    fee = Money(step.minor, currency)
    why = {
        "rule": "late fee",
        "rung": step.rung.key,
        "for": step.debt.number,
        "due": step.debt.due.isoformat(),
        "days_late": step.late,
        "owed": str(Money(step.debt.owed_minor, currency)),
    }
    return Draft(
        entity_id=entity_id,
        customer_id=step.customer_id,
        lines=(
            DraftLine(
                subscription_id=None,
                description=f"Late fee, {step.debt.number}",
                charged=Charged(Period(on, on + timedelta(days=1)), inside(fee, rates), why),
                revenue=LATE,
                in_advance=False,
            ),
        ),
        issued_on=on,
        due_on=on + timedelta(days=due_days),
    )


def loss(
    *, entity_id: int, customer_id: int, branch_id: int, invoice_id: int, number: str,
    amount: Money, on: date, allowed: bool,
) -> Entry:  # fmt: skip
    """Dr bad debts, Cr receivable: what nobody expects to be paid any more. Where an allowance
    is made for it (`allowed`), it is used: Dr allowance."""
    return entry(
        entity_id=entity_id,
        on=on,
        memo=f"Written off: {number}",
        source=f"write_off:{invoice_id}",
        debit=[Line("allowance" if allowed else "bad_debts", amount)],
        credit=[Line("receivable", amount, customer_id)],
        branch_id=branch_id,
    )


def allowance(
    *, entity_id: int, branch_id: int, through: date, held: Money, needed: Money
) -> Entry:  # fmt: skip
    """Dr bad debts, Cr allowance up to what is expected to be lost of what is unpaid at the end
    of a day; the other way about for what is held too much."""
    short = needed - held
    taken, given = ("bad_debts", "allowance") if short.minor > 0 else ("allowance", "bad_debts")
    amount = Money(abs(short.minor), short.currency)
    return entry(
        entity_id=entity_id,
        on=through,
        memo=f"Expected losses through {through:%-d %B %Y}",
        source=f"allowance:{through.isoformat()}:{short.currency}",
        debit=[Line(taken, amount)],
        credit=[Line(given, amount)],
        branch_id=branch_id,
    )


def recovery(
    *, entity_id: int, customer_id: int, branch_id: int, recovery_id: int, number: str,
    amount: Money, on: date,
) -> Entry:  # fmt: skip
    """Dr customer credit, Cr bad debts recovered: what had been given up is paid out of credit
    (IFRS 9 §5.4.4 and B5.4.9: a debt that was written off is no asset any more, so what comes
    of it is income)."""
    return entry(
        entity_id=entity_id,
        on=on,
        memo=f"Recovered: {number}",
        source=f"recovery:{recovery_id}",
        debit=[Line("customer_credit", amount, customer_id)],
        credit=[Line(RECOVERED, amount)],
        branch_id=branch_id,
    )
