"""What a payment provider's driver promises, and the words it translates into.

A driver translates and never decides: it reads a provider's message into `Received`, and asks the
provider for money by a prompt. It reads no model and books nothing. Times are aware, amounts are
whole minor units, and result codes are text, because providers mix numbers and words.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal, Protocol


class Outcome(StrEnum):
    """What a provider's result code means for a prompt, whichever provider it was."""

    SUCCESS = "success"
    CUSTOMER = "customer"  # the person refused, mistyped, or has too little money
    RETRY = "retry"  # nothing wrong with anybody; ask again after a minute or two
    CONFIG = "config"  # our settings are wrong: a person should look
    PENDING = "pending"  # not decided yet: keep asking
    UNKNOWN = "unknown"  # never final: keep the prompt open and reconcile


@dataclass(frozen=True, slots=True)
class Received:
    """One message of a provider, in our words.

    `event_key` is the natural key of the *message* and is equal for its repetitions.
    `transaction` names the *money* (the receipt), and is None while the provider has not said it:
    then there is nothing to book yet, even when `succeeded`. `prompt_key` joins a prompt's outcome
    to the prompt. `amount_minor` and `paid_at` (Africa/Nairobi for M-Pesa) are None when the
    message does not carry them. `payer` is a telephone, masked or hashed as the provider sent it.
    """

    kind: Literal["stk", "confirmation"]
    event_key: str
    transaction: str | None
    prompt_key: str | None
    account_typed: str
    amount_minor: int | None
    currency: str
    payer: str
    payer_name: str
    paid_at: datetime | None
    result_code: str
    result_text: str
    succeeded: bool
    merchant_number: str | None = None  # the paybill or till it was paid to, if it says


@dataclass(frozen=True, slots=True)
class Enquiry:
    """A provider asks, before it takes the money, whether it may. Nothing is paid yet."""

    transaction: str
    account_typed: str
    amount_minor: int
    currency: str
    payer: str
    payer_name: str
    merchant_number: str | None


@dataclass(frozen=True, slots=True)
class Prompt:
    """A wish to ask a telephone (E.164) for money; `account` is what the payer is shown."""

    phone: str
    amount_minor: int
    account: str
    callback_url: str
    description: str = "Internet"


@dataclass(frozen=True, slots=True)
class PromptSent:
    """The provider took the prompt. It is not paid: only a callback or a query tells."""

    prompt_key: str
    merchant_request: str


@dataclass(frozen=True, slots=True)
class PromptState:
    """What the provider says of a prompt when asked. It names no receipt and no amount."""

    prompt_key: str
    outcome: Outcome
    result_code: str
    result_text: str


@dataclass(frozen=True, slots=True)
class Token:
    """An access token and the real moments between which it serves."""

    value: str = field(repr=False)
    issued_at: datetime
    expires_at: datetime


class TokenStore(Protocol):
    """Where one application's token is shared by all processes, because a new one kills the old."""

    def get(self) -> Token | None:
        """The token last put, if any."""

    def put(self, token: Token) -> None:
        """Keep this token in place of the last."""


class PaymentDriver(Protocol):
    """A provider that can be asked for money by a prompt."""

    def push(self, prompt: Prompt) -> PromptSent:
        """Send a prompt. Raises DriverError if it was surely not sent, Uncertain if it may be."""

    def query(self, prompt_key: str) -> PromptState:
        """Ask what became of a prompt."""

    def register_urls(self, *, confirmation_url: str, validation_url: str) -> None:
        """Tell the provider where to send its notifications."""


class DriverError(Exception):
    """The provider said no, or was not reached: nothing was sent that could cost money.

    `code` is the provider's, or ours for what was found before sending (`bad_field`,
    `unreachable`). `retryable` says that the same request may succeed later.
    """

    def __init__(self, code: str, text: str, *, retryable: bool) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text
        self.retryable = retryable


class Uncertain(Exception):
    """It was sent and the answer is not known: reconcile, and never send it again blindly."""


class Malformed(ValueError):
    """The provider's message cannot be read; keep it, answer it, and let a person look."""
