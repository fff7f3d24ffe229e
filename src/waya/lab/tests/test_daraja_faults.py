"""Every knob of the simulated Safaricom does what it says, and money still moves once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from waya.lab.daraja.knobs import Knobs, turned
from waya.lab.tests.daraja_pair import AMINA, PAYBILL, Pair, paired
from waya.payments.drivers import Outcome
from waya.payments.drivers.daraja import parse_confirmation, parse_stk_callback


@pytest.fixture
def pair() -> Iterator[Pair]:
    with paired() as both:
        yield both


def callbacks(pair: Pair) -> list[Any]:
    return [parse_stk_callback(body) for body in pair.heard.on("/hk/s")]


def confirmations(pair: Pair) -> list[Any]:
    return [parse_confirmation(body) for body in pair.heard.on("/hk/c")]


def test_paying_a_paybill_asks_then_moves_then_confirms(pair: Pair) -> None:
    answer = pair.pay()
    [(first, asked), (second, _)] = pair.heard.bodies
    assert (first, second) == ("/hk/v", "/hk/c")
    assert json.loads(asked)["OrgAccountBalance"] == ""
    [confirmation] = confirmations(pair)
    assert (answer["paid"], answer["status"]) == (True, 200)
    assert confirmation.transaction == answer["receipt"]
    assert pair.sim.phone(AMINA)["balance"] == 47_500
    assert str(answer["receipt"]) in pair.sim.sms(AMINA)[0]


@pytest.mark.parametrize(
    ("suffix", "code"),
    [
        ("001", "0"),
        ("032", "1032"),
        ("037", "1037"),
        ("201", "2001"),
        ("101", "1"),
        ("019", "1019"),
    ],
)
def test_numbers_answer_by_their_ending(pair: Pair, suffix: str, code: str) -> None:
    sent = pair.push(f"254700000{suffix}")
    pair.sim.wait_until_idle()
    [callback] = callbacks(pair)
    assert (callback.prompt_key, callback.result_code) == (sent.prompt_key, code)


def test_a_number_that_stays_silent_is_never_heard_of(pair: Pair) -> None:
    sent = pair.push("254700000999")
    pair.sim.wait_until_idle()
    assert callbacks(pair) == []
    assert pair.driver.query(sent.prompt_key).outcome is Outcome.PENDING


def test_a_knob_answers_every_number(pair: Pair) -> None:
    pair.sim.set(answer="0")
    pair.push(AMINA)
    pair.sim.wait_until_idle()
    assert callbacks(pair)[0].succeeded
    pair.sim.set(answer="person")
    pair.push("254700000001")
    pair.sim.wait_until_idle()
    assert len(callbacks(pair)) == 1


def test_a_prompt_rings_out(pair: Pair) -> None:
    pair.sim.set(ring=20)
    pair.push()
    with httpx.Client(base_url=pair.sim.url) as control:
        while pair.sim.phone(AMINA)["prompt"] is not None:
            control.get("/_sim/idle")
    pair.sim.wait_until_idle()
    assert callbacks(pair)[0].result_code == "1037"


def test_too_little_money_is_code_1(pair: Pair) -> None:
    pair.push(shillings=60_000)
    pair.sim.approve(AMINA)
    assert callbacks(pair)[0].result_code == "1"
    assert pair.pay(60_000)["paid"] is False
    assert pair.sim.ledger() == []


@pytest.mark.parametrize("gap", [0, 5])
def test_duplicates_are_byte_for_byte_the_same(pair: Pair, gap: int) -> None:
    pair.sim.set(duplicates=3, duplicate_gap=gap)
    pair.push()
    pair.sim.approve(AMINA)
    assert len(pair.heard.on("/hk/s")) == len(pair.heard.on("/hk/c")) == 4
    assert len(set(pair.heard.on("/hk/s"))) == len(set(pair.heard.on("/hk/c"))) == 1
    assert len(pair.sim.ledger()) == 1


def test_reordering_sends_the_last_first(pair: Pair) -> None:
    pair.sim.set(reorder=2, reorder_hold=2_000)
    pair.push()
    pair.sim.approve(AMINA)
    assert [path for path, _ in pair.heard.bodies] == ["/hk/c", "/hk/s"]


def test_a_window_that_does_not_fill_is_let_go(pair: Pair) -> None:
    pair.sim.set(reorder=5, reorder_hold=30)
    assert pair.pay()["status"] == 200


def test_the_callback_may_come_before_the_answer(pair: Pair) -> None:
    pair.sim.set(callback_before_ack=True)
    sent = pair.push()
    [callback] = callbacks(pair)  # without waiting for anything
    assert callback.prompt_key == sent.prompt_key
    assert callback.succeeded


def test_a_callback_can_be_lost_while_the_confirmation_comes(pair: Pair) -> None:
    pair.sim.set(drop_callbacks=1)
    sent = pair.push()
    pair.sim.approve(AMINA)
    assert callbacks(pair) == []
    assert len(confirmations(pair)) == 1
    assert pair.driver.query(sent.prompt_key).outcome is Outcome.SUCCESS
    pair.push()
    pair.sim.approve(AMINA)
    assert len(callbacks(pair)) == 1  # only one was to be lost


def test_a_confirmation_can_be_lost(pair: Pair) -> None:
    pair.sim.set(drop_confirmations=-1)
    assert pair.pay() | {"receipt": ""} == {"paid": True, "why": "", "receipt": "", "status": 0}
    assert len(pair.sim.ledger()) == 1
    assert confirmations(pair) == []


def test_pay_and_lose_the_callback_by_hand(pair: Pair) -> None:
    pair.push()
    pair.sim.answer(AMINA, "approve", lose_callback=True)
    assert callbacks(pair) == []
    assert len(pair.sim.ledger()) == 1


def test_a_late_success_follows_1037(pair: Pair) -> None:
    pair.sim.set(late_success=30)
    sent = pair.push()
    pair.sim.answer(AMINA, "ignore")
    assert [callback.result_code for callback in callbacks(pair)] == ["1037", "0"]
    assert {callback.prompt_key for callback in callbacks(pair)} == {sent.prompt_key}
    assert len(pair.sim.ledger()) == 1


def test_the_second_notification_can_be_off(pair: Pair) -> None:
    pair.sim.set(double_notification=False)
    pair.push()
    pair.sim.approve(AMINA)
    assert (len(callbacks(pair)), len(confirmations(pair))) == (1, 0)


def test_a_pending_query_can_answer_instead_of_failing(pair: Pair) -> None:
    pair.sim.set(query_fails_while_pending=False)
    sent = pair.push()
    state = pair.driver.query(sent.prompt_key)
    assert (state.outcome, state.result_code) == (Outcome.PENDING, "4999")


@pytest.mark.parametrize(
    ("form", "payer"),
    [
        ("masked", "2547 ***** 418"),
        ("clear", AMINA),
        ("hashed", sha256(AMINA.encode()).hexdigest()),
    ],
)
def test_how_the_payer_is_written(pair: Pair, form: str, payer: str) -> None:
    pair.sim.set(msisdn_as=form)
    pair.pay()
    assert confirmations(pair)[0].payer == payer


@pytest.mark.parametrize("codes", ["number", "text"])
@pytest.mark.parametrize("amounts", ["documented", "decimal", "plain", "number", "fraction"])
def test_however_it_is_written_it_is_the_same_money(pair: Pair, codes: str, amounts: str) -> None:
    pair.sim.set(codes_as=codes, amount_as=amounts)
    pair.push()
    pair.sim.approve(AMINA)
    assert callbacks(pair)[0].succeeded
    assert callbacks(pair)[0].amount_minor == confirmations(pair)[0].amount_minor == 2500_00


def test_values_can_be_missing(pair: Pair) -> None:
    pair.sim.set(missing_values=["Balance", "Amount", "MpesaReceiptNumber"])
    pair.push()
    pair.sim.approve(AMINA)
    [callback] = callbacks(pair)
    assert callback.succeeded
    assert (callback.transaction, callback.amount_minor) == (None, None)


def test_a_merchant_that_fails_is_told_again(pair: Pair) -> None:
    pair.sim.set(retries=2, retry_after=5)
    pair.heard.answers["/hk/c"] = (500, {})
    assert pair.pay()["status"] == 500
    assert len(confirmations(pair)) == 3
    assert pair.sim.ledger()[0]["heard"] == 0


@pytest.mark.parametrize(("response_type", "paid"), [("Completed", True), ("Cancelled", False)])
def test_a_silent_validation_does_what_was_registered(
    pair: Pair, response_type: str, paid: bool
) -> None:
    pair.register(response_type)
    pair.sim.set(validation_timeout=30)
    pair.heard.delays["/hk/v"] = 0.5
    assert pair.pay()["paid"] is paid
    assert len(pair.sim.ledger()) == int(paid)


def test_a_validation_can_refuse_and_can_name_a_reference(pair: Pair) -> None:
    pair.heard.answers["/hk/v"] = (200, {"ResultCode": "C2B00012", "ResultDesc": "Rejected"})
    refused = pair.pay()
    assert (refused["paid"], refused["why"]) == (False, "C2B00012")
    assert pair.sim.ledger() == []
    pair.heard.answers["/hk/v"] = (200, {"ResultCode": "0", "ThirdPartyTransID": "ours-1"})
    assert pair.pay()["paid"]
    assert pair.heard.json("/hk/c")[0]["ThirdPartyTransID"] == "ours-1"
    pair.sim.set(validation=False)
    pair.pay()
    assert len(pair.heard.on("/hk/v")) == 2


def test_the_clock_can_run_ahead(pair: Pair) -> None:
    pair.pay()
    pair.sim.set(clock_ahead_seconds=40 * 86_400)
    pair.pay()
    first, second = confirmations(pair)
    assert 39 <= (second.paid_at - first.paid_at).days <= 40


def test_one_payment_can_have_its_own_faults(pair: Pair) -> None:
    pair.pay(duplicates=1)
    pair.sim.wait_until_idle()
    pair.pay()
    pair.sim.wait_until_idle()
    assert len(confirmations(pair)) == 3


@pytest.mark.parametrize(
    "changes",
    [{"nothing": 1}, {"duplicates": "2"}, {"duplicates": True}, {"msisdn_as": "?"}, {"ring": None}],
)
def test_a_knob_that_does_not_fit_turns_nothing(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="knob"):
        turned(Knobs(), {"retries": 9, **changes})


def test_the_control_addresses_speak_json(pair: Pair) -> None:
    with httpx.Client(base_url=pair.sim.url) as control:
        assert control.post("/_sim/set", json={"duplicates": 1}).json()["duplicates"] == 1
        assert control.post("/_sim/set", json={"nothing": 1}).status_code == 400
        named = [{"msisdn": "0711 000 902", "name": "Chebet Langat", "balance": 700}]
        assert control.post("/_sim/phones", json={"phones": named}).json() == {"phones": 1}
        order = {"msisdn": "0711000902", "shortcode": PAYBILL, "account": "1", "amount": 500}
        assert control.post("/_sim/pay", json=order).json()["status"] == 200
        assert control.post("/_sim/pay", json={**order, "shortcode": "1"}).status_code == 400
        assert control.get("/_sim/phone?msisdn=254711000902").json()["balance"] == 200
        assert control.get("/_sim/idle").json() == {"idle": True}
        ledger = control.get("/_sim/ledger").json()
        assert (ledger["count"], ledger["total"]) == (1, 500)
        assert control.get("/_sim/nothing").status_code == 404
        assert control.get("/_sim/pay").status_code == 405
        answer = {"msisdn": "0711000902", "verdict": "approve"}
        assert control.post("/_sim/answer", json=answer).status_code == 400
    assert confirmations(pair)[0].payer_name == "CHEBET LANGAT"


def test_only_loopback_is_ever_called(pair: Pair) -> None:
    bearer = {"Authorization": f"Bearer {pair.driver.token()}"}
    body = {
        "ShortCode": PAYBILL,
        "ResponseType": "Completed",
        "ConfirmationURL": "http://192.0.2.1/c",
        "ValidationURL": "http://127.0.0.1/v",
    }
    answer = httpx.post(f"{pair.sim.url}/mpesa/c2b/v2/registerurl", json=body, headers=bearer)
    assert answer.json()["errorCode"] == "400.002.02"


def test_the_sandbox_way_to_pay(pair: Pair) -> None:
    bearer = {"Authorization": f"Bearer {pair.driver.token()}"}
    body = {
        "ShortCode": int(PAYBILL),
        "CommandID": "CustomerPayBillOnline",
        "Amount": 10,
        "Msisdn": int(AMINA),
        "BillRefNumber": "1",
    }
    answer = httpx.post(f"{pair.sim.url}/mpesa/c2b/v2/simulate", json=body, headers=bearer)
    assert answer.json()["ResponseCode"] == "0"
    pair.sim.wait_until_idle()
    assert confirmations(pair)[0].amount_minor == 10_00


steps = st.lists(
    st.tuples(
        st.sampled_from(["approve", "refuse", "ignore", "paybill"]),
        st.integers(1, 500),
        st.fixed_dictionaries(
            {
                "duplicates": st.integers(0, 2),
                "duplicate_gap": st.sampled_from([0, 1]),
                "late_success": st.sampled_from([0, 1]),
                "double_notification": st.booleans(),
                "reorder": st.sampled_from([0, 2]),
                "reorder_hold": st.just(5),
                "amount_as": st.sampled_from(["documented", "plain", "number"]),
                "codes_as": st.sampled_from(["number", "text"]),
            }
        ),
    ),
    max_size=4,
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(story=steps)
def test_what_is_heard_by_receipt_is_what_was_settled(pair: Pair, story: list[Any]) -> None:
    """Each receipt counted once, the notifications add up to the simulator's own ledger."""
    for action, shillings, knobs in story:
        pair.sim.set(**knobs)
        if action == "paybill":
            pair.pay(shillings)
        else:
            pair.push(shillings=shillings)
            pair.sim.answer(AMINA, action)
    pair.sim.wait_until_idle()
    heard = {r.transaction: r.amount_minor for r in callbacks(pair) if r.succeeded}
    heard |= {r.transaction: r.amount_minor for r in confirmations(pair)}
    settled = {row["receipt"]: row["amount"] * 100 for row in pair.sim.ledger()}
    assert heard == settled
    assert 50_000 - pair.sim.phone(AMINA)["balance"] == sum(settled.values()) // 100
