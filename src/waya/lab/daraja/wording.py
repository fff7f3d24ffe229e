"""How Safaricom writes its notifications, with the differences that its merchants meet."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from waya.lab.daraja.knobs import Knobs
from waya.lab.daraja.records import Merchant, Phone, Ringing, Settlement

RESULTS = {
    "0": "The service request is processed successfully.",
    "1": "The balance is insufficient for the transaction.",
    "17": "Rule limited.",
    "1001": "Unable to lock subscriber, a transaction is already in process for the current "
    "subscriber",
    "1019": "Transaction has expired",
    "1025": "An error occurred while sending a push request",
    "1032": "Request cancelled by user",
    "1037": "DS timeout user cannot be reached",
    "2001": "The initiator information is invalid.",
    "2028": "The request is not permitted according to product assignment",
    "8006": "The security credential is locked.",
    "9999": "An error occurred while sending a push request",
}


def stamp(at: datetime) -> str:
    """`20261121093000`."""
    return at.strftime("%Y%m%d%H%M%S")


def code(value: str, knobs: Knobs) -> int | str:
    """A result code as a number where it is one, or always as text."""
    return int(value) if knobs.codes_as == "number" and value.isdecimal() else value


def callback(prompt: Ringing, settled: Settlement | None, knobs: Knobs) -> Mapping[str, Any]:
    """What a prompt came to."""
    body: dict[str, Any] = {
        "MerchantRequestID": prompt.merchant_request,
        "CheckoutRequestID": prompt.prompt_key,
        "ResultCode": code(prompt.result_code, knobs),
        "ResultDesc": prompt.result_text,
    }
    if settled is not None:
        values: dict[str, Any] = {
            "Amount": _amount(settled.amount, knobs, documented="fraction"),
            "MpesaReceiptNumber": settled.receipt,
            "Balance": "0.00",
            "TransactionDate": int(stamp(settled.at)),
            "PhoneNumber": int(settled.msisdn),
        }
        body["CallbackMetadata"] = {
            "Item": [
                {"Name": name} if name in knobs.missing_values else {"Name": name, "Value": value}
                for name, value in values.items()
            ]
        }
    return {"Body": {"stkCallback": body}}


def confirmation(
    settled: Settlement, merchant: Merchant, phone: Phone, knobs: Knobs, *, third_party: str = ""
) -> dict[str, Any]:
    """Money that has arrived; the same shape, without a balance, asks for validation."""
    first, *others = phone.name.upper().split() or [""]
    return {
        "TransactionType": "Buy Goods" if merchant.is_till else "Pay Bill",
        "TransID": settled.receipt,
        "TransTime": stamp(settled.at),
        "TransAmount": _amount(settled.amount, knobs, documented="decimal"),
        "BusinessShortCode": merchant.shortcode,
        "BillRefNumber": settled.account,
        "InvoiceNumber": "",
        "OrgAccountBalance": f"{merchant.balance}.00",
        "ThirdPartyTransID": third_party,
        "MSISDN": _msisdn(settled.msisdn, knobs),
        "FirstName": first,
        "MiddleName": " ".join(others[:-1]),
        "LastName": others[-1] if others else "",
    }


def to_payer(settled: Settlement, merchant: Merchant, phone: Phone) -> str:
    """The text that the payer's telephone shows."""
    account = f" for account {settled.account}" if settled.account else ""
    return (
        f"{settled.receipt} Confirmed. Ksh{settled.amount:,}.00 sent to {merchant.name}{account} "
        f"on {settled.at:%d/%m/%y at %H:%M}. New M-PESA balance is Ksh{phone.balance:,}.00."
    )


def _msisdn(msisdn: str, knobs: Knobs) -> str:
    if knobs.msisdn_as == "hashed":
        return sha256(msisdn.encode()).hexdigest()
    return msisdn if knobs.msisdn_as == "clear" else f"{msisdn[:4]} ***** {msisdn[-3:]}"


def _amount(shillings: int, knobs: Knobs, *, documented: str) -> object:
    match documented if knobs.amount_as == "documented" else knobs.amount_as:
        case "fraction":
            return float(shillings)  # JSON's 5.0: how the real callback writes whole shillings
        case "number":
            return shillings
        case "plain":
            return str(shillings)
        case _:
            return f"{shillings}.00"
