"""How the simulated Safaricom misbehaves: every fault is a knob, and none is on by chance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

# What a telephone does by itself, by the last three digits of its number.
SUFFIXES = {
    "001": "0",
    "032": "1032",
    "037": "1037",
    "201": "2001",
    "101": "1",
    "019": "1019",
    "999": "silence",
}
_CHOICES = {
    "msisdn_as": ("masked", "hashed", "clear"),
    "codes_as": ("number", "text"),
    "amount_as": ("documented", "decimal", "plain", "number", "fraction"),
}


@dataclass(frozen=True, slots=True)
class Knobs:
    """One setting of everything; times are milliseconds, counts of -1 mean always."""

    # What telephones do: "suffix" as above and otherwise wait for a person, "person" always
    # waits, and a result code (or "silence") answers every prompt with it.
    answer: str = "suffix"
    answer_delay: int = 0
    ring: int = 60_000
    starting_balance: int = 50_000  # shillings in a telephone that nobody has seen before

    # What reaches the merchant, and how.
    callback_delay: int = 0
    duplicates: int = 0  # more copies of every notification
    duplicate_gap: int = 20  # 0: all copies at the same moment
    reorder: int = 0  # hold so many notifications and send them backwards
    reorder_hold: int = 300
    callback_before_ack: bool = False
    drop_callbacks: int = 0  # so many of the next prompt callbacks are lost
    drop_confirmations: int = 0
    late_success: int = 0  # so long after 1037 the money moves after all
    double_notification: bool = True  # a prompt to a paybill with addresses also confirms
    retries: int = 3  # when the answer is not 200
    retry_after: int = 1_000
    answer_timeout: int = 10_000

    # How it is written.
    msisdn_as: str = "masked"
    codes_as: str = "number"
    amount_as: str = "documented"
    missing_values: tuple[str, ...] = ("Balance",)

    # What the interface answers.
    token_seconds: int = 3599
    query_fails_while_pending: bool = True
    push_answer_lost: bool = False  # accepted, and the connection closed without a word
    spike_arrest: bool = False
    register_once: bool = False
    validation: bool = True
    validation_timeout: int = 8_000
    clock_ahead_seconds: int = 0

    # Africa's Talking.
    sms_status: int = 101  # 405: no balance, 403: bad number, …
    sms_http: int = 201


def turned(knobs: Knobs, changes: Mapping[str, Any]) -> Knobs:
    """The knobs with some turned; raises ValueError for one that does not exist or fit."""
    kinds = {field.name: type(getattr(knobs, field.name)) for field in fields(knobs)}
    fitting: dict[str, Any] = {}
    for name, value in changes.items():
        if name not in kinds:
            raise ValueError(f"there is no knob {name!r}")
        if kinds[name] is tuple and isinstance(value, list | tuple):
            value = tuple(str(part) for part in value)
        if type(value) is not kinds[name] or value not in _CHOICES.get(name, (value,)):
            raise ValueError(f"{value!r} does not fit the knob {name!r}")
        fitting[name] = value
    return replace(knobs, **fitting)
