"""Business choices of payments, and of the brake before anybody is cut off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class PaymentPolicy:
    """How long we wait for providers, and how often a phone may ring.

    A callback waits `join_minutes` for its prompt to become known. A phone is asked again
    after `prompt_again_seconds`, for the same amount after `prompt_same_amount_seconds`
    (what M-PESA itself allows). With `validation_rejects_unknown` a wrong account number is
    refused while it is typed; without, the money is taken and stands in suspense.
    """

    policy_name: ClassVar[str] = "payments.payments"

    join_minutes: int = 10
    prompt_again_seconds: int = 60
    prompt_same_amount_seconds: int = 120
    validation_rejects_unknown: bool = False
    tell_refused_prompts: bool = True


@dataclass(frozen=True, slots=True)
class BrakePolicy:
    """When a cut-off waits: for money that may be in flight, and for a person.

    More than `customers` and more than `percent` of a router's customers in one night waits
    for a person, and so does a night of more than `night` in all. A prompt counts as money in
    flight for `prompt_minutes`, one that the provider says is paid for `paid_prompt_hours`. A
    feed that has been heard before and is silent for `silent_hours` is asked after.
    """

    policy_name: ClassVar[str] = "payments.brake"

    customers: int = 10
    percent: int = 10
    night: int = 200
    prompt_minutes: int = 30
    paid_prompt_hours: int = 24
    silent_hours: int = 6
