"""What part of a period's price falls on some of its days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from waya.kernel.money import Money
from waya.kernel.periods import Period


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole cycle's price, and the days that explain it."""

    amount: Money
    days: int
    cycle_days: int


@dataclass(frozen=True, slots=True)
class PlanChange:
    """Both amounts are positive; the caller decides which document carries them."""

    credit: Money
    charge: Money

    @property
    def due(self) -> Money:
        return self.charge - self.credit


def share(price: Money, part: Period, cycle: Period) -> Share:
    """The price of a part of a cycle, by the actual days of the whole cycle.

    The pieces of a cycle add up to its price; a part that is the whole costs the price.
    """
    before, rest = cycle.split_days(part.start)
    within, after = Period(part.start, cycle.end).split_days(part.end) if rest else (0, 0)
    amount = price.split([before, within, after])[1]
    return Share(amount, within, cycle.days)


def change_plan(old: Money, new: Money, period: Period, on: date) -> PlanChange:
    """Give back the unused days of the old price and charge the same days at the new.

    The day of the change belongs to the new plan. Prices are split, not multiplied,
    so the used and unused parts of a price always add up to that price.
    """
    days_used, days_left = period.split_days(on)
    _, credit = old.split([days_used, days_left])
    _, charge = new.split([days_used, days_left])
    return PlanChange(credit=credit, charge=charge)
