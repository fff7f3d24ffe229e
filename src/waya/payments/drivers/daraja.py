"""Safaricom Daraja (M-Pesa in Kenya): read its notifications, and ask phones for money.

The readers are pure and tolerant: Daraja sends numbers as numbers or as text, leaves out values
and empties names. They never use floats. The client speaks Daraja's HTTP and shares one token per
application, since each new token kills the last. Source: the Daraja 3.0 portal's pages.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from threading import Lock
from typing import Any, Final
from zoneinfo import ZoneInfo

import httpx

from waya.kernel import clock, money
from waya.payments.drivers import (
    DriverError,
    Enquiry,
    Malformed,
    Outcome,
    Prompt,
    PromptSent,
    PromptState,
    Received,
    Token,
    TokenStore,
    Uncertain,
)

CURRENCY: Final = "KES"
NAIROBI: Final = ZoneInfo("Africa/Nairobi")
PRODUCTION: Final = "https://api.safaricom.co.ke"
SANDBOX: Final = "https://sandbox.safaricom.co.ke"
LIMIT_MINOR: Final = 250_000_00  # the most one transaction may move

# What to answer a validation that may go ahead, and what to answer everything else.
ACCEPTED: Final[Mapping[str, str | int]] = {"ResultCode": "0", "ResultDesc": "Accepted"}
RECEIVED: Final[Mapping[str, str | int]] = {"ResultCode": 0, "ResultDesc": "Accepted"}


class Rejection(StrEnum):
    """Why a validation says no; Daraja knows no others."""

    MSISDN = "C2B00011"
    ACCOUNT = "C2B00012"
    AMOUNT = "C2B00013"
    KYC = "C2B00014"
    SHORTCODE = "C2B00015"
    OTHER = "C2B00016"


def rejected(code: Rejection) -> Mapping[str, str | int]:
    """The answer to a validation that must not go ahead."""
    return {"ResultCode": code.value, "ResultDesc": "Rejected"}


_OUTCOMES: Final = {
    "0": Outcome.SUCCESS,
    **dict.fromkeys(("1", "2", "3", "4", "8", "1032", "2001", "8006"), Outcome.CUSTOMER),
    **dict.fromkeys(("17", "1001", "1019", "1025", "1037", "9999"), Outcome.RETRY),
    **dict.fromkeys(("2028", "SFC_IC0003"), Outcome.CONFIG),
    **dict.fromkeys(("4999", "-1"), Outcome.PENDING),
}
_STILL = ("being processed", "under processing")


def outcome(code: str, text: str = "") -> Outcome:
    """What a prompt's result code means; a code nobody knows is never final.

    RETRY includes 1037, which is no proof that nothing was paid: query before a new prompt.
    """
    known = _OUTCOMES.get(code.strip(), Outcome.UNKNOWN)
    if known is not Outcome.SUCCESS and any(words in text.lower() for words in _STILL):
        return Outcome.PENDING
    return known


# ---- reading ------------------------------------------------------------------------------


def parse_stk_callback(raw: bytes) -> Received:
    """Read the outcome of a prompt; raises Malformed.

    The key holds the result too: a late success after a time-out is another message. There is
    no account and no paybill in it, only the prompt's key.
    """
    body = _mapping(_mapping(_load(raw).get("Body")).get("stkCallback"))
    prompt_key, code = _text(body.get("CheckoutRequestID")), _text(body.get("ResultCode"))
    if not prompt_key or not code:
        raise Malformed("no CheckoutRequestID or no ResultCode")
    items = _items(body.get("CallbackMetadata"))
    receipt = _receipt(items.get("MpesaReceiptNumber"))
    amount = items.get("Amount")
    return Received(
        kind="stk",
        event_key=f"{prompt_key}:{code}:{receipt}",
        transaction=receipt or None,
        prompt_key=prompt_key,
        account_typed="",
        amount_minor=None if amount is None else _amount_minor(amount),
        currency=CURRENCY,
        payer=_text(items.get("PhoneNumber")),
        payer_name="",
        paid_at=_moment(items.get("TransactionDate")),
        result_code=code,
        result_text=_text(body.get("ResultDesc")),
        succeeded=outcome(code) is Outcome.SUCCESS,
    )


def parse_confirmation(raw: bytes) -> Received:
    """Read money that has arrived at a paybill or till; raises Malformed."""
    enquiry, sent = _read_c2b(raw)
    return Received(
        kind="confirmation",
        event_key=enquiry.transaction,
        transaction=enquiry.transaction,
        prompt_key=None,
        account_typed=enquiry.account_typed,
        amount_minor=enquiry.amount_minor,
        currency=CURRENCY,
        payer=enquiry.payer,
        payer_name=enquiry.payer_name,
        paid_at=_moment(sent.get("TransTime")),
        result_code="0",
        result_text=_text(sent.get("TransactionType")),
        succeeded=True,
        merchant_number=enquiry.merchant_number,
    )


def parse_validation(raw: bytes) -> Enquiry:
    """Read the question whether a payment may go ahead; raises Malformed."""
    return _read_c2b(raw)[0]


def _read_c2b(raw: bytes) -> tuple[Enquiry, Mapping[str, Any]]:
    sent = _load(raw)
    receipt = _receipt(sent.get("TransID"))
    if not receipt:
        raise Malformed("no TransID")
    names = [_text(sent.get(part)) for part in ("FirstName", "MiddleName", "LastName")]
    enquiry = Enquiry(
        transaction=receipt,
        account_typed=_text(sent.get("BillRefNumber")),
        amount_minor=_amount_minor(sent.get("TransAmount")),
        currency=CURRENCY,
        payer=_text(sent.get("MSISDN")),
        payer_name=" ".join(name for name in names if name),
        merchant_number=_text(sent.get("BusinessShortCode")) or None,
    )
    return enquiry, sent


def _load(raw: bytes) -> Mapping[str, Any]:
    try:
        return _mapping(json.loads(raw, parse_float=str, parse_constant=str))
    except (ValueError, RecursionError) as error:
        raise Malformed(f"not JSON that can be read: {error}") from error


def _mapping(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Malformed("an object is missing or is something else")
    return value


def _items(metadata: object) -> Mapping[str, Any]:
    """Named values of a callback; a list or a single object, and entries may lack a value."""
    listed = metadata.get("Item") if isinstance(metadata, dict) else None
    entries = [listed] if isinstance(listed, dict) else listed if isinstance(listed, list) else []
    found: dict[str, Any] = {}
    for entry in entries:
        if isinstance(entry, dict) and entry.get("Value") is not None:
            found.setdefault(_text(entry.get("Name")), entry["Value"])
    return found


def _text(value: object) -> str:
    """A value as a line of text that any database takes; nothing becomes the empty text."""
    if value is None or isinstance(value, bool | dict | list):
        return ""
    kept = "".join(letter if letter.isprintable() else " " for letter in str(value))
    return re.sub(r"^(\d+)\.0+$", r"\1", " ".join(kept.split()))


def _receipt(value: object) -> str:
    return "".join(_text(value).upper().split())


_AMOUNT = re.compile(r"\d{1,12}(,\d{3})*(\.\d{1,20})?([eE]\+?\d{1,2})?", re.ASCII)


def _amount_minor(value: object) -> int:
    written = str(value).strip()
    if isinstance(value, bool) or not _AMOUNT.fullmatch(written):
        raise Malformed(f"not an amount: {written[:40]!r}")
    try:
        minor = money.parse(written, CURRENCY).minor
    except ValueError as error:
        raise Malformed(str(error)) from error
    if not 0 < minor < 10**15:
        raise Malformed(f"not an amount that can be paid: {written!r}")
    return minor


def _moment(value: object) -> datetime | None:
    """`20261121093000` in Nairobi; None when it is missing or no such moment."""
    try:
        return datetime.strptime(_text(value), "%Y%m%d%H%M%S").replace(tzinfo=NAIROBI)
    except ValueError:
        return None


# ---- asking -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Credentials:
    """One application and one merchant account. With a `till`, `shortcode` is its head office."""

    consumer_key: str = field(repr=False)
    consumer_secret: str = field(repr=False)
    passkey: str = field(repr=False)
    shortcode: str
    till: str = ""


_BAD_TOKEN = frozenset({"400.003.01", "404.001.03", "401.002.01"})
_BUSY_CODES = frozenset({"500.003.02", "500.003.03"})
_BUSY_WORDS = ("unable to lock subscriber", "system is busy", "spike arrest")
_WRONG_WORDS = ("merchant does not exist", "wrong credentials", "already registered", "duplicate")
# Safaricom refuses addresses that hold any of these, in any case.
_BANNED_IN_URL = ("mpesa", "m-pesa", "safaricom", "exe", "exec", "cmd", "sql", "query")


class Daraja:
    """A client for one merchant account; safe to share between threads."""

    name = "daraja"

    def __init__(
        self,
        credentials: Credentials,
        base_url: str,
        token_store: TokenStore,
        *,
        timeout_seconds: int = 20,
    ) -> None:
        self._credentials = credentials
        self._tokens = token_store
        self._http = httpx.Client(base_url=base_url, timeout=timeout_seconds)
        self._fetching = Lock()

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def token(self) -> str:
        """The shared token; a new one is fetched at 80 % of its life. Raises DriverError."""
        return self._token_other_than("")

    def push(self, prompt: Prompt) -> PromptSent:
        """Ask a telephone for money, in whole shillings.

        Raises DriverError when it was surely not sent. Raises Uncertain when the answer was
        lost: then a phone may be ringing, and only reconciling tells.
        """
        request = self._prompt_request(prompt)
        answer = _answer(self._post("/mpesa/stkpush/v1/processrequest", request))
        code = _text(answer.get("ResponseCode"))
        if code != "0":
            raise DriverError(code, _text(answer.get("ResponseDescription")), retryable=False)
        prompt_key = _text(answer.get("CheckoutRequestID"))
        if not prompt_key:
            raise Uncertain("accepted, but the answer names no CheckoutRequestID")
        return PromptSent(prompt_key, _text(answer.get("MerchantRequestID")))

    def query(self, prompt_key: str) -> PromptState:
        """Ask what became of a prompt; a success names no receipt. Raises DriverError."""
        request = {**self._signature(), "CheckoutRequestID": prompt_key}
        try:
            response = self._post("/mpesa/stkpushquery/v1/query", request)
            answer = _answer(response)
        except Uncertain as error:
            raise DriverError("unreachable", str(error), retryable=True) from error
        except DriverError as error:
            # Until the person has answered, Daraja answers this error and means "wait".
            if outcome(error.code, error.text) is not Outcome.PENDING:
                raise
            return PromptState(prompt_key, Outcome.PENDING, error.code, error.text)
        code, text = _text(answer.get("ResultCode")), _text(answer.get("ResultDesc"))
        verdict = outcome(code, text) if code else Outcome.PENDING
        return PromptState(prompt_key, verdict, code, text)

    def register_urls(
        self, *, confirmation_url: str, validation_url: str, response_type: str = "Completed"
    ) -> None:
        """Name the addresses for paybill notifications; in production this works once.

        `Completed` lets money through when our validation is silent, and is what we want:
        money is never refused. Raises DriverError.
        """
        if response_type not in ("Completed", "Cancelled"):
            raise DriverError("bad_field", "ResponseType", retryable=False)
        _check_url(confirmation_url)
        _check_url(validation_url)
        request = {
            "ShortCode": self._credentials.shortcode,
            "ResponseType": response_type,
            "ConfirmationURL": confirmation_url,
            "ValidationURL": validation_url,
        }
        try:
            answer = _answer(self._post("/mpesa/c2b/v2/registerurl", request))
        except Uncertain as error:  # asking again costs nothing
            raise DriverError("unreachable", str(error), retryable=True) from error
        code = _text(answer.get("ResponseCode"))
        if code.strip("0"):
            raise DriverError(code, _text(answer.get("ResponseDescription")), retryable=False)

    def _prompt_request(self, prompt: Prompt) -> dict[str, str]:
        """The request's fields, each checked against Daraja's limits before anything is sent."""
        phone = prompt.phone.removeprefix("+")
        whole, cents = divmod(prompt.amount_minor, 100)
        _check("PhoneNumber", re.fullmatch(r"254[17]\d{8}", phone, re.ASCII))
        _check("Amount", cents == 0 and 0 < prompt.amount_minor <= LIMIT_MINOR)
        _check("AccountReference", 1 <= len(prompt.account) <= 12)
        _check("TransactionDesc", len(prompt.description) <= 13)
        _check_url(prompt.callback_url)
        till = self._credentials.till
        return {
            **self._signature(),
            "TransactionType": "CustomerBuyGoodsOnline" if till else "CustomerPayBillOnline",
            "Amount": str(whole),
            "PartyA": phone,
            "PartyB": till or self._credentials.shortcode,
            "PhoneNumber": phone,
            "CallBackURL": prompt.callback_url,
            "AccountReference": prompt.account,
            "TransactionDesc": prompt.description,
        }

    def _signature(self) -> dict[str, str]:
        timestamp = clock.real_now().astimezone(NAIROBI).strftime("%Y%m%d%H%M%S")
        shortcode = self._credentials.shortcode
        secret = f"{shortcode}{self._credentials.passkey}{timestamp}"
        password = b64encode(secret.encode()).decode()
        return {"BusinessShortCode": shortcode, "Password": password, "Timestamp": timestamp}

    def _post(self, path: str, body: Mapping[str, str]) -> httpx.Response:
        """Send with the shared token; a token that was killed is replaced once."""
        token = self.token()
        response = self._send(path, body, token)
        if _token_refused(response):
            response = self._send(path, body, self._token_other_than(token))
        return response

    def _send(self, path: str, body: Mapping[str, str], token: str) -> httpx.Response:
        try:
            return self._http.post(path, json=body, headers={"Authorization": f"Bearer {token}"})
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise DriverError("unreachable", str(error), retryable=True) from error
        except httpx.HTTPError as error:
            raise Uncertain(f"sent, and then: {error or type(error).__name__}") from error

    def _token_other_than(self, refused: str) -> str:
        """A token that is fresh and not this one.

        The store is looked at first: whoever renewed it meanwhile must not be undone, because
        a third token would kill theirs.
        """
        with self._fetching:
            kept = self._tokens.get()
            if kept is not None and kept.value != refused and _fresh(kept):
                return kept.value
            token = self._fetch_token()
            self._tokens.put(token)
            return token.value

    def _fetch_token(self) -> Token:
        credentials = self._credentials
        try:
            response = self._http.get(
                "/oauth/v1/generate",
                params={"grant_type": "client_credentials"},
                auth=(credentials.consumer_key, credentials.consumer_secret),
            )
        except httpx.HTTPError as error:
            raise DriverError("unreachable", str(error), retryable=True) from error
        if response.status_code != 200:
            code, text = _envelope(response)
            raise DriverError(code, text, retryable=response.status_code >= 429)
        try:
            answer = _load(response.content)
            value, seconds = _text(answer.get("access_token")), int(_text(answer.get("expires_in")))
        except ValueError as error:
            raise DriverError("malformed", "token reply", retryable=True) from error
        now = clock.real_now()
        return Token(value, issued_at=now, expires_at=now + timedelta(seconds=seconds))


def _fresh(token: Token) -> bool:
    return clock.real_now() < token.issued_at + (token.expires_at - token.issued_at) * 4 / 5


def _check(name: str, passed: object) -> None:
    if not passed:
        raise DriverError("bad_field", name, retryable=False)


def _check_url(url: str) -> None:
    _check("address", not any(word in url.lower() for word in _BANNED_IN_URL))


def _token_refused(response: httpx.Response) -> bool:
    return response.status_code == 401 or _envelope(response)[0] in _BAD_TOKEN


def _envelope(response: httpx.Response) -> tuple[str, str]:
    """The error's code and text, or the HTTP status when there is no envelope."""
    try:
        sent = _load(response.content)
    except Malformed:
        sent = {}
    code = _text(sent.get("errorCode"))
    return code or str(response.status_code), _text(sent.get("errorMessage"))


def _answer(response: httpx.Response) -> Mapping[str, Any]:
    """The body of a good answer; a bad one raises by what it says, not by its code alone."""
    if response.status_code == 200:
        try:
            return _load(response.content)
        except Malformed as error:
            raise Uncertain("answered 200 with something unreadable") from error
    code, text = _envelope(response)
    words = text.lower()
    if code in _BUSY_CODES or response.status_code == 429 or _said(words, _BUSY_WORDS):
        raise DriverError(code, text, retryable=True)
    if response.status_code < 500 or _said(words, (*_WRONG_WORDS, *_STILL)):
        raise DriverError(code, text, retryable=False)
    raise Uncertain(f"{code}: {text}")


def _said(words: str, any_of: tuple[str, ...]) -> bool:
    return any(phrase in words for phrase in any_of)
