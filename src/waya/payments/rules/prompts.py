"""What may be asked of a phone, and what an answer means for the prompt."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

SENDING, SENT, PAID, FAILED, UNKNOWN = "sending", "sent", "paid", "failed", "unknown"
OPEN = (SENDING, SENT, UNKNOWN)


@dataclass(frozen=True, slots=True)
class Asked:
    """A prompt that a phone was sent before."""

    amount_minor: int
    made_at: datetime


def whole_shillings(amount_minor: int) -> int:
    """A sum as M-PESA can move it: whole shillings, rounded up, in minor units."""
    return -(-amount_minor // 100) * 100


def seconds_to_wait(
    before: Iterable[Asked],
    amount_minor: int,
    now: datetime,
    *,
    again_seconds: int,
    same_amount_seconds: int,
) -> int:
    """How long until the phone may be asked for this amount; 0 is now.

    Safaricom: a minute between pushes to one phone, two for the same amount.
    """
    waits = [0]
    for asked in before:
        same = asked.amount_minor == amount_minor
        free_at = asked.made_at + timedelta(seconds=same_amount_seconds if same else again_seconds)
        waits.append(-(-(free_at - now) // timedelta(seconds=1)))
    return max(waits)


def after_failure(state: str) -> str:
    """The state of a prompt that is told to have failed: money that arrived stays."""
    return PAID if state == PAID else FAILED
