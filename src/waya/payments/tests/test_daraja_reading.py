"""Daraja's notifications as they really come, and as they could."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waya.payments.drivers import Malformed, Outcome
from waya.payments.drivers.daraja import (
    ACCEPTED,
    Rejection,
    outcome,
    parse_confirmation,
    parse_stk_callback,
    parse_validation,
    rejected,
)

PAID = b"""{"Body":{"stkCallback":{"MerchantRequestID":"29115-34620561-1",
 "CheckoutRequestID":"ws_CO_191220191020363925","ResultCode":0,
 "ResultDesc":"The service request is processed successfully.",
 "CallbackMetadata":{"Item":[{"Name":"Amount","Value":1.00},
  {"Name":"MpesaReceiptNumber","Value":"NLJ7RT61SV"},{"Name":"Balance"},
  {"Name":"TransactionDate","Value":20191219102115},
  {"Name":"PhoneNumber","Value":254708374149}]}}}}"""

ARRIVED: Mapping[str, Any] = {
    "TransactionType": "Pay Bill",
    "TransID": "RKL51ZDR4F",
    "TransTime": "20231121121325",
    "TransAmount": "5.00",
    "BusinessShortCode": "600966",
    "BillRefNumber": "Sample Transaction",
    "InvoiceNumber": "",
    "OrgAccountBalance": "25.00",
    "ThirdPartyTransID": "",
    "MSISDN": "2547 ***** 126",
    "FirstName": "NICHOLAS",
    "MiddleName": "",
    "LastName": "",
}


def arrived(**changes: Any) -> bytes:
    return json.dumps({**ARRIVED, **changes}).encode()


def callback(code: object, **values: Any) -> bytes:
    items = [{"Name": name, "Value": value} for name, value in values.items()]
    body = {"CheckoutRequestID": "ws_CO_1", "ResultCode": code, "ResultDesc": "words"}
    return json.dumps(
        {"Body": {"stkCallback": {**body, "CallbackMetadata": {"Item": items}}}}
    ).encode()


def test_a_paid_prompt_is_read_whole() -> None:
    received = parse_stk_callback(PAID)
    assert received.succeeded
    assert received.transaction == "NLJ7RT61SV"
    assert received.prompt_key == "ws_CO_191220191020363925"
    assert received.amount_minor == 1_00
    assert received.payer == "254708374149"
    assert received.paid_at == datetime(2019, 12, 19, 7, 21, 15, tzinfo=UTC)
    assert (received.result_code, received.currency) == ("0", "KES")
    assert received.account_typed == ""


def test_a_refused_prompt_has_no_money() -> None:
    received = parse_stk_callback(
        b'{"Body":{"stkCallback":{"MerchantRequestID":"f1e2","CheckoutRequestID":"ws_CO_2",'
        b'"ResultCode":1032,"ResultDesc":"Request cancelled by user"}}}'
    )
    assert not received.succeeded
    assert (received.transaction, received.amount_minor, received.paid_at) == (None, None, None)
    assert received.result_code == "1032"


def test_codes_are_text_whether_they_come_as_numbers_or_words() -> None:
    assert parse_stk_callback(callback(0)).succeeded
    assert parse_stk_callback(callback("0")).succeeded
    assert parse_stk_callback(callback("SFC_IC0003")).result_code == "SFC_IC0003"


def test_a_late_success_is_another_message_and_a_repetition_is_the_same() -> None:
    timeout = parse_stk_callback(callback(1037))
    success = parse_stk_callback(callback(0, Amount=5, MpesaReceiptNumber="RKL51ZDR4F"))
    assert timeout.event_key != success.event_key
    assert parse_stk_callback(callback(1037)).event_key == timeout.event_key


@pytest.mark.parametrize("missing", ["Amount", "MpesaReceiptNumber", "TransactionDate"])
def test_a_success_may_leave_values_out(missing: str) -> None:
    sent = json.loads(PAID)
    for item in sent["Body"]["stkCallback"]["CallbackMetadata"]["Item"]:
        if item["Name"] == missing:
            del item["Value"]
    received = parse_stk_callback(json.dumps(sent).encode())
    absent = {
        "Amount": received.amount_minor,
        "MpesaReceiptNumber": received.transaction,
        "TransactionDate": received.paid_at,
    }
    assert received.succeeded
    assert absent.pop(missing) is None
    assert None not in absent.values()


def test_a_single_item_may_come_without_its_list() -> None:
    sent = json.loads(callback(0))
    item = {"Name": "MpesaReceiptNumber", "Value": "rkl51zdr4f "}
    sent["Body"]["stkCallback"]["CallbackMetadata"]["Item"] = item
    assert parse_stk_callback(json.dumps(sent).encode()).transaction == "RKL51ZDR4F"


def test_a_confirmation_is_read_whole() -> None:
    received = parse_confirmation(arrived())
    assert received.event_key == received.transaction == "RKL51ZDR4F"
    assert received.amount_minor == 5_00
    assert received.account_typed == "Sample Transaction"
    assert (received.payer, received.payer_name) == ("2547 ***** 126", "NICHOLAS")
    assert received.paid_at == datetime(2023, 11, 21, 9, 13, 25, tzinfo=UTC)
    assert received.merchant_number == "600966"
    assert received.succeeded
    assert received.prompt_key is None


def test_names_may_be_null_and_accounts_missing() -> None:
    received = parse_confirmation(
        arrived(FirstName=None, MiddleName="W", LastName="KORIR", BillRefNumber=None)
    )
    assert received.payer_name == "W KORIR"
    assert received.account_typed == ""


def test_what_a_database_cannot_hold_does_not_get_through() -> None:
    received = parse_confirmation(arrived(BillRefNumber="10\x00\ud8000\n1"))
    received.account_typed.encode()
    assert received.account_typed == "10 0 1"


def test_a_date_nobody_can_read_does_not_refuse_money() -> None:
    assert parse_confirmation(arrived(TransTime="20231399")).paid_at is None


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"nonsense",
        b'{"Body":1}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"Body":{"stkCallback":{"ResultCode":0}}}',
        b'{"Body":{"stkCallback":{"CheckoutRequestID":"ws_CO_1"}}}',
    ],
)
def test_nonsense_is_malformed(raw: bytes) -> None:
    with pytest.raises(Malformed):
        parse_stk_callback(raw)
    with pytest.raises(Malformed):
        parse_confirmation(raw)


AMOUNTS = st.sampled_from(["{0}", '"{0}"', "{0}.0", '"{0}.00"', "{0}.000", '"{0}.0"', '" {0} "'])


@given(shillings=st.integers(1, 10**9), form=AMOUNTS)
def test_every_way_to_write_an_amount_is_the_same_money(shillings: int, form: str) -> None:
    written = form.format(shillings).encode()
    raw = arrived(TransAmount="here").replace(b'"here"', written)
    assert parse_confirmation(raw).amount_minor == shillings * 100
    assert parse_validation(raw).amount_minor == shillings * 100


@given(minor=st.integers(1, 10**11))
def test_cents_are_never_lost(minor: int) -> None:
    written = f"{minor // 100}.{minor % 100:02}".encode()
    for form in (written, b'"' + written + b'"'):
        raw = arrived(TransAmount="here").replace(b'"here"', form)
        assert parse_confirmation(raw).amount_minor == minor


def test_thousands_may_be_grouped() -> None:
    assert parse_confirmation(arrived(TransAmount="2,500.00")).amount_minor == 2500_00


@pytest.mark.parametrize(
    "amount",
    [
        "",
        None,
        "0",
        "0.00",
        "-5",
        "5.001",
        "five",
        "NaN",
        "Infinity",
        "1e999999999",
        True,
        [],
        "1_0",
    ],
)
def test_what_is_no_amount_is_malformed(amount: object) -> None:
    with pytest.raises(Malformed):
        parse_confirmation(arrived(TransAmount=amount))


@given(raw=st.binary(max_size=200))
def test_any_bytes_are_read_or_malformed(raw: bytes) -> None:
    for read in (parse_stk_callback, parse_confirmation, parse_validation):
        with pytest.raises(Malformed):
            read(raw)


WORDS = st.text("a0 .,-*\x00\n\ud800é", max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=4,
)


@given(values=st.dictionaries(st.sampled_from(sorted(ARRIVED)), JSON))
def test_odd_values_never_raise_anything_else(values: dict[str, Any]) -> None:
    try:
        received = parse_confirmation(arrived(**values))
    except Malformed:
        return
    assert received.amount_minor is not None
    assert received.amount_minor > 0
    assert received.transaction
    received.account_typed.encode()
    received.payer_name.encode()


@given(item=JSON, code=JSON)
def test_odd_callbacks_never_raise_anything_else(item: Any, code: Any) -> None:
    body = {
        "CheckoutRequestID": "ws_CO_1",
        "ResultCode": code,
        "CallbackMetadata": {"Item": [item, {"Name": "Amount", "Value": item}]},
    }
    try:
        parse_stk_callback(json.dumps({"Body": {"stkCallback": body}}).encode())
    except Malformed:
        return


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        ("0", Outcome.SUCCESS),
        ("1", Outcome.CUSTOMER),
        ("1032", Outcome.CUSTOMER),
        ("2001", Outcome.CUSTOMER),
        ("1037", Outcome.RETRY),
        ("1001", Outcome.RETRY),
        ("2028", Outcome.CONFIG),
        ("SFC_IC0003", Outcome.CONFIG),
        ("4999", Outcome.PENDING),
        ("31337", Outcome.UNKNOWN),
        ("", Outcome.UNKNOWN),
    ],
)
def test_what_a_code_means(code: str, meaning: Outcome) -> None:
    assert outcome(code) is meaning


def test_words_say_that_it_is_still_pending() -> None:
    still = "The transaction is being processed"
    assert outcome("500.001.1001", still) is Outcome.PENDING
    assert outcome("0", still) is Outcome.SUCCESS


def test_answers_to_a_validation() -> None:
    assert ACCEPTED == {"ResultCode": "0", "ResultDesc": "Accepted"}
    assert rejected(Rejection.ACCOUNT) == {"ResultCode": "C2B00012", "ResultDesc": "Rejected"}
