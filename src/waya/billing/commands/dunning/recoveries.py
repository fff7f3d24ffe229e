"""Money for what was written off, which came after all: income, and nobody's receivable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from waya.billing.models import Credit, Recovery, WriteOff
from waya.billing.rules.dunning_documents import recovery
from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.kernel.money import Money
from waya.ledger.commands.entries import post_many
from waya.org.actors import Actor
from waya.org.audit import Happened, record_many
from waya.org.queries import entity_of
from waya.org.rows.changing import change_rows
from waya.parties.commands.customers import lock_customers


@dataclass(frozen=True, slots=True)
class Recovered:
    """So much of a write-off that came; its row counts it already. `cause` is the audit record
    that led to it."""

    write_off: WriteOff
    minor: int
    cause: int | None = None


@transaction.atomic(savepoint=False)
def keep_recoveries(*, parts: Sequence[Recovered], by: Actor) -> list[Recovery]:
    """Write what came of some write-offs of one entity; the caller posts the money."""
    by = by.must("billing.settle")
    if not parts:
        return []
    now = clock.now()
    on = clock.today(entity_of(parts[0].write_off.invoice.entity_id).zone)
    change_rows({one.write_off.pk: one.write_off for one in parts}.values(), ["recovered_minor"])
    made = Recovery.objects.bulk_create(
        Recovery(write_off=one.write_off, amount_minor=one.minor, on=on, recovered_at=now)
        for one in parts
    )
    record_many(by, [
        Happened("invoice.recovered", ("invoice", one.write_off.invoice_id),
                 customer_id=one.write_off.customer_id, cause=one.cause,
                 why={"number": one.write_off.invoice.number, "minor": one.minor,
                      "currency": one.write_off.currency})
        for one in parts
    ])  # fmt: skip
    return made


@transaction.atomic
def recover(*, invoice_id: int, by: Actor) -> Recovery:
    """Take what was written off of an invoice out of its customer's credit, as far as that goes:
    Dr customer credit, Cr bad debts recovered.

    Refuses `nothing_to_recover` when nothing was written off or all of it came, and
    `no_credit` when the customer has none.
    """
    by = by.must("billing.write_off")
    row = WriteOff.objects.select_related("invoice").filter(invoice_id=invoice_id).first()
    if row is None:
        raise Refused("nothing_to_recover")
    owner = lock_customers(customer_ids=[row.customer_id], by=by)[row.customer_id]
    row.refresh_from_db(fields=["recovered_minor"])
    lost = row.amount_minor - row.recovered_minor
    if not lost:
        raise Refused("nothing_to_recover")
    credit = Credit.objects.filter(customer_id=row.customer_id).first()
    minor = min(lost, credit.amount_minor) if credit else 0
    if credit is None or not minor:
        raise Refused("no_credit")
    row.recovered_minor += minor
    (made,) = keep_recoveries(parts=[Recovered(row, minor)], by=by)
    credit.amount_minor -= minor
    change_rows([credit], ["amount_minor"])
    entry = recovery(
        entity_id=row.invoice.entity_id,
        customer_id=row.customer_id,
        branch_id=owner.branch_id,
        recovery_id=made.pk,
        number=row.invoice.number,
        amount=Money(minor, row.currency),
        on=made.on,
    )
    post_many(entries=[entry], by=by)
    return made
