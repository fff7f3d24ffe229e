"""Business choices of billing, with the defaults of a Kenyan prepaid provider."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar


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
    """How far behind is too far, and when a customer is reminded: the standard ladder.

    Days before and after count from the day something falls due: an invoice's due day, or
    the last day of a prepaid period. `tolerance_minor` is what may stay unpaid without
    anything happening. An invoice of no subscription walls nobody but with `one_time_walls`.
    """

    policy_name: ClassVar[str] = "billing.dunning"

    grace_days: int = 3
    prepaid_grace_days: int = 0
    remind_days_before: tuple[int, ...] = (3, 1)
    remind_days_after: tuple[int, ...] = (1, 2)
    tolerance_minor: int = 10_00
    one_time_walls: bool = False


@dataclass(frozen=True, slots=True)
class LadderPolicy:
    """A ladder of the entity's own: segments as `rules.ladder.reading` reads them. Without
    any, the standard ladder holds."""

    policy_name: ClassVar[str] = "billing.ladder"

    segments: tuple[dict[str, Any], ...] = ()
    fees_on_fees: bool = False


@dataclass(frozen=True, slots=True)
class PromisePolicy:
    """Who may promise to pay, and what it is good for.

    For at most `most_days`, at least `least_percent` of what is to be paid, and not by whoever
    broke more than `broken_at_most` within `within_days`. With `restores` it brings back
    whoever is off; otherwise it only keeps off what would come next.
    """

    policy_name: ClassVar[str] = "billing.promises"

    most_days: int = 7
    least_percent: int = 50
    broken_at_most: int = 1
    within_days: int = 90
    restores: bool = False


@dataclass(frozen=True, slots=True)
class WriteOffPolicy:
    """Up to how much is written off without asking a person."""

    policy_name: ClassVar[str] = "billing.write_offs"

    limit_minor: int = 2000_00


@dataclass(frozen=True, slots=True)
class SparingPolicy:
    """What the ladder waits for. Public holidays beside the country's fixed ones: `yearly` as
    `MM-DD`, `dates` as ISO dates. A router that is away for `outage_minutes` spares everybody
    on it."""

    policy_name: ClassVar[str] = "billing.sparing"

    yearly: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    outage_minutes: int = 30


@dataclass(frozen=True, slots=True)
class RecognitionPolicy:
    """How revenue that was billed in advance is spread over its period: `day`, every day
    alike, or `month`, every month alike and parts of months by their days."""

    policy_name: ClassVar[str] = "billing.recognition"

    spread: str = "day"
