"""Whoever paid is told what became of it, once."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection

from waya.billing.commands.documents import quote
from waya.billing.commands.renewals import bill
from waya.billing.commands.standings import apply_standings
from waya.billing.models import InvoiceLine, ProForma
from waya.kernel import clock
from waya.messaging.models import Message
from waya.messaging.rules.words import day_words
from waya.network.models import Router
from waya.org.actors import SYSTEM
from waya.org.models import Entity
from waya.payments.commands.match import match
from waya.payments.commands.thanks import thank
from waya.payments.models import Merchant, Payment
from waya.payments.rules.thanks import thanks
from waya.payments.tests import make
from waya.subscriptions.commands.lives import request
from waya.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db


@pytest.fixture
def merchant() -> Merchant:
    return make.merchant()


@pytest.fixture
def chebet(merchant: Merchant) -> Subscription:
    return make.asked(merchant.entity)


def _pay(row: Subscription, receipt: str, amount: str = "2500.00") -> None:
    merchant = Merchant.objects.get()
    raw = make.confirmation(row.customer.account_number, receipt, amount)
    make.tell(merchant, "c", raw)
    make.work_off(merchant)


def _told(row: Subscription) -> Message:
    thank(entity_id=row.entity_id, by=SYSTEM)
    return Message.objects.filter(customer_id=row.customer_id).exclude(key="renewal").latest("pk")


def _lapse(row: Subscription) -> None:
    """A month has passed: the next period was asked for, and its customer is walled."""
    entity = Entity.objects.get()
    today = clock.today(entity.zone)
    month_ago = today - timedelta(days=31)
    _as_if_issued_before(month_ago, today)
    Subscription.objects.filter(pk=row.pk).update(paid_through=today, billed_through=today)
    bill(entity_id=entity.pk, on=today, by=SYSTEM)
    apply_standings(entity_id=entity.pk, customer_ids=[row.customer_id], on=today, by=SYSTEM)
    row.refresh_from_db()
    assert row.state == Subscription.SUSPENDED


def _as_if_issued_before(start: date, end: date) -> None:
    """Issued documents never change; only a test may go around the trigger that sees to it."""
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
        for change in ("disable", "enable"):
            cursor.execute(f"alter table billing_invoiceline {change} trigger invoice_line_stays")
            cursor.execute(
                f"alter table billing_proforma {change} trigger pro_forma_stays_as_issued"
            )
            if change == "disable":
                InvoiceLine.objects.update(start=start, end=end)
                ProForma.objects.update(start=start, end=end)


def test_a_new_customer_is_welcomed_with_account_and_login(chebet: Subscription) -> None:
    _pay(chebet, "R1")
    said = _told(chebet)
    chebet.refresh_from_db()
    assert chebet.paid_through is not None
    assert (said.key, said.to) == ("welcome", "+254700000418")
    for word in (chebet.customer.account_number, chebet.username, "600426",
                 day_words(chebet.paid_through, "en")):  # fmt: skip
        assert word in said.body


def test_who_pays_in_time_is_thanked_with_the_new_date(chebet: Subscription) -> None:
    _pay(chebet, "R1")
    _told(chebet)
    soon = clock.today("Africa/Nairobi") + timedelta(days=2)
    Subscription.objects.filter(pk=chebet.pk).update(paid_through=soon, billed_through=soon)
    bill(entity_id=chebet.entity_id, on=clock.today("Africa/Nairobi"), by=SYSTEM)
    _pay(chebet, "R2")
    said = _told(chebet)
    assert said.key == "paid"
    assert "we received KES 2,500 (R2)" in said.body


def test_who_comes_back_is_told_so(chebet: Subscription) -> None:
    _pay(chebet, "R1")
    _lapse(chebet)
    _pay(chebet, "R2")
    said = _told(chebet)
    assert said.key == "restored"
    assert said.body.startswith("You are back online, Chebet.")


def test_who_paid_too_little_is_told_what_is_missing(chebet: Subscription) -> None:
    _pay(chebet, "R1", "1000.00")
    said = _told(chebet)
    assert said.key == "short"
    assert "KES 1,500 more is needed" in said.body


def test_who_paid_for_later_is_told_that_it_arrived(chebet: Subscription) -> None:
    _pay(chebet, "R1")
    _pay(chebet, "R2", "700.00")
    assert _told(chebet).key == "received"


def test_while_the_router_is_away_nobody_is_told_to_be_online(chebet: Subscription) -> None:
    Router.objects.update(trouble="unreachable", trouble_since=clock.real_now())
    _pay(chebet, "R1")
    said = _told(chebet)
    assert said.key == "router_away"
    assert "The Lanet mast is off since" in said.body


def test_everybody_is_told_once(chebet: Subscription) -> None:
    _pay(chebet, "R1")
    assert thank(entity_id=chebet.entity_id, by=SYSTEM) == 1
    assert thank(entity_id=chebet.entity_id, by=SYSTEM) == 0
    Payment.objects.update(thanked_at=None)
    thank(entity_id=chebet.entity_id, by=SYSTEM)
    assert Message.objects.exclude(key="renewal").count() == 1


def test_a_masked_payer_of_a_wrong_account_cannot_be_told(merchant: Merchant) -> None:
    make.tell(merchant, "c", make.confirmation("104282"))
    make.work_off(merchant)
    assert thank(entity_id=merchant.entity_id, by=SYSTEM) == 1
    assert not Message.objects.exists()


def test_a_payer_in_clear_is_asked_for_the_account_and_told_again_when_it_is_found(
    merchant: Merchant, chebet: Subscription
) -> None:
    make.tell(merchant, "c", make.confirmation("104282", MSISDN="254700000999"))
    make.work_off(merchant)
    thank(entity_id=merchant.entity_id, by=SYSTEM)
    said = Message.objects.get()
    assert (said.key, said.to) == ("wrong_account", "+254700000999")
    assert "no account 104282" in said.body
    match(payment_id=Payment.objects.get().pk, customer_id=chebet.customer_id, by=SYSTEM)
    assert _told(chebet).key == "welcome"


@pytest.mark.parametrize(
    ("effects", "has_until", "away", "missing", "expected"),
    [
        ({"subscription.activated"}, True, False, 0, "welcome"),
        ({"subscription.activated"}, True, True, 0, "router_away"),
        ({"subscription.renewed", "subscription.restored"}, True, False, 0, "restored"),
        ({"subscription.renewed"}, True, False, 0, "paid"),
        ({"subscription.renewed"}, True, True, 0, "paid"),
        ({"subscription.restored"}, False, False, 500, "back"),
        (set(), True, False, 500, "short"),
        (set(), False, False, 0, "received"),
    ],
)
def test_what_is_said(
    effects: set[str], has_until: bool, away: bool, missing: int, expected: str
) -> None:
    key = thanks(effects, has_until=has_until, router_away=away, missing_minor=missing)
    assert key == expected


def test_two_that_come_back_together_are_told_once(
    merchant: Merchant, chebet: Subscription
) -> None:
    _pay(chebet, "UKL7X4T2QP")
    chebet.refresh_from_db()
    shop = request(customer=chebet.customer, site=chebet.site, plan=chebet.plan,
                   router_id=chebet.router_id, by=SYSTEM)  # fmt: skip
    today = clock.today(merchant.entity.zone)
    quote(subscription_id=shop.pk, on=today, by=SYSTEM)
    _pay(chebet, "UKL7X4T2QR")
    Subscription.objects.filter(pk=shop.pk).update(paid_through=today, billed_through=today)
    _lapse(chebet)
    walled = Subscription.objects.filter(state=Subscription.SUSPENDED)
    assert walled.count() == 2
    thank(entity_id=merchant.entity_id, by=SYSTEM)
    before = Message.objects.exclude(key="renewal").count()
    _pay(chebet, "UKL7X4T2QS", "5000.00")
    assert walled.count() == 0
    assert _told(chebet).key == "restored"
    assert Message.objects.exclude(key="renewal").count() == before + 1
