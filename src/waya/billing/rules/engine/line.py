"""A line: what is asked for, for which days, and why it is that much."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any, Literal, NamedTuple

from waya.billing.rules.engine.ratios import Share
from waya.kernel.money import Money
from waya.kernel.periods import Period

Kind = Literal[
    "recurring", "proration", "credit", "discount", "usage", "true_up", "one_off", "deposit",
    "converted", "late_fee",
]  # fmt: skip


class Charged(NamedTuple):
    """The charge that a credit gives back of: when it was invoiced, and from which day."""

    on: date
    start: date


@dataclass(frozen=True, slots=True)
class Line:
    """An amount as the plan quotes it (with or without tax), dated and explained.

    `period` is half-open. `share` says what was counted of the cycle; its ratio is exact and,
    like the amount, negative in a credit. `exact` is the amount before its one rounding. A
    credit carries the taxes of what was `charged`.
    """

    kind: Kind
    subscription: str
    plan: str
    charge: str
    period: Period
    share: Share
    quantity: Fraction
    amount: Money
    exact: Fraction
    invoice_on: date
    due_on: date
    why: dict[str, Any]
    charged: Charged | None = None

    @property
    def ratio(self) -> Fraction:
        """The share of the cycle's price, negative when it is given back."""
        return self.share.ratio

    @property
    def key(self) -> tuple[str, str, str, str, date, date, date]:
        """What makes a line the same one when it is computed again."""
        return (self.subscription, self.plan, self.charge, self.kind, self.period.start,
                self.period.end, self.invoice_on)  # fmt: skip
