"""The simulator's own addresses, `/_sim/*`: turn knobs, hold telephones, read the ledger."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import asdict
from itertools import islice
from typing import Any

from waya.lab.daraja.knobs import turned
from waya.lab.daraja.records import Application, Merchant, Phone, Ringing
from waya.lab.daraja.safaricom import SANDBOX_PASSKEY, NotPossible, Safaricom
from waya.lab.web import BadRequest, Request, Response, Routes, as_json

# What a person can do with a ringing telephone.
VERDICTS = {
    "approve": "0",
    "refuse": "1032",
    "ignore": "1037",
    "too_little": "1",
    "wrong_pin": "2001",
    "expire": "1019",
    "silence": "silence",
}

_PRESSED = {
    "0": ("Pressed Send on the phone", "with a PIN", "wait"),
    "1032": ("Pressed Cancel on the phone", "", "wait"),
    "1037": ("Let it ring out", "", "wait"),
    "1": ("Pressed Send on the phone", "with too little money", "wait"),
    "2001": ("Pressed Send on the phone", "with a wrong PIN", "wait"),
    "1019": ("Answered too late", "", "wait"),
    "silence": ("Switched the phone off", "", "wait"),
}


class Control:
    """The control addresses of one simulated Safaricom."""

    def __init__(self, safaricom: Safaricom) -> None:
        self._safaricom = safaricom

    def routes(self) -> Routes:
        """Method and path of each address."""
        return {
            ("GET", "/_sim/knobs"): self.knobs,
            ("POST", "/_sim/set"): self.set,
            ("POST", "/_sim/merchant"): self.merchant,
            ("POST", "/_sim/application"): self.application,
            ("GET", "/_sim/phones"): self.phones,
            ("POST", "/_sim/phones"): self.introduce,
            ("GET", "/_sim/phone"): self.phone,
            ("POST", "/_sim/answer"): self.answer,
            ("POST", "/_sim/pay"): self.pay,
            ("GET", "/_sim/ledger"): self.ledger,
            ("GET", "/_sim/events"): self.events,
            ("GET", "/_sim/idle"): self.idle,
        }

    async def knobs(self, request: Request) -> Response:
        """How every knob stands."""
        return as_json(asdict(self._safaricom.knobs))

    async def set(self, request: Request) -> Response:
        """Turn some knobs; nothing is turned when one does not fit."""
        try:
            self._safaricom.turn(request.json())
        except ValueError as error:
            raise BadRequest(str(error)) from error
        return await self.knobs(request)

    async def merchant(self, request: Request) -> Response:
        """Open a paybill or till: shortcode, name, passkey, and a till's store."""
        sent = request.json()
        shortcode, name = str(sent.get("shortcode", "")), str(sent.get("name", ""))
        passkey, store = str(sent.get("passkey", SANDBOX_PASSKEY)), str(sent.get("store", ""))
        if not shortcode.isdigit() or not name:
            raise BadRequest("a merchant has a shortcode of digits, and a name")
        self._safaricom.add_merchant(Merchant(shortcode, name, passkey, store))
        return as_json({"shortcode": shortcode})

    async def application(self, request: Request) -> Response:
        """Let an application in: consumer_key and consumer_secret."""
        sent = request.json()
        key, secret = str(sent.get("consumer_key", "")), str(sent.get("consumer_secret", ""))
        if not key or not secret:
            raise BadRequest("an application has a consumer_key and a consumer_secret")
        self._safaricom.applications[key] = Application(key, secret)
        return as_json({"consumer_key": key})

    async def phones(self, request: Request) -> Response:
        """Telephones, those that ring first, then those something happened to last."""
        return as_json(phone_list(self._safaricom, request.query.get("find", "")))

    async def introduce(self, request: Request) -> Response:
        """Name telephones and fill their wallets: a list of msisdn, name, balance."""
        listed = request.json().get("phones")
        if not isinstance(listed, list):
            raise BadRequest("a list of phones is wanted")
        for entry in listed:
            phone = self._safaricom.phone(_msisdn(entry))
            phone.name = str(entry.get("name") or phone.name)
            phone.balance = _whole(entry.get("balance", phone.balance))
        return as_json({"phones": len(listed)})

    async def phone(self, request: Request) -> Response:
        """One telephone: balance, prompt and messages."""
        return as_json(phone_state(self._safaricom, _msisdn(request.query)))

    async def answer(self, request: Request) -> Response:
        """Answer what a telephone shows: approve, refuse, ignore, too_little, wrong_pin, …

        The callback is on its way when this returns; `lose_callback` loses it.
        """
        sent = request.json()
        await answer_prompt(self._safaricom, sent)
        return as_json({"answered": True})

    async def pay(self, request: Request) -> Response:
        """Pay a paybill; returns when the confirmation was answered. `knobs` holds for it alone."""
        sent = request.json()
        return as_json(await pay_by_hand(self._safaricom, sent))

    async def ledger(self, request: Request) -> Response:
        """Everything that was settled, and its sum in whole shillings."""
        wanted = request.query.get("shortcode")
        rows = [s for s in self._safaricom.ledger if wanted in (None, s.shortcode)]
        total = sum(settled.amount for settled in rows)
        listed = [settled.row() for settled in rows]
        return as_json({"count": len(rows), "total": total, "rows": listed})

    async def events(self, request: Request) -> Response:
        """What happened lately, oldest first."""
        return as_json(event_list(self._safaricom, request.query.get("msisdn", "")))

    async def idle(self, request: Request) -> Response:
        """Answers once nothing is under way; `seconds` is how long to wait, 10 if not said."""
        deadline = _whole(request.query.get("seconds", "10"))
        try:
            async with asyncio.timeout(deadline):
                await self._safaricom.outgoing.quiet()
        except TimeoutError:
            return as_json({"idle": False}, 504)
        return as_json({"idle": True})


async def answer_prompt(safaricom: Safaricom, sent: Mapping[str, Any]) -> None:
    """Answer what a telephone shows. Raises BadRequest when nothing rings."""
    prompt = safaricom.ringing(_msisdn(sent))
    verdict = VERDICTS.get(str(sent.get("verdict")))
    if prompt is None:
        raise BadRequest("this telephone does not ring")
    if verdict is None:
        raise BadRequest(f"a verdict is one of {', '.join(VERDICTS)}")
    lose = sent.get("lose_callback") is True
    safaricom.note(prompt.msisdn, *_PRESSED[verdict])
    safaricom.outgoing.later(safaricom.answer(prompt, verdict, lose_callback=lose))
    await asyncio.sleep(0)


async def pay_by_hand(safaricom: Safaricom, sent: Mapping[str, Any]) -> dict[str, Any]:
    """Pay a paybill from a telephone. Raises BadRequest for what cannot be paid."""
    changes = sent.get("knobs", {})
    try:
        knobs = turned(safaricom.knobs, changes) if changes else None
        return await safaricom.pay(
            msisdn=_msisdn(sent),
            shortcode=str(sent.get("shortcode", "")),
            account=str(sent.get("account", "")).strip(),
            amount=_whole(sent.get("amount")),
            knobs=knobs,
        )
    except (NotPossible, ValueError) as error:
        raise BadRequest(str(error)) from error


def phone_list(safaricom: Safaricom, find: str = "", limit: int = 60) -> list[dict[str, Any]]:
    """Telephones whose number or name holds the words; ringing first, then the latest touched."""
    words = find.casefold().replace(" ", "")
    digits = words.removeprefix("+").removeprefix("0")

    def fits(phone: Phone) -> bool:
        named = words in phone.name.casefold().replace(" ", "")
        return named or (digits.isdigit() and digits in phone.msisdn)

    found = islice(filter(fits, safaricom.latest()), limit)
    return [
        {
            "msisdn": phone.msisdn,
            "name": phone.name,
            "ringing": safaricom.ringing(phone.msisdn) is not None,
            "messages": len(phone.inbox),
        }
        for phone in found
    ]


def phone_state(safaricom: Safaricom, msisdn: str) -> dict[str, Any]:
    """One telephone, latest message first."""
    phone, prompt = safaricom.phone(msisdn), safaricom.ringing(msisdn)
    return {
        "msisdn": msisdn,
        "name": phone.name,
        "balance": phone.balance,
        "prompt": _prompt_state(safaricom, prompt) if prompt else None,
        "messages": [
            {"at": message.at.isoformat(), "sender": message.sender, "text": message.text}
            for message in reversed(phone.inbox)
        ],
    }


def event_list(safaricom: Safaricom, msisdn: str = "") -> list[dict[str, Any]]:
    """What happened lately, to one telephone or to all, oldest first."""
    return [
        {**asdict(event), "at": event.at.isoformat()}
        for event in safaricom.events
        if msisdn in ("", event.msisdn)
    ]


def _prompt_state(safaricom: Safaricom, prompt: Ringing) -> dict[str, Any]:
    return {
        "prompt_key": prompt.prompt_key,
        "merchant": safaricom.merchants[prompt.shortcode].name,
        "shortcode": prompt.shortcode,
        "account": prompt.account,
        "amount": prompt.amount,
        "began_at": prompt.began_at.isoformat(),
        "ring_seconds": safaricom.knobs.ring // 1000,
    }


def _msisdn(sent: Any) -> str:
    """`0712…`, `+254712…` and `254712…` as `254712…`."""
    typed = str(sent.get("msisdn", "")) if isinstance(sent, Mapping) else ""
    digits = "".join(letter for letter in typed if letter in "0123456789")
    msisdn = f"254{digits[1:]}" if len(digits) == 10 and digits[0] == "0" else digits
    if len(msisdn) != 12 or not msisdn.startswith("254"):
        raise BadRequest("a msisdn is 254 and nine digits")
    return msisdn


def _whole(value: object) -> int:
    try:
        return int(str(value))
    except ValueError as error:
        raise BadRequest("a whole number is wanted") from error
