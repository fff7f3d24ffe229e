"""What goes wrong with money, live: the simulator misbehaves, and each payment is booked once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from waya.lab.daraja.station import running_daraja
from waya.lab.tests.till import Till, on_the_side, open_till
from waya.org.actors import SYSTEM
from waya.payments.commands.match import match
from waya.payments.commands.merchants import register_urls
from waya.payments.commands.prompts import query_silent
from waya.payments.commands.take import drain
from waya.payments.models import Merchant, Notification, Payment, Prompt
from waya.payments.queries.payments import suspense
from waya.payments.tests import make
from waya.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db(transaction=True)

CHEBET = "254700000418"


@pytest.fixture
def till(live_server: LiveServer, settings: Settings) -> Iterator[Till]:
    settings.PUBLIC_URL = live_server.url
    with running_daraja() as sim:
        yield open_till(sim, live_server.url)


def _account(row: Subscription) -> str:
    return str(row.customer.account_number)


def test_a_customer_approves_the_prompt_and_is_in_service(till: Till) -> None:
    chebet = till.customer(CHEBET)
    asked = till.ask(chebet, CHEBET)
    assert asked.state == Prompt.SENT
    till.sim.approve(CHEBET)
    till.work_off()
    asked.refresh_from_db()
    chebet.refresh_from_db()
    assert (asked.state, chebet.state) == (Prompt.PAID, Subscription.ACTIVE)
    assert till.taken() == till.settled()
    assert Payment.objects.get().notifications.count() == 2


def test_the_same_callback_five_times_and_two_at_once(till: Till) -> None:
    chebet = till.customer(CHEBET)
    till.sim.set(duplicates=4, duplicate_gap=0)
    till.ask(chebet, CHEBET)
    till.sim.approve(CHEBET)
    till.sim.wait_until_idle()
    workers = [
        on_the_side(lambda: drain(merchant_id=till.merchant.pk, by=SYSTEM)) for _ in range(2)
    ]
    for worker in workers:
        worker.join()
    till.work_off()
    assert sum(Notification.objects.values_list("repeats", flat=True)) == 8
    assert till.taken() == till.settled()
    assert till.clearing() == 2500_00


def test_a_callback_before_the_push_s_own_answer(till: Till) -> None:
    chebet = till.customer(CHEBET)
    till.sim.set(callback_before_ack=True, double_notification=False)
    asked = till.ask(chebet, CHEBET)
    till.work_off()
    asked.refresh_from_db()
    assert asked.state == Prompt.PAID
    assert Payment.objects.get().customer_id == chebet.customer_id


def test_a_time_out_and_then_the_money_after_all(till: Till) -> None:
    chebet = till.customer(CHEBET)
    till.sim.set(answer="1037", late_success=50)
    asked = till.ask(chebet, CHEBET)
    till.work_off()
    asked.refresh_from_db()
    assert asked.state == Prompt.PAID
    assert till.taken() == till.settled() != {}
    states = set(Notification.objects.values_list("kind", "state"))
    assert states == {("stk", "done"), ("confirmation", "done")}


def test_a_prompt_whose_answer_was_lost_is_paid_by_its_confirmation(till: Till) -> None:
    chebet = till.customer(CHEBET)
    till.sim.set(push_answer_lost=True)
    asked = till.ask(chebet, CHEBET)
    assert (asked.state, asked.key) == (Prompt.UNKNOWN, None)
    till.sim.approve(CHEBET)
    till.work_off()
    asked.refresh_from_db()
    assert asked.state == Prompt.PAID
    assert till.taken() == till.settled()


def test_a_lost_callback_is_asked_about_and_the_confirmation_books_it(till: Till) -> None:
    chebet = till.customer(CHEBET)
    till.sim.set(drop_callbacks=1)
    asked = till.ask(chebet, CHEBET)
    till.sim.approve(CHEBET)
    Prompt.objects.update(made_at=asked.made_at.replace(year=2020))
    assert query_silent(by=SYSTEM) == 1
    asked.refresh_from_db()
    assert (asked.state, asked.result_code) == (Prompt.SENT, "0")
    till.work_off()
    asked.refresh_from_db()
    assert asked.state == Prompt.PAID


@pytest.mark.parametrize(("ending", "code"), [("032", "1032"), ("101", "1"), ("201", "2001")])
def test_who_does_not_pay_is_not_credited(till: Till, ending: str, code: str) -> None:
    phone = f"254700000{ending}"
    asked = till.ask(till.customer(phone), phone)
    till.work_off()
    asked.refresh_from_db()
    assert (asked.state, asked.result_code) == (Prompt.FAILED, code)
    assert till.taken() == {}


@pytest.mark.parametrize("spelling", ["decimal", "plain", "number", "fraction"])
def test_amounts_in_every_spelling(till: Till, spelling: str) -> None:
    chebet = till.customer(CHEBET)
    till.sim.set(amount_as=spelling, codes_as="text")
    till.ask(chebet, CHEBET)
    till.sim.approve(CHEBET)
    till.pay(CHEBET, _account(chebet), 1)
    till.work_off()
    assert sorted(till.taken().values()) == [100, 2500_00]
    assert till.taken() == till.settled()


def test_a_wrong_account_is_taken_and_matched_by_a_person(till: Till) -> None:
    chebet = till.customer(CHEBET)
    till.pay(CHEBET, "999999")
    till.work_off()
    payment = suspense(till.merchant.entity_id).get()
    assert till.taken() == till.settled()
    match(payment_id=payment.pk, customer_id=chebet.customer_id, by=SYSTEM)
    chebet.refresh_from_db()
    assert chebet.state == Subscription.ACTIVE
    assert till.clearing() == 2500_00


@pytest.mark.parametrize("shillings", [1, 2490, 2500, 3210])
def test_too_little_and_too_much_add_up(till: Till, shillings: int) -> None:
    chebet = till.customer(CHEBET)
    till.pay(CHEBET, _account(chebet), shillings)
    till.work_off()
    chebet.refresh_from_db()
    served = shillings >= 2490  # ten shillings may stay unpaid
    assert chebet.state == (Subscription.ACTIVE if served else Subscription.PENDING)
    assert till.clearing() == shillings * 100


@pytest.mark.parametrize("payer", ["masked", "hashed", "clear"])
def test_payers_in_every_disguise(till: Till, payer: str) -> None:
    till.sim.set(msisdn_as=payer)
    till.pay(CHEBET, "999999")
    till.work_off()
    assert till.taken() == till.settled()


def test_a_forged_path_wrong_amounts_and_garbage_credit_nobody(till: Till) -> None:
    chebet = till.customer(CHEBET)
    asked = till.ask(chebet, CHEBET)
    forged = make.confirmation(_account(chebet))
    assert till.post("c", forged, path="0" * 40).status_code == 404
    assert till.post("x", forged).status_code == 404
    for raw in (b"", b"{", b"[]", b"\x00\xff", b'{"TransID": 1}', b"9" * 5000):
        assert till.post("c", raw).status_code == 200
    for callback in (
        make.callback(asked.key or "", amount=25_000),
        make.callback(asked.key or "", phone=254711111111),
        make.callback(asked.key or "", amount="NaN"),
    ):
        assert till.post("s", callback).status_code == 200
    till.work_off()
    assert set(till.states()) == {"parked"}
    assert till.taken() == {}
    asked.refresh_from_db()
    assert asked.state == Prompt.SENT


def test_validation_lets_money_through(till: Till) -> None:
    till.pay(CHEBET, "nobody")
    assert len(till.settled()) == 1


def test_one_token_serves_every_process(till: Till) -> None:
    first = Merchant.objects.get().app_token
    register_urls(merchant_id=till.merchant.pk, by=SYSTEM)
    till.ask(till.customer(CHEBET), CHEBET)
    assert Merchant.objects.get().app_token == first != ""
