"""Daraja's own addresses, answering and refusing as the real ones do."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from waya.kernel import clock
from waya.lab.daraja.outgoing import is_loopback
from waya.lab.daraja.records import Application, Ringing
from waya.lab.daraja.safaricom import NotPossible, Safaricom
from waya.lab.web import BadRequest, Hangup, Request, Response, Routes, as_json

_BANNED_IN_URL = ("mpesa", "m-pesa", "safaricom", "exe", "exec", "cmd", "sql", "query")
_LOCKED = (
    "Unable to lock subscriber, a transaction is already in process for the current subscriber"
)


class Fault(Exception):
    """An answer in Daraja's error envelope; the status is the code's first part."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text

    def response(self) -> Response:
        """The envelope."""
        envelope = {
            "requestId": str(uuid4()),
            "errorCode": self.code,
            "errorMessage": self.text,
        }
        return as_json(envelope, int(self.code[:3]))


class Daraja:
    """The addresses of one simulated Safaricom."""

    def __init__(self, safaricom: Safaricom) -> None:
        self._safaricom = safaricom

    def routes(self) -> Routes:
        """Method and path of each address."""
        return {
            ("GET", "/oauth/v1/generate"): self._faulty(self.token),
            ("POST", "/mpesa/stkpush/v1/processrequest"): self._faulty(self.push),
            ("POST", "/mpesa/stkpushquery/v1/query"): self._faulty(self.query),
            ("POST", "/mpesa/c2b/v1/registerurl"): self._faulty(self.register),
            ("POST", "/mpesa/c2b/v2/registerurl"): self._faulty(self.register),
            ("POST", "/mpesa/c2b/v1/simulate"): self._faulty(self.simulate),
            ("POST", "/mpesa/c2b/v2/simulate"): self._faulty(self.simulate),
        }

    async def token(self, request: Request) -> Response:
        """A new token; the application's last one is dead from here on."""
        if request.query.get("grant_type") != "client_credentials":
            raise Fault("400.008.02", "Invalid grant type passed")
        application = self._application(request.headers.get("authorization", ""))
        seconds = self._safaricom.knobs.token_seconds
        application.token = uuid4().hex[:28]
        application.expires_at = clock.real_now() + timedelta(seconds=seconds)
        return as_json({"access_token": application.token, "expires_in": str(seconds)})

    async def push(self, request: Request) -> Response:
        """Take a prompt, and ring the telephone."""
        sent = self._body(request)
        safaricom = self._safaricom
        if safaricom.knobs.spike_arrest:
            raise Fault("500.003.02", "Error Occurred: Spike Arrest Violation")
        self._check_signature(sent)
        prompt = self._prompt(sent)
        await safaricom.ring(prompt)
        if safaricom.knobs.push_answer_lost:
            raise Hangup
        return as_json(
            {
                "MerchantRequestID": prompt.merchant_request,
                "CheckoutRequestID": prompt.prompt_key,
                "ResponseCode": "0",
                "ResponseDescription": "Success. Request accepted for processing",
                "CustomerMessage": "Success. Request accepted for processing",
            }
        )

    async def query(self, request: Request) -> Response:
        """What became of a prompt: an error while nobody has answered, as in the field."""
        sent = self._body(request)
        self._check_signature(sent)
        prompt = self._safaricom.prompts.get(str(sent.get("CheckoutRequestID")))
        if prompt is None:
            raise _bad("CheckoutRequestID")
        code, text = prompt.result_code, prompt.result_text
        if not code:
            if self._safaricom.knobs.query_fails_while_pending:
                raise Fault("500.001.1001", "The transaction is being processed")
            code, text = "4999", "The transaction is still under processing"
        return as_json(
            {
                "ResponseCode": "0",
                "ResponseDescription": "The service request has been accepted successsfully",
                "MerchantRequestID": prompt.merchant_request,
                "CheckoutRequestID": prompt.prompt_key,
                "ResultCode": code,
                "ResultDesc": text,
            }
        )

    async def register(self, request: Request) -> Response:
        """Where a paybill's notifications go."""
        sent = self._body(request)
        merchant = self._safaricom.merchants.get(str(sent.get("ShortCode")))
        if merchant is None:
            raise _bad("ShortCode")
        if sent.get("ResponseType") not in ("Completed", "Cancelled"):
            raise _bad("ResponseType")
        addresses = [str(sent.get(name, "")) for name in ("ConfirmationURL", "ValidationURL")]
        for address in addresses:
            _check_address(address)
        if self._safaricom.knobs.register_once and merchant.confirmation_url:
            raise Fault("500.003.1001", "URLs are already registered")
        merchant.confirmation_url, merchant.validation_url = addresses
        merchant.response_type = str(sent["ResponseType"])
        return as_json(_acknowledged("Success"))

    async def simulate(self, request: Request) -> Response:
        """The sandbox's way to pay a paybill; the notifications follow."""
        sent = self._body(request)
        safaricom = self._safaricom
        msisdn, amount = str(sent.get("Msisdn")), str(sent.get("Amount"))
        _check("Msisdn", re.fullmatch(r"254\d{9}", msisdn))
        _check("Amount", re.fullmatch(r"[1-9]\d{0,5}", amount))
        _check("ShortCode", str(sent.get("ShortCode")) in safaricom.merchants)
        payment = safaricom.pay(
            msisdn=msisdn,
            shortcode=str(sent["ShortCode"]),
            account=str(sent.get("BillRefNumber") or ""),
            amount=int(amount),
        )
        safaricom.outgoing.later(_quietly(payment))
        return as_json(_acknowledged("Accept the service request successfully."))

    def _faulty(
        self, address: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def answered(request: Request) -> Response:
            try:
                return await address(request)
            except Fault as fault:
                return fault.response()

        return answered

    def _application(self, header: str) -> Application:
        try:
            kind, encoded = header.split(" ", 1)
            key, secret = b64decode(encoded, validate=True).decode().split(":", 1)
        except (ValueError, binascii.Error) as error:
            raise Fault("400.008.01", "Invalid Authentication passed") from error
        application = self._safaricom.applications.get(key)
        if kind != "Basic" or application is None or application.consumer_secret != secret:
            raise Fault("400.008.01", "Invalid Authentication passed")
        return application

    def _body(self, request: Request) -> dict[str, Any]:
        """The JSON that came with a living token."""
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind != "Bearer" or not token:
            raise Fault("404.001.04", "Invalid Authentication Header")
        now = clock.real_now()
        if not any(
            application.token == token and application.expires_at and now < application.expires_at
            for application in self._safaricom.applications.values()
        ):
            raise Fault("404.001.03", "Invalid Access Token")
        if not request.headers.get("content-type", "").startswith("application/json"):
            raise _bad("BusinessShortCode")
        try:
            return request.json()
        except BadRequest as error:
            raise Fault("400.002.05", "Invalid Request Payload") from error

    def _check_signature(self, sent: Mapping[str, Any]) -> None:
        """Whether a merchant's passkey signed this; a till signs by its head office."""
        shortcode, stamp = str(sent.get("BusinessShortCode")), str(sent.get("Timestamp"))
        merchants = self._safaricom.merchants.values()
        merchant = next((m for m in merchants if shortcode in (m.shortcode, m.store)), None)
        if merchant is None:
            raise Fault("500.001.1001", "Merchant does not exist")
        try:
            datetime.strptime(stamp, "%Y%m%d%H%M%S")  # noqa: DTZ007, as it carries no zone
            password = b64decode(str(sent.get("Password")), validate=True).decode()
        except (ValueError, binascii.Error) as error:
            raise _bad("Timestamp or Password") from error
        if password != shortcode + merchant.passkey + stamp:
            raise Fault("500.001.1001", "Wrong credentials")

    def _prompt(self, sent: Mapping[str, Any]) -> Ringing:
        """The prompt that is asked for, every field checked."""
        kind, amount = str(sent.get("TransactionType")), str(sent.get("Amount"))
        msisdn, account = str(sent.get("PhoneNumber")), str(sent.get("AccountReference", ""))
        paid = self._safaricom.merchants.get(str(sent.get("PartyB")))
        signer = str(sent.get("BusinessShortCode"))
        _check("TransactionType", kind in ("CustomerPayBillOnline", "CustomerBuyGoodsOnline"))
        _check("Amount", re.fullmatch(r"[1-9]\d*", amount) and int(amount) <= 250_000)
        _check("PhoneNumber", re.fullmatch(r"254[17]\d{8}", msisdn))
        _check("PartyA", str(sent.get("PartyA")) == msisdn)
        _check("AccountReference", 1 <= len(account) <= 12)
        _check("TransactionDesc", len(str(sent.get("TransactionDesc") or "")) <= 13)
        _check("PartyB", paid)
        _check_address(str(sent.get("CallBackURL")))
        if self._safaricom.ringing(msisdn):
            raise Fault("500.001.1001", _LOCKED)
        assert paid is not None
        wanted = "CustomerBuyGoodsOnline" if paid.is_till else "CustomerPayBillOnline"
        prompt_key, merchant_request = self._safaricom.new_prompt_key()
        return Ringing(
            prompt_key=prompt_key,
            merchant_request=merchant_request,
            shortcode=paid.shortcode,
            msisdn=msisdn,
            amount=int(amount),
            account=account,
            callback_url=str(sent["CallBackURL"]),
            began_at=clock.real_now(),
            mismatched=kind != wanted or signer != (paid.store or paid.shortcode),
        )


def _bad(name: str) -> Fault:
    return Fault("400.002.02", f"Bad Request - Invalid {name}")


def _check(name: str, passed: object) -> None:
    if not passed:
        raise _bad(name)


def _check_address(url: str) -> None:
    """Loopback only, because this is a lab; and Safaricom's own list of forbidden words."""
    named = any(word in url.lower() for word in _BANNED_IN_URL)
    _check("CallBackURL", is_loopback(url) and not named)


def _acknowledged(text: str) -> dict[str, str]:
    # The real answers really spell it so.
    return {
        "OriginatorCoversationID": str(uuid4()),
        "ResponseCode": "0",
        "ResponseDescription": text,
    }


async def _quietly(payment: Awaitable[object]) -> None:
    with suppress(NotPossible):
        await payment
