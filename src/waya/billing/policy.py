"""Business choices of billing, with the defaults of a Kenyan prepaid provider."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from waya.billing.rules.engine.terms import (
    Basis,
    BillingTerms,
    Inclusion,
    Leftover,
    Proration,
    Stop,
    When,
)
from waya.kernel.money import Rounding


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
class BillingPolicy:
    """How lines are worked out and gathered; see `rules.engine.terms` for each word.

    `one_bill` puts what several subscriptions of a customer owe on a day on one invoice. An
    invoice below `minimum_minor` waits until there is more; one of nothing is issued only with
    `zero_invoices`. `leftover` is what is left over of a prepaid period when its plan changes:
    `money` (a credit), `time` (days or minutes of the new plan), or `data` (so much of what the
    new plan meters, at its price; a plan that meters nothing is refused). More than `most_lines` of
    one subscription on one day wait for a person (0: no bound).

    With `one_bill`, prepaid subscriptions of a customer that are asked for from the same day are
    asked for as one sum; money that does not reach for all of them pays none (`one_pro_forma`
    `whole`) or the oldest first (`each`). Credit that comes of a credit note
    or a change pays open invoices `at_once` or with the `next_payment` (`credit`).
    A further service of a customer renews on its `own` day, counted from when it is paid, or with
    the `customer`'s others, so that its first period is a part (`align`).
    `bundle_part` is what becomes of a bundle that loses a part: `standalone` plans at their own
    prices, the end of the `whole`, or a refusal (`refuse`).

    Whoever is exempt from a tax pays a plan's price without it (`exempt_keeps` the `net`), or the
    same price, which then is all the seller's (`gross`).
    """

    policy_name: ClassVar[str] = "billing.terms"

    basis: Basis = "actual"
    month_days: int = 30
    inclusion: Inclusion = "half_open"
    rounding: Rounding = "half_up"
    upgrade: When = "at_once"
    downgrade: When = "term_end"
    change_credit: bool = True
    cancel_credit: bool = True
    pause: Stop = "credit"
    leftover: Leftover = "money"
    one_bill: bool = False
    minimum_minor: int = 0
    zero_invoices: bool = True
    most_lines: int = 200
    one_pro_forma: Literal["whole", "each"] = "whole"
    credit: Literal["at_once", "next_payment"] = "at_once"
    align: Literal["own", "customer"] = "own"
    bundle_part: Literal["standalone", "whole", "refuse"] = "standalone"
    exempt_keeps: Literal["net", "gross"] = "net"

    @property
    def whole_pro_forma(self) -> bool:
        """Whether what is asked of a customer from the same day is paid all or not at all."""
        return self.one_bill and self.one_pro_forma == "whole"

    @property
    def aligns(self) -> bool:
        """Whether a further service renews with the customer's others, unless somebody says
        otherwise."""
        return self.align == "customer"

    def terms(self, currency: str, *, arrears: bool) -> BillingTerms:
        """The same for the engine."""
        return BillingTerms(
            currency,
            proration=Proration(self.basis, self.month_days, inclusion=self.inclusion),
            timing="arrears" if arrears else "advance",
            rounding=self.rounding,
            upgrade=self.upgrade,
            downgrade=self.downgrade,
            change_credit=self.change_credit,
            cancel_credit=self.cancel_credit,
            pause=self.pause,
            leftover=self.leftover,
        )


@dataclass(frozen=True, slots=True)
class BoundsPolicy:
    """Which night's billing waits for a person: one of more than `most_minor` (0: no bound),
    or `change_percent` more than the night a month before (0: whatever), unless no more than
    `few` are due.

    One customer whose bill for a subscription is more than `one_most_minor`, or `one_percent`
    more than their last (0: no bound), waits for a person and stops nobody.
    """

    policy_name: ClassVar[str] = "billing.bounds"

    most_minor: int = 0
    change_percent: int = 100
    few: int = 50
    one_most_minor: int = 0
    one_percent: int = 0


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
class HoursPolicy:
    """Plans by the hour: whether a customer is told by message when their hours are over. Nobody
    is reminded before, and no ladder asks for hours that were not bought."""

    policy_name: ClassVar[str] = "billing.hours"

    say_over: bool = True


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
    """Up to how much is written off without asking a person; and whether money that is left over
    once all that is open and asked for is paid makes good what was written off (`recovers`), or
    is the customer's credit until a person says so."""

    policy_name: ClassVar[str] = "billing.write_offs"

    limit_minor: int = 2000_00
    recovers: bool = True


@dataclass(frozen=True, slots=True)
class AllowancePolicy:
    """How much of what is unpaid nobody expects to be paid, in percent by its age in days past
    due: an ageing matrix (IFRS 9, B5.5.35). All zero is no allowance: losses are booked when
    they are written off."""

    policy_name: ClassVar[str] = "billing.allowance"

    not_due_percent: int = 0
    to_30_percent: int = 0
    to_60_percent: int = 0
    to_90_percent: int = 0
    over_90_percent: int = 0

    @property
    def percents(self) -> tuple[int, ...]:
        """By age, the youngest first, as an ageing has them."""
        return (self.not_due_percent, self.to_30_percent, self.to_60_percent, self.to_90_percent,
                self.over_90_percent)  # fmt: skip


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
