"""What is expected to be lost of what customers owe is booked before it is lost."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

from django.db import transaction

from waya.billing.policy import AllowancePolicy
from waya.billing.queries.ageing import AGES, ageing
from waya.billing.rules.dunning_documents import allowance
from waya.kernel.money import Money
from waya.ledger.commands.entries import post_many
from waya.ledger.queries.balances import trial_balance
from waya.org.actors import Actor
from waya.org.audit import Happened, record_many
from waya.org.policy import chosen
from waya.org.queries import main_branch
from waya.org.rows.asking import ask

_LOCK = "select pg_advisory_xact_lock(hashtext('waya.allowance'), %s)"


@transaction.atomic
def provide(*, entity_id: int, through: date, by: Actor) -> dict[str, int]:
    """Bring the allowance to what the ageing matrix says of the end of a day (Dr bad debts / Cr
    allowance, or back). Gives what it was raised by, by currency in minor units.

    Each age of each currency is rounded once, halves away from zero. Safe twice and two at once:
    of a day it is done once. It is the company's, in the books of its main branch: what will be
    lost is known of ages, not of customers.
    """
    by = by.must("billing.recognise")
    ask(_LOCK, [entity_id])
    percents = chosen(AllowancePolicy, entity_id).percents
    held = {
        row.amount.currency: -row.amount
        for row in trial_balance(entity_id, through=through)
        if row.purpose == "allowance"
    }
    needed: dict[str, Money] = {}
    for at, one in enumerate(ageing(entity_id, through) if any(percents) else ()):
        currency = one.owed.currency
        share = one.owed.times(Fraction(percents[at % len(AGES)], 100))
        needed[currency] = needed.get(currency, Money(0, currency)) + share
    raised: dict[str, int] = {}
    for currency in sorted({*held, *needed}):
        nothing = Money(0, currency)
        before, after = held.get(currency, nothing), needed.get(currency, nothing)
        if before == after:
            continue
        entry = allowance(entity_id=entity_id, branch_id=main_branch(entity_id), through=through,
                          held=before, needed=after)  # fmt: skip
        post_many(entries=[entry], by=by)
        raised[currency] = (after - before).minor
    if raised:
        why = {"through": through.isoformat(), "minor": raised}
        record_many(by, [Happened("allowance.made", ("entity", entity_id), why=why)])
    return raised


def provide_month(*, entity_id: int, on: date, by: Actor) -> dict[str, int]:
    """On the first day of a month, provide for the last day of the month past."""
    by = by.must("billing.recognise")
    return (
        provide(entity_id=entity_id, through=on - timedelta(days=1), by=by) if on.day == 1 else {}
    )
