"""The real driver against the simulated Safaricom."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from waya.kernel import clock
from waya.lab.daraja.listener import listening
from waya.lab.tests.daraja_pair import ACCOUNT, AMINA, PAYBILL, Kept, Pair, credentials, paired
from waya.payments.drivers import DriverError, Outcome, Prompt, Token, Uncertain
from waya.payments.drivers.daraja import Daraja, parse_confirmation, parse_stk_callback


@pytest.fixture
def pair() -> Iterator[Pair]:
    with paired() as both:
        yield both


def test_a_prompt_is_sent_approved_and_told_twice_about_one_receipt(pair: Pair) -> None:
    sent = pair.push()
    assert pair.driver.query(sent.prompt_key).outcome is Outcome.PENDING
    pair.sim.approve(AMINA)

    [callback] = [parse_stk_callback(body) for body in pair.heard.on("/hk/s")]
    [confirmation] = [parse_confirmation(body) for body in pair.heard.on("/hk/c")]
    [settled] = pair.sim.ledger()
    assert callback.succeeded
    assert callback.prompt_key == sent.prompt_key
    assert callback.transaction == confirmation.transaction == settled["receipt"]
    assert callback.amount_minor == confirmation.amount_minor == 2500_00
    assert confirmation.account_typed == ACCOUNT
    assert confirmation.merchant_number == PAYBILL
    assert callback.paid_at == confirmation.paid_at
    assert pair.driver.query(sent.prompt_key).outcome is Outcome.SUCCESS


@pytest.mark.parametrize(
    ("verdict", "code", "outcome"),
    [
        ("refuse", "1032", Outcome.CUSTOMER),
        ("ignore", "1037", Outcome.RETRY),
        ("too_little", "1", Outcome.CUSTOMER),
        ("wrong_pin", "2001", Outcome.CUSTOMER),
        ("expire", "1019", Outcome.RETRY),
    ],
)
def test_a_prompt_that_is_not_paid(pair: Pair, verdict: str, code: str, outcome: Outcome) -> None:
    sent = pair.push()
    pair.sim.answer(AMINA, verdict)
    [callback] = [parse_stk_callback(body) for body in pair.heard.on("/hk/s")]
    assert not callback.succeeded
    assert callback.result_code == code
    state = pair.driver.query(sent.prompt_key)
    assert (state.result_code, state.outcome) == (code, outcome)
    assert pair.sim.ledger() == []
    assert pair.heard.on("/hk/c") == []


def test_one_token_serves_many_calls_and_is_renewed_when_it_was_killed(pair: Pair) -> None:
    pair.push()
    assert pair.tokens.puts == 1
    httpx.get(
        f"{pair.sim.url}/oauth/v1/generate?grant_type=client_credentials",
        auth=("lab-consumer-key", "lab-consumer-secret"),
    )
    pair.register()
    assert pair.tokens.puts == 2


def test_a_token_renewed_by_another_process_is_used_and_not_killed_again(pair: Pair) -> None:
    old = pair.tokens.token
    assert old is not None
    other = Daraja(credentials(), pair.sim.url, Kept())
    renewed = other.token()
    other.close()

    class Behind(Kept):
        """Gives the dead token first, as if the other process had only just put its own."""

        def get(self) -> Token | None:
            now = clock.real_now()
            living = Token(renewed, now, now + timedelta(hours=1))
            self.asked = getattr(self, "asked", 0) + 1
            return old if self.asked == 1 else living

    store = Behind()
    driver = Daraja(credentials(), pair.sim.url, store)
    driver.register_urls(
        confirmation_url=f"{pair.heard.url}/hk/c", validation_url=f"{pair.heard.url}/hk/v"
    )
    assert store.puts == 0
    driver.close()


def test_a_token_is_renewed_at_four_fifths_of_its_life(pair: Pair) -> None:
    old = pair.tokens.token
    assert old is not None
    life = old.expires_at - old.issued_at
    pair.tokens.token = replace(
        old, issued_at=old.issued_at - life * 0.79, expires_at=old.expires_at - life * 0.79
    )
    assert pair.driver.token() == old.value
    pair.tokens.token = replace(
        old, issued_at=old.issued_at - life * 0.81, expires_at=old.expires_at - life * 0.81
    )
    assert pair.driver.token() != old.value


def test_wrong_keys_are_not_worth_another_try(pair: Pair) -> None:
    driver = Daraja(credentials(secret="wrong"), pair.sim.url, Kept())
    with pytest.raises(DriverError) as caught:
        driver.token()
    assert (caught.value.code, caught.value.retryable) == ("400.008.01", False)
    driver.close()


def test_a_wrong_passkey_is_told_apart_from_a_busy_phone(pair: Pair) -> None:
    wrong = Daraja(credentials(passkey="wrong"), pair.sim.url, pair.tokens)
    prompt = Prompt(f"+{AMINA}", 100, ACCOUNT, f"{pair.heard.url}/hk/s")
    with pytest.raises(DriverError) as caught:
        wrong.push(prompt)
    assert (caught.value.code, caught.value.retryable) == ("500.001.1001", False)
    wrong.close()

    pair.push()
    with pytest.raises(DriverError) as caught:
        pair.push()
    assert (caught.value.code, caught.value.retryable) == ("500.001.1001", True)


GOOD = Prompt(f"+{AMINA}", 2500_00, ACCOUNT, "http://127.0.0.1:1/hk/s")


@pytest.mark.parametrize(
    "prompt",
    [
        replace(GOOD, phone="+1202555010"),
        replace(GOOD, phone="0700000418"),
        replace(GOOD, amount_minor=2500_50),
        replace(GOOD, amount_minor=0),
        replace(GOOD, amount_minor=250_001_00),
        replace(GOOD, account=""),
        replace(GOOD, account="1234567890123"),
        replace(GOOD, description="Internet for you"),
        replace(GOOD, callback_url="http://127.0.0.1:1/mpesa/s"),
        replace(GOOD, callback_url="http://127.0.0.1:1/hk/Query"),
    ],
)
def test_what_daraja_would_refuse_is_not_sent(pair: Pair, prompt: Prompt) -> None:
    with pytest.raises(DriverError) as caught:
        pair.driver.push(prompt)
    assert caught.value.code == "bad_field"
    assert pair.sim.phone(AMINA)["prompt"] is None


def test_nobody_there_is_worth_another_try() -> None:
    driver = Daraja(credentials(), "http://127.0.0.1:9", Kept())
    with pytest.raises(DriverError) as caught:
        driver.push(GOOD)
    assert caught.value.retryable
    driver.close()


def test_a_lost_answer_is_uncertain_and_the_phone_rings(pair: Pair) -> None:
    pair.sim.set(push_answer_lost=True)
    with pytest.raises(Uncertain):
        pair.push()
    assert pair.sim.phone(AMINA)["prompt"] is not None


def test_a_spike_arrest_is_worth_another_try(pair: Pair) -> None:
    pair.sim.set(spike_arrest=True)
    with pytest.raises(DriverError) as caught:
        pair.push()
    assert caught.value.retryable


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, {}), (500, {}), (503, {"errorCode": "500.003.1001", "errorMessage": "Internal"})],
)
def test_answers_that_prove_nothing_are_uncertain(
    status: int, body: dict[str, str], pair: Pair
) -> None:
    paths = ("/mpesa/stkpush/v1/processrequest",)
    with listening(paths) as odd:
        odd.answers[paths[0]] = (status, {**body, "ResponseCode": "0"})
        driver = Daraja(credentials(), odd.url, pair.tokens)
        with pytest.raises(Uncertain):
            driver.push(GOOD)
        driver.close()


def test_a_query_of_an_unknown_prompt_is_refused_for_good(pair: Pair) -> None:
    with pytest.raises(DriverError) as caught:
        pair.driver.query("ws_CO_nobody")
    assert not caught.value.retryable


def test_addresses_are_checked_and_registering_twice_can_be_refused(pair: Pair) -> None:
    with pytest.raises(DriverError):
        pair.driver.register_urls(
            confirmation_url="http://127.0.0.1/safaricom", validation_url="http://127.0.0.1/v"
        )
    pair.register()
    pair.sim.set(register_once=True)
    with pytest.raises(DriverError) as caught:
        pair.register()
    assert "already registered" in caught.value.text
    assert not caught.value.retryable


def test_a_till_is_paid_through_its_head_office(pair: Pair) -> None:
    pair.sim.merchant("5550123", "Baraka Net shop", store=PAYBILL)
    driver = Daraja(credentials(till="5550123"), pair.sim.url, pair.tokens)
    sent = driver.push(Prompt(f"+{AMINA}", 50_00, "WIFI", f"{pair.heard.url}/hk/s"))
    pair.sim.answer(AMINA, "approve")
    state = driver.query(sent.prompt_key)
    driver.close()
    assert state.outcome is Outcome.SUCCESS
    assert pair.sim.ledger()[0]["shortcode"] == "5550123"


def test_a_paybill_paid_as_a_till_is_our_own_mistake(pair: Pair) -> None:
    driver = Daraja(credentials(till=PAYBILL), pair.sim.url, pair.tokens)
    sent = driver.push(Prompt(f"+{AMINA}", 50_00, "WIFI", f"{pair.heard.url}/hk/s"))
    pair.sim.wait_until_idle()
    state = driver.query(sent.prompt_key)
    driver.close()
    assert (state.result_code, state.outcome) == ("2028", Outcome.CONFIG)


def test_secrets_are_not_shown() -> None:
    shown = repr(credentials()) + repr(Token("living", clock.real_now(), clock.real_now()))
    assert "lab-consumer" not in shown
    assert "living" not in shown
