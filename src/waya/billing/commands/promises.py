"""Promises to pay: a customer's word, which keeps off what would come next."""

from __future__ import annotations

from datetime import date, timedelta

from django.db import transaction

from waya.billing.commands.standings import restore
from waya.billing.models import Promise
from waya.billing.policy import PromisePolicy
from waya.billing.queries.accounts import open_invoices, open_pro_formas
from waya.billing.queries.promises import promises_of
from waya.billing.rules.promises import Word
from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.kernel.money import Money
from waya.org.actors import Actor
from waya.org.audit import Happened, record_many
from waya.org.models import Entity
from waya.org.policy import chosen
from waya.parties.commands.customers import lock_customers
from waya.parties.models import Customer


@transaction.atomic
def promise(*, customer: Customer, amount: Money, until: date, by: Actor) -> Promise:
    """Take a customer's word to pay a sum by the end of a day; until then the ladder waits.

    The same promise again gives the first. Refuses `nothing_owed`, `promise_past`,
    `promise_too_long`, `promise_too_little` (less than policy's share of what is to be paid),
    `promise_open` while another holds, and `promise_broken` to whoever broke too many lately.
    Where policy says that a promise restores, whoever was walled is back at once.
    """
    by = by.must("billing.promise")
    lock_customers(customer_ids=[customer.pk], by=by)
    entity = Entity.objects.get(pk=customer.entity_id)
    today = clock.today(entity.zone)
    policy = chosen(PromisePolicy, entity.pk)
    given = promises_of([customer.pk], today)
    given = [one for one in given if one.word is not Word.WITHDRAWN]
    for one in given:
        if (one.promise.until, one.promise.amount_minor) == (until, amount.minor):
            return one.promise
    owed = _owed(customer.pk)
    _allowed(policy, amount, until, today, sum(owed.values()))
    held = next((one.promise for one in given if one.promise.until >= today), None)
    if held is not None:
        raise Refused("promise_open", amount=Money(held.amount_minor, held.currency),
                      until=held.until.isoformat())  # fmt: skip
    since = today - timedelta(days=policy.within_days)
    broken = sum(one.word is Word.BROKEN and one.promise.until >= since for one in given)
    if broken > policy.broken_at_most:
        raise Refused("promise_broken", broken=broken)
    made = Promise.objects.create(
        customer=customer, amount_minor=amount.minor, currency=amount.currency, until=until,
        debts=owed, made_on=today, made_at=clock.now(), taken_by=by.name,
    )  # fmt: skip
    why = {"minor": amount.minor, "currency": amount.currency, "until": until.isoformat()}
    (record,) = record_many(by, [Happened("promise.made", ("promise", made.pk),
                                          customer_id=customer.pk, why=why)])  # fmt: skip
    restore(entity_id=entity.pk, customer_ids=[customer.pk], on=today,
            causes={customer.pk: record}, by=by)  # fmt: skip
    return made


@transaction.atomic
def withdraw(*, promise_id: int, by: Actor) -> Promise:
    """Take a promise back: a slip, or a word that will not be kept. From the next judgement on
    it spares nobody, and it is no broken one.

    Taken back already, it stays as it is. Refuses `promise_gone` once its day has passed.
    """
    by = by.must("billing.promise")
    row = Promise.objects.select_related("customer").get(pk=promise_id)
    lock_customers(customer_ids=[row.customer_id], by=by)
    row.refresh_from_db(fields=["withdrawn_at"])
    if row.withdrawn_at is not None:
        return row
    if row.until < clock.today(Entity.objects.get(pk=row.customer.entity_id).zone):
        raise Refused("promise_gone", until=row.until.isoformat())
    row.withdrawn_at, row.withdrawn_by = clock.now(), by.name
    row.save(update_fields=["withdrawn_at", "withdrawn_by"])
    why = {"minor": row.amount_minor, "currency": row.currency, "until": row.until.isoformat()}
    record_many(by, [Happened("promise.withdrawn", ("promise", row.pk),
                              customer_id=row.customer_id, why=why)])  # fmt: skip
    return row


def _owed(customer_id: int) -> dict[str, int]:
    """What is to be paid, by document."""
    owed = {f"invoice:{one.pk}": one.total_minor - one.paid_minor
            for one in open_invoices([customer_id])}  # fmt: skip
    return owed | {f"pro_forma:{one.pk}": one.total_minor for one in open_pro_formas([customer_id])}


def _allowed(policy: PromisePolicy, amount: Money, until: date, today: date, owed: int) -> None:
    if not owed:
        raise Refused("nothing_owed")
    if until < today:
        raise Refused("promise_past")
    if until > today + timedelta(days=policy.most_days):
        raise Refused("promise_too_long", days=policy.most_days)
    least = -(-owed * policy.least_percent // 100)
    if amount.minor < max(least, 1):
        raise Refused("promise_too_little", least=Money(least, amount.currency))
