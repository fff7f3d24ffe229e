"""Book money that arrived: one way for paybills, prompts and the counter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from django.db import transaction

from waya.billing.commands.settle import settle_many
from waya.billing.rules.offers import Offer, Settlement
from waya.kernel import clock
from waya.ledger.commands.entries import post_fresh
from waya.org.actors import Actor
from waya.org.audit import Happened, record_many
from waya.org.commands.numbering import next_numbers
from waya.org.facts import tell
from waya.org.queries import entity_of, main_branch
from waya.org.rows.adding import add_rows
from waya.org.rows.copying import reserve_keys
from waya.parties.commands.customers import Locked, lock_customers
from waya.payments.facts import PaymentsTaken
from waya.payments.models import Allocation, Payment
from waya.payments.rules.booking import Arrived, taken


@transaction.atomic(savepoint=False)
def book_many(*, arrived: Sequence[Arrived], by: Actor) -> list[Payment]:
    """Book payments of one entity, settle what they pay for, and restore service: all of it
    or none, in as many queries for a batch as for one.

    The caller has made sure that none is booked already. Money without a customer goes to
    suspense. Each payment's audit record is the cause of whatever follows from it. Receipt
    numbers are taken last, of the customer's branch, or of the main one while nobody is known.
    """
    by = by.must("payments.take")
    if not arrived:
        return []
    entity = entity_of(arrived[0].entity_id)
    by = replace(by, entity_id=entity.pk)
    owners = lock_customers(customer_ids=_owners(arrived), by=by)
    branches = [_branch(one, owners) for one in arrived]
    keys = reserve_keys("payments_payment", len(arrived))
    causes = record_many(by, [_happened(*one) for one in zip(keys, arrived, strict=True)])
    on = clock.today(entity.zone)
    settled = settle_many(
        entity_id=entity.pk,
        offers=[
            Offer(key, one.customer_id, one.money, on, cause)
            for key, one, cause in zip(keys, arrived, causes, strict=True)
            if one.customer_id is not None
        ],
        by=by,
    )
    entries = [
        entry
        for key, one, branch_id in zip(keys, arrived, branches, strict=True)
        for entry in taken(one, settled.get(key), key=key, branch_id=branch_id, on=on)
    ]
    post_fresh(entries=entries, by=by)
    payments = _write(keys, arrived, branches, by)
    allocate(settled=settled, by=by)
    tell(PaymentsTaken(entity.pk))
    return payments


def allocate(*, settled: dict[int, Settlement], by: Actor) -> None:
    """Write which invoices some payments settled, and what of written-off ones they recovered,
    by payment."""
    by.must("payments.take")
    add_rows([
        Allocation(payment_id=key, invoice_id=invoice_id, amount_minor=part.minor, recovers=late)
        for key, settlement in settled.items()
        for late, parts in ((False, settlement.allocations), (True, settlement.recovered))
        for invoice_id, part in parts
    ])  # fmt: skip


def _owners(arrived: Sequence[Arrived]) -> set[int]:
    return {one.customer_id for one in arrived if one.customer_id is not None}


def _branch(one: Arrived, owners: Mapping[int, Locked]) -> int:
    if one.customer_id is None:
        return main_branch(one.entity_id)
    return owners[one.customer_id].branch_id


def _happened(key: int, one: Arrived) -> Happened:
    why = {
        "minor": one.money.minor,
        "currency": one.money.currency,
        "provider": one.provider,
        "transaction": one.transaction,
        "on": one.value_on.isoformat(),
        **one.why,
    }
    for name in ("payer", "payer_name", "account_typed"):
        if getattr(one, name):
            why[name] = getattr(one, name)
    return Happened(
        "payment.taken", ("payment", key), customer_id=one.customer_id, cause=one.cause, why=why
    )


def _write(
    keys: Sequence[int], arrived: Sequence[Arrived], branches: Sequence[int], by: Actor
) -> list[Payment]:
    numbers = next_numbers(branches=branches, kind="receipt", by=by)
    now = clock.now()
    payments = [
        Payment(
            id=key,
            entity_id=one.entity_id,
            merchant_id=one.merchant_id,
            provider=one.provider,
            account=one.account,
            transaction=one.transaction,
            customer_id=one.customer_id,
            amount_minor=one.money.minor,
            currency=one.money.currency,
            payer=one.payer[:80],
            payer_name=one.payer_name[:120],
            account_typed=one.account_typed[:60],
            paid_at=one.paid_at,
            value_on=one.value_on,
            taken_at=now,
            receipt_number=numbered.number,
            issuer_id=numbered.issuer_id,
        )
        for key, one, numbered in zip(keys, arrived, numbers, strict=True)
    ]
    add_rows(payments)
    return payments
