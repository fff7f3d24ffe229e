"""Money in suspense finds its customer once, by a second entry."""

from __future__ import annotations

from threading import Barrier, Thread

import pytest
from django.db import connection

from waya.kernel.errors import Refused
from waya.ledger.queries.balances import lines_of, trial_balance
from waya.org.actors import SYSTEM
from waya.org.models import AuditRecord
from waya.org.tests.make import acting
from waya.parties.commands.customers import register
from waya.payments.commands.match import match
from waya.payments.models import Allocation, Merchant, Payment
from waya.payments.queries.payments import suspense
from waya.payments.tests import make
from waya.subscriptions.models import Subscription


def _in_suspense(merchant: Merchant) -> Payment:
    make.tell(merchant, "c", make.confirmation("999999"))
    make.work_off(merchant)
    return suspense(merchant.entity_id).get()


@pytest.mark.django_db
def test_a_match_settles_and_brings_the_service_without_touching_the_first_entry() -> None:
    merchant = make.merchant()
    chebet = make.asked(merchant.entity)
    payment = _in_suspense(merchant)
    naomi = acting("naomi", "cashier")
    match(payment_id=payment.pk, customer_id=chebet.customer_id, by=naomi)
    chebet.refresh_from_db()
    payment.refresh_from_db()
    assert chebet.state == Subscription.ACTIVE
    assert (payment.customer_id, payment.matched_by) == (chebet.customer_id, "Naomi")
    assert Allocation.objects.get().payment_id == payment.pk
    first = lines_of(["mpesa:600426:UKL7X4T2QP"], merchant.entity_id)
    assert [line.amount.minor for line in first] == [2500_00, -2500_00]
    second = lines_of([f"match:{payment.pk}"], merchant.entity_id)
    assert [(line.account[:4], line.amount.minor) for line in second] == [
        ("2110", 2500_00), ("1200", -2500_00),
    ]  # fmt: skip
    held = {one.purpose: one.amount.minor for one in trial_balance(merchant.entity_id)}
    assert (held["suspense"], held["receivable"]) == (0, 0)


@pytest.mark.django_db
def test_the_timeline_says_who_matched_and_what_came_of_it() -> None:
    merchant = make.merchant()
    chebet = make.asked(merchant.entity)
    payment = _in_suspense(merchant)
    match(payment_id=payment.pk, customer_id=chebet.customer_id, by=acting("naomi", "cashier"))
    taken = AuditRecord.objects.get(action="payment.taken")
    matched = AuditRecord.objects.get(action="payment.matched")
    assert (matched.actor_name, matched.cause_id) == ("Naomi", taken.pk)
    assert AuditRecord.objects.get(action="subscription.activated").cause_id == matched.pk


@pytest.mark.django_db
def test_a_second_match_is_refused_with_who_and_when() -> None:
    merchant = make.merchant()
    chebet = make.asked(merchant.entity)
    brian = make.asked(merchant.entity, "Brian Mwangi", "0700000419")
    payment = _in_suspense(merchant)
    naomi = acting("naomi", "cashier")
    match(payment_id=payment.pk, customer_id=chebet.customer_id, by=naomi)
    with pytest.raises(Refused) as refusal:
        match(payment_id=payment.pk, customer_id=brian.customer_id, by=naomi)
    assert refusal.value.code == "already_matched"
    assert refusal.value.details["by"] == "Naomi"
    assert refusal.value.details["customer"] == "Chebet Korir"
    assert refusal.value.details["at"]


@pytest.mark.django_db
def test_money_that_found_its_customer_itself_is_not_matched_again() -> None:
    merchant = make.merchant()
    chebet = make.asked(merchant.entity)
    make.tell(merchant, "c", make.confirmation(chebet.customer.account_number))
    make.work_off(merchant)
    with pytest.raises(Refused, match="already_matched"):
        match(payment_id=Payment.objects.get().pk, customer_id=chebet.customer_id, by=SYSTEM)


@pytest.mark.django_db
def test_only_who_may() -> None:
    with pytest.raises(Refused, match="not_allowed"):
        match(payment_id=1, customer_id=1, by=acting("otieno", "network"))


@pytest.mark.django_db(transaction=True)
def test_of_two_who_match_at_once_one_is_first() -> None:
    merchant = make.merchant()
    people = [
        register(
            entity_id=merchant.entity_id, name=name, phone=phone, site_name="Lanet", by=SYSTEM
        )[0]
        for name, phone in (("Brian Mwangi", "0700000419"), ("Chebet Korir", "0700000418"))
    ]
    payment = _in_suspense(merchant)
    together, refused = Barrier(2), []

    def work(customer_id: int) -> None:
        together.wait()
        try:
            match(payment_id=payment.pk, customer_id=customer_id, by=SYSTEM)
        except Refused as refusal:
            refused.append(refusal.code)
        finally:
            connection.close()

    workers = [Thread(target=work, args=[one.pk]) for one in people]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert refused == ["already_matched"]
    assert AuditRecord.objects.filter(action="payment.matched").count() == 1
