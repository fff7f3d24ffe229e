"""What the simulated Safaricom remembers: merchants, telephones, prompts, and money that moved."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

# First and last names of telephones that nobody introduced.
_FIRST = ("Amina", "Brian", "Chebet", "Daudi", "Esther", "Faraji", "Grace", "Hassan", "Imani")
_LAST = ("Korir", "Mwangi", "Otieno", "Wanjiru", "Kiptoo", "Njeri", "Odhiambo", "Mutua")


@dataclass(slots=True)
class Merchant:
    """A paybill, or a till (then `store` is its head office, which signs its prompts)."""

    shortcode: str
    name: str
    passkey: str
    store: str = ""
    balance: int = 0
    confirmation_url: str = ""
    validation_url: str = ""
    response_type: str = "Completed"

    @property
    def is_till(self) -> bool:
        """Whether it takes goods payments, without an account."""
        return bool(self.store)


@dataclass(slots=True)
class Application:
    """A Daraja app: its keys, and its one living token."""

    consumer_key: str
    consumer_secret: str
    token: str = ""
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A text in a telephone's inbox."""

    at: datetime
    sender: str
    text: str


@dataclass(slots=True)
class Phone:
    """A telephone with a wallet. `msisdn` is written `2547…`; `balance` is whole shillings."""

    msisdn: str
    name: str
    balance: int
    inbox: list[Message] = field(default_factory=list)
    paid: list[Settlement] = field(default_factory=list)


@dataclass(slots=True)
class Ringing:
    """A prompt; `result_code` is empty until it is decided."""

    prompt_key: str
    merchant_request: str
    shortcode: str  # of the merchant paid, the till's for a till
    msisdn: str
    amount: int
    account: str
    callback_url: str
    began_at: datetime
    mismatched: bool = False
    result_code: str = ""
    result_text: str = ""


@dataclass(slots=True)
class Settlement:
    """Money that has moved, once. `heard` counts notifications of it that were answered 200."""

    receipt: str
    shortcode: str
    account: str
    amount: int
    msisdn: str
    at: datetime
    origin: str  # "prompt" or "paybill"
    prompt_key: str = ""
    heard: int = 0

    def row(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "at": self.at.isoformat()}


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened on the wire, for the screen. `tone`: wait, ok, bad or nothing."""

    number: int
    at: datetime
    msisdn: str
    what: str
    detail: str = ""
    tone: str = ""


def name_for(msisdn: str) -> str:
    """A name for a telephone that nobody introduced; always the same one."""
    number = int(msisdn)
    return f"{_FIRST[number % len(_FIRST)]} {_LAST[number // 7 % len(_LAST)]}"
