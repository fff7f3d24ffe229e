"""Give money in suspense to the customer who paid it: a second entry, never an edit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.db import transaction

from waya.billing.commands.settle import settle_many
from waya.billing.rules.offers import Offer
from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.kernel.money import Money
from waya.ledger.commands.entries import post_many
from waya.org.actors import Actor
from waya.org.audit import Happened, record_many
from waya.org.facts import tell
from waya.org.rows.changing import change_rows
from waya.parties.commands.customers import lock_customers
from waya.payments.commands.booking import allocate
from waya.payments.facts import PaymentsTaken
from waya.payments.models import Payment
from waya.payments.queries.records import records
from waya.payments.rules.booking import matched


@dataclass(frozen=True, slots=True)
class Match:
    """A payment in suspense, and whose it is."""

    payment_id: int
    customer_id: int


@transaction.atomic
def match(*, payment_id: int, customer_id: int, by: Actor) -> Payment:
    """Match a payment in suspense to a customer: what they owe is settled, service comes back.

    Refuses `already_matched` with the customer, who matched it and when, also to the second
    of two who match at once, and `other_entity` for a customer of another company.
    """
    by = by.must("payments.match")
    customers = lock_customers(customer_ids=[customer_id], by=by)
    payment = Payment.objects.select_for_update(no_key=True, of=("self",)).get(pk=payment_id)
    if payment.customer is not None:
        at = payment.matched_at or payment.taken_at
        raise Refused("already_matched", customer=payment.customer.name,
                      by=payment.matched_by or "Waya", at=at.isoformat())  # fmt: skip
    if [one.entity_id for one in customers.values()] != [payment.entity_id]:
        raise Refused("other_entity")
    (done,) = match_many(matches=[Match(payment_id, customer_id)], by=by)
    return done


@transaction.atomic
def match_many(*, matches: Sequence[Match], by: Actor) -> list[Payment]:
    """Match payments of one entity to customers, set-wise; those matched before are left.

    Dr suspense / Cr receivable and customer credit, dated today: the money's own entry keeps
    the provider's date.
    """
    by = by.must("payments.match")
    wished = {one.payment_id: one.customer_id for one in matches}
    if not wished:
        return []
    owners = lock_customers(customer_ids=wished.values(), by=by)
    rows = list(
        Payment.objects.select_for_update(no_key=True, of=("self",))
        .filter(pk__in=wished, customer=None).select_related("entity", "issuer").order_by("pk")
    )  # fmt: skip
    if not rows:
        return []
    entity = rows[0].entity
    by = replace(by, entity_id=entity.pk)
    for row in rows:
        row.customer_id = wished[row.pk]
        row.matched_at, row.matched_by, row.thanked_at = clock.now(), by.name, None
    causes = _record(rows, by)
    on = clock.today(entity.zone)
    offers = [
        Offer(row.pk, wished[row.pk], _money(row), on, cause)
        for row, cause in zip(rows, causes, strict=True)
    ]
    settled = settle_many(entity_id=entity.pk, offers=offers, by=by)
    post_many(
        entries=[
            matched(
                entity_id=entity.pk,
                branch_id=owners[wished[row.pk]].branch_id,
                stood_at=row.issuer.branch_id,
                payment_id=row.pk,
                transaction=row.transaction,
                customer_id=wished[row.pk],
                money=_money(row),
                on=on,
                settlement=settled[row.pk],
            )
            for row in rows
        ],
        by=by,
    )
    change_rows(rows, ["customer", "matched_at", "matched_by", "thanked_at"])
    allocate(settled=settled, by=by)
    tell(PaymentsTaken(entity.pk))
    return rows


def _money(payment: Payment) -> Money:
    return Money(payment.amount_minor, payment.currency)


def _record(rows: Sequence[Payment], by: Actor) -> list[int]:
    taken = records("payment", [row.pk for row in rows], ("payment.taken",))
    return record_many(by, [
        Happened("payment.matched", ("payment", row.pk), customer_id=row.customer_id,
                 cause=taken.get(row.pk),
                 why={"minor": row.amount_minor, "currency": row.currency,
                      "transaction": row.transaction, "account_typed": row.account_typed})
        for row in rows
    ])  # fmt: skip
