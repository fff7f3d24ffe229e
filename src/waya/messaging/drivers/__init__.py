"""What a carrier of SMS promises: each message is accepted or refused, and none is guessed about.

A driver translates and never decides: whether to send, when, and what follows is the outbox's
matter. `reference` is ours and comes back untouched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Sms:
    """One text for one telephone (E.164)."""

    to: str
    body: str
    reference: str


@dataclass(frozen=True, slots=True)
class SmsResult:
    """What the carrier said of one message.

    `cost_text` is the carrier's own words, such as `KES 0.8000`. When not `accepted`, `reason`
    says why, and `retryable` whether the same message may pass later. It is never True when the
    message may have gone out already: people are not told twice.
    """

    reference: str
    accepted: bool
    provider_id: str = ""
    cost_text: str = ""
    reason: str = ""
    retryable: bool = False


class SmsDriver(Protocol):
    """A carrier of SMS."""

    def send(self, messages: Sequence[Sms]) -> list[SmsResult]:
        """Hand over messages; one result each, in their order. Never raises for the carrier."""
