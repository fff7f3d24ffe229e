"""Business choices of billing, with the defaults of a Kenyan prepaid provider."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class RenewalPolicy:
    """When a renewal is asked for, and what happens to one that is paid late.

    `late` is `restart` (the period begins when it is paid, and its day becomes the anchor)
    or `keep` (the period and its anchor stay). `due_days` is how long an invoice has.
    """

    policy_name: ClassVar[str] = "billing.renewal"

    ask_days_before: int = 5
    late: str = "restart"
    due_days: int = 7


@dataclass(frozen=True, slots=True)
class DunningPolicy:
    """How far behind is too far, and when a customer is reminded.

    Days before and after count from the day something falls due: an invoice's due day, or
    the last day of a prepaid period. `tolerance_minor` is what may stay unpaid without
    anything happening.
    """

    policy_name: ClassVar[str] = "billing.dunning"

    grace_days: int = 3
    prepaid_grace_days: int = 0
    remind_days_before: tuple[int, ...] = (3, 1)
    remind_days_after: tuple[int, ...] = (1, 2)
    tolerance_minor: int = 10_00


@dataclass(frozen=True, slots=True)
class RecognitionPolicy:
    """How revenue that was billed in advance is spread over its period: `day`, every day
    alike, or `month`, every month alike and parts of months by their days."""

    policy_name: ClassVar[str] = "billing.recognition"

    spread: str = "day"
