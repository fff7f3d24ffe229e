"""A phone is asked once at a time, and what is not known is not guessed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection

from waya.billing.tests.make import isp
from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.messaging.models import Message
from waya.org.actors import SYSTEM, customer_actor
from waya.org.models import AuditRecord
from waya.payments import providers
from waya.payments.commands.outcomes import tell_failed
from waya.payments.commands.prompts import prompt, query_silent
from waya.payments.drivers import DriverError, Outcome, PromptSent, PromptState, Uncertain
from waya.payments.drivers import Prompt as Wish
from waya.payments.models import Merchant, Notification, Payment, Prompt
from waya.payments.rules.prompts import Asked, seconds_to_wait, whole_shillings
from waya.payments.tests import make
from waya.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db


class Provider:
    """A provider whose answers are scripted."""

    def __init__(self) -> None:
        self.wishes: list[Wish] = []
        self.asked: list[str] = []
        self.answer: Callable[[Wish], PromptSent] = lambda wish: PromptSent("ws_CO_1", "m-1")
        self.state: Callable[[str], PromptState] = lambda key: PromptState(
            key, Outcome.PENDING, "", ""
        )

    def push(self, wish: Wish) -> PromptSent:
        self.wishes.append(wish)
        return self.answer(wish)

    def query(self, key: str) -> PromptState:
        self.asked.append(key)
        return self.state(key)


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Provider:
    one = Provider()
    monkeypatch.setattr(providers, "driver_of", lambda merchant: one)
    return one


@pytest.fixture
def merchant() -> Merchant:
    return make.merchant()


@pytest.fixture
def chebet(merchant: Merchant) -> Subscription:
    return make.asked(merchant.entity)


def _ask(row: Subscription, minor: int = 2500_00, phone: str = "0700 000 418") -> Prompt:
    return prompt(customer_id=row.customer_id, phone=phone, amount_minor=minor, by=SYSTEM)


def test_a_prompt_is_written_before_it_is_sent(chebet: Subscription, provider: Provider) -> None:
    seen: list[str] = []

    def answer(wish: Wish) -> PromptSent:
        seen.extend(Prompt.objects.values_list("state", flat=True))
        return PromptSent("ws_CO_1", "m-1")

    provider.answer = answer
    row = _ask(chebet)
    assert seen == ["sending"]
    assert (row.state, row.key) == (Prompt.SENT, "ws_CO_1")
    (wish,) = provider.wishes
    assert (wish.phone, wish.amount_minor) == ("+254700000418", 2500_00)
    assert wish.account == chebet.customer.account_number
    assert wish.callback_url.endswith(f"/hk/{Merchant.objects.get().path}/s")
    assert AuditRecord.objects.get(action="prompt.sent").customer_id == chebet.customer_id


def test_cents_are_rounded_up(chebet: Subscription, provider: Provider) -> None:
    assert _ask(chebet, 2499_01).amount_minor == 2500_00


def test_an_answer_that_is_lost_leaves_it_open(chebet: Subscription, provider: Provider) -> None:
    def lost(wish: Wish) -> PromptSent:
        raise Uncertain("sent, and then: ReadTimeout")

    provider.answer = lost
    row = _ask(chebet)
    assert (row.state, row.key) == (Prompt.UNKNOWN, None)


def test_a_refusal_of_the_provider_ends_it_and_it_may_be_sent_again(
    chebet: Subscription, provider: Provider
) -> None:
    def no(wish: Wish) -> PromptSent:
        raise DriverError("500.003.02", "System is busy", retryable=True)

    provider.answer = no
    row = _ask(chebet)
    assert (row.state, row.result_text) == (Prompt.FAILED, "System is busy")
    assert AuditRecord.objects.get(action="prompt.failed").why["code"] == "500.003.02"
    provider.answer = lambda wish: PromptSent("ws_CO_2", "m-2")
    assert _ask(chebet).state == Prompt.SENT


def test_a_phone_is_not_asked_twice_within_a_minute(
    chebet: Subscription, provider: Provider
) -> None:
    _ask(chebet)
    with pytest.raises(Refused, match="prompt_waiting") as refusal:
        _ask(chebet, 100_00, "+254700000418")
    assert 55 <= int(str(refusal.value.details["seconds"])) <= 60
    with pytest.raises(Refused, match="prompt_waiting") as refusal:
        _ask(chebet)
    assert int(str(refusal.value.details["seconds"])) > 110
    assert len(provider.wishes) == 1


@pytest.mark.parametrize("minor", [0, -100, 250_001_00])
def test_a_sum_that_m_pesa_cannot_move_is_refused(
    chebet: Subscription, provider: Provider, minor: int
) -> None:
    with pytest.raises(Refused, match="amount_out_of_range"):
        _ask(chebet, minor)


def test_a_customer_asks_for_themselves(chebet: Subscription, provider: Provider) -> None:
    amina = customer_actor(chebet.customer_id + 1, "Amina", chebet.entity_id)
    with pytest.raises(Refused, match="not_allowed"):
        prompt(customer_id=chebet.customer_id, phone="0700000418", amount_minor=1, by=amina)


def test_without_a_paybill_nobody_can_be_asked(provider: Provider) -> None:
    with pytest.raises(Refused, match="no_merchant"):
        _ask(make.asked(isp()))


def test_a_callback_that_was_quicker_is_worked_off(
    merchant: Merchant, chebet: Subscription, provider: Provider
) -> None:
    def slow(wish: Wish) -> PromptSent:
        make.tell(merchant, "s", make.callback("ws_CO_1"))
        assert make.work_off(merchant) == 0
        return PromptSent("ws_CO_1", "m-1")

    provider.answer = slow
    with connection.cursor() as cursor:
        row = _ask(chebet)
        cursor.execute("select count(*) from procrastinate_jobs where task_name='payments.drain'")
        assert cursor.fetchone()[0] >= 1
    assert make.work_off(merchant) == 1
    row.refresh_from_db()
    assert row.state == Prompt.PAID


def test_a_confirmation_that_was_quicker_stays(
    merchant: Merchant, chebet: Subscription, provider: Provider
) -> None:
    def slow(wish: Wish) -> PromptSent:
        make.tell(merchant, "c", make.confirmation(chebet.customer.account_number))
        make.work_off(merchant)
        return PromptSent("ws_CO_1", "m-1")

    provider.answer = slow
    row = _ask(chebet)
    assert (row.state, row.key) == (Prompt.PAID, "ws_CO_1")


def _silent(row: Prompt) -> None:
    Prompt.objects.filter(pk=row.pk).update(made_at=clock.real_now() - timedelta(seconds=26))


def test_a_silent_prompt_is_asked_about_once(chebet: Subscription, provider: Provider) -> None:
    row = _ask(chebet)
    assert query_silent(by=SYSTEM) == 0
    _silent(row)
    assert query_silent(by=SYSTEM) == 1
    assert query_silent(by=SYSTEM) == 0
    assert provider.asked == ["ws_CO_1"]
    row.refresh_from_db()
    assert row.state == Prompt.SENT


def test_a_success_without_a_receipt_waits_for_the_confirmation(
    merchant: Merchant, chebet: Subscription, provider: Provider
) -> None:
    row = _ask(chebet)
    _silent(row)
    provider.state = lambda key: PromptState(key, Outcome.SUCCESS, "0", "processed")
    query_silent(by=SYSTEM)
    row.refresh_from_db()
    assert (row.state, row.result_code) == (Prompt.SENT, "0")
    assert not Payment.objects.exists()
    make.tell(merchant, "c", make.confirmation(chebet.customer.account_number))
    make.work_off(merchant)
    row.refresh_from_db()
    assert row.state == Prompt.PAID


def test_a_cancelled_prompt_ends_and_the_phone_is_told_how_to_pay(
    chebet: Subscription, provider: Provider
) -> None:
    row = _ask(chebet)
    _silent(row)
    provider.state = lambda key: PromptState(key, Outcome.CUSTOMER, "1032", "cancelled by user")
    query_silent(by=SYSTEM)
    row.refresh_from_db()
    assert (row.state, row.result_code) == (Prompt.FAILED, "1032")
    message = Message.objects.get(once=f"prompt:{row.pk}")
    assert message.to == "+254700000418"
    assert message.body.startswith("Not paid: KES 2,500 was cancelled on the phone")
    assert "paybill 600426" in message.body


def test_too_little_money_is_told_as_such_and_a_time_out_not_at_all(
    merchant: Merchant, chebet: Subscription, provider: Provider
) -> None:
    row = _ask(chebet)
    make.tell(merchant, "s", make.callback("ws_CO_1", code=1037))
    make.work_off(merchant)
    assert not Message.objects.filter(once=f"prompt:{row.pk}").exists()
    row.result_code = "1"
    tell_failed(prompts=[row], speak=True, by=SYSTEM)
    assert "less than KES 2,500" in Message.objects.get(once=f"prompt:{row.pk}").body


def test_a_prompt_whose_sender_died_is_unknown(chebet: Subscription, merchant: Merchant) -> None:
    row = make.prompt(chebet, merchant, key=None)
    Prompt.objects.update(made_at=clock.real_now() - timedelta(minutes=3))
    query_silent(by=SYSTEM)
    row.refresh_from_db()
    assert row.state == Prompt.UNKNOWN
    assert not Notification.objects.exists()


def test_shillings_are_whole_and_upwards() -> None:
    assert [whole_shillings(minor) for minor in (1, 100, 101, 250_000)] == [100, 100, 200, 250_000]


def test_waits_are_by_phone_and_longer_for_the_same_sum() -> None:
    now = clock.real_now()
    before = [Asked(100, now - timedelta(seconds=30))]
    wait = {"again_seconds": 60, "same_amount_seconds": 120}
    assert seconds_to_wait(before, 200, now, **wait) == 30
    assert seconds_to_wait(before, 100, now, **wait) == 90
    assert seconds_to_wait([Asked(100, now - timedelta(seconds=61))], 200, now, **wait) == 0
    assert seconds_to_wait([], 100, now, **wait) == 0
