"""What goes wrong with money on its way, against a running installation: each counts once."""

from __future__ import annotations

import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor

import psycopg
from tests.live.installation import PRICE, Household, Installation, until

from waya.lab.town.people import SHORT_CODE

_PROMPT = "select {} from payments_prompt where customer_id = %s order by id desc limit 1"
_WAITS_FOR_LOCK = "select count(*) from pg_locks where not granted"


def rings(live: Installation, one: Household) -> str:
    """Have their phone asked, wait until the answer is stored, and give the prompt's key."""
    live.ask_the_phone(one)
    key = _PROMPT.format("key")
    until(lambda: live.one(key, one.customer_id), "the prompt was sent")
    return str(live.one(key, one.customer_id))


def notifications(live: Installation, one: Household) -> list[str]:
    """What told us of the last payment of a household."""
    return [kind for (kind,) in live.rows(
        "select kind from payments_notification where payment_id ="
        " (select max(id) from payments_payment where customer_id = %s) order by kind",
        one.customer_id,
    )]  # fmt: skip


def parked(live: Installation) -> int:
    """How many notifications wait for a person."""
    return int(live.one("select count(*) from payments_notification where state = 'parked'"))


def test_the_same_confirmation_six_times_at_once_is_one_payment(live: Installation) -> None:
    one = live.household()
    live.pay(one, duplicates=5, duplicate_gap=0)
    until(lambda: live.is_back(one), "back after one payment told six times")
    repeats = (
        "select sum(1 + repeats) from payments_notification where payment_id ="
        " (select max(id) from payments_payment where customer_id = %s)"
    )
    until(lambda: live.one(repeats, one.customer_id) == 6, "all six came")
    assert live.payments_of(one) == 2  # the first month, and this one
    assert notifications(live, one) == ["confirmation"]


def test_a_prompts_callback_and_its_confirmation_are_one_payment(live: Installation) -> None:
    one = live.household()
    rings(live, one)
    live.answers(one, "approve")
    until(lambda: live.is_back(one), "back after a prompt")
    until(lambda: notifications(live, one) == ["confirmation", "stk"], "both are on the payment")
    assert live.payments_of(one) == 2


def test_a_callback_before_the_pushs_own_answer_is_joined(live: Installation) -> None:
    one = live.household()
    with live.knobs(callback_before_ack=True, double_notification=False):
        live.ask_the_phone(one)
        until(lambda: live.is_back(one), "back after a callback that overtook its prompt")
    assert live.payments_of(one) == 2
    assert live.one(_PROMPT.format("state"), one.customer_id) == "paid"
    assert notifications(live, one) == ["stk"]


def test_not_reached_and_then_paid_after_all_is_paid(live: Installation) -> None:
    one = live.household()
    with live.knobs(late_success=4000, double_notification=False):
        rings(live, one)
        live.answers(one, "ignore")
        until(lambda: live.one(_PROMPT.format("result_code"), one.customer_id) == "1037",
              "the prompt was not answered")  # fmt: skip
        assert live.payments_of(one) == 1
        until(lambda: live.is_back(one), "back after the late success")
    assert live.payments_of(one) == 2
    assert live.one(_PROMPT.format("state"), one.customer_id) == "paid"


def test_what_is_forged_or_garbage_credits_nobody(live: Installation) -> None:
    one = live.household()
    key = rings(live, one)
    kept = "select count(*) from payments_notification"
    before, parked_before = live.one(kept), parked(live)
    confirmation = {
        "TransactionType": "Pay Bill", "TransID": "FORGED0001", "TransTime": "20270101120000",
        "TransAmount": f"{PRICE}.00", "BusinessShortCode": SHORT_CODE,
        "BillRefNumber": one.account, "MSISDN": "2547 ***** 126", "FirstName": "EVE",
    }  # fmt: skip
    assert live.tell("c", json.dumps(confirmation).encode(), path="0" * 40) == 404
    assert live.one(kept) == before
    negative = confirmation | {"TransAmount": f"-{PRICE}.00"}
    elsewhere = confirmation | {"BusinessShortCode": "999999", "TransID": "FORGED0002"}
    less = {"Body": {"stkCallback": {
        "MerchantRequestID": "1-2-3", "CheckoutRequestID": key, "ResultCode": 0,
        "ResultDesc": "ok", "CallbackMetadata": {"Item": [
            {"Name": "Amount", "Value": 1}, {"Name": "MpesaReceiptNumber", "Value": "FORGED0003"},
            {"Name": "PhoneNumber", "Value": int(one.phone)}]}}}}  # fmt: skip
    for kind, said in (
        ("c", b"\xff not json"), ("c", json.dumps(negative).encode()),
        ("c", json.dumps(elsewhere).encode()), ("s", json.dumps(less).encode()),
    ):  # fmt: skip
        assert live.tell(kind, said) == 200
    until(lambda: parked(live) == parked_before + 4, "all four wait for a person")
    assert live.payments_of(one) == 1
    assert live.one("select count(*) from payments_payment where transaction like 'FORGED%%'") == 0
    live.answers(one, "approve")
    until(lambda: live.is_back(one), "the true answer counts")
    assert live.payments_of(one) == 2


def test_a_worker_killed_in_the_middle_of_booking_loses_and_doubles_nothing(
    live: Installation,
) -> None:
    some = [live.household() for _ in range(3)]
    with psycopg.connect(live.url) as holding:
        holding.execute(
            "select 1 from parties_customer where id = %s for update", [some[0].customer_id]
        )
        with ThreadPoolExecutor(3) as payers:
            list(payers.map(live.pay, some))
        until(lambda: live.one(_WAITS_FOR_LOCK), "the worker is in the middle of booking")
        os.kill(live.pid("--queues money"), signal.SIGKILL)
    until(lambda: live.is_back(*some), "all are back, by the next worker")
    assert [live.payments_of(one) for one in some] == [2, 2, 2]
