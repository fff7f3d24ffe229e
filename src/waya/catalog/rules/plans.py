"""What is sold: an interval, charges, phases and discounts. Amounts are exact minor units."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Literal

ChargeKind = Literal["flat", "per_unit", "graduated", "volume", "package", "one_off", "deposit"]
Unit = Literal["month", "week", "day", "hour"]
Timing = Literal["advance", "arrears"]
NOTHING = Fraction(0)


@dataclass(frozen=True, slots=True)
class Interval:
    """How long a cycle is: so many months, weeks, days or hours."""

    unit: Unit = "month"
    count: int = 1


@dataclass(frozen=True, slots=True)
class Tier:
    """Units up to and including `up_to` (None: all further) at `unit_amount`, and a fixed sum
    once the tier is reached."""

    up_to: Fraction | None
    unit_amount: Fraction
    flat_amount: Fraction = NOTHING


@dataclass(frozen=True, slots=True)
class Charge:
    """One price of a plan.

    With `metric` it prices what was used in the cycle and is billed after it; without, the
    quantity of the subscription. `graduated` prices each unit in its own tier, `volume` all
    units in the tier that the last one reached, `package` whole lots of `lot` units; where a
    charge with tiers has a lot, its units are counted in lots begun, within each tier.
    `one_off` and `deposit` are charged once, when the subscription begins. A part of a bundle
    has a name and a tax class of its own; empty ones are the plan's.
    """

    code: str
    kind: ChargeKind = "flat"
    amount: Fraction = NOTHING
    tiers: tuple[Tier, ...] = ()
    lot: Fraction = Fraction(1)
    included: Fraction = NOTHING
    metric: str = ""
    timing: Timing | None = None
    name: str = ""
    tax_class: str = ""

    @property
    def recurring(self) -> bool:
        """Charged each cycle for being had, whatever is used."""
        return self.kind not in ("one_off", "deposit") and not self.metric


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of a plan's life. `length` None lasts for ever; a last phase that does not
    ends the subscription. `charges` None are the plan's; `percent_off` makes them cheaper. A trial
    without charges of its own is free: nothing is asked for its days, nor for what is used on
    them."""

    kind: Literal["trial", "discount", "fixed_term", "evergreen"] = "evergreen"
    length: Interval | None = None
    charges: tuple[Charge, ...] | None = None
    percent_off: Fraction = NOTHING

    @property
    def free(self) -> bool:
        """Whether nothing is asked for its days."""
        return self.kind == "trial" and not self.charges

    def charged(self, plan: tuple[Charge, ...]) -> tuple[Charge, ...]:
        """What is charged for its days under a plan with such charges."""
        if self.free:
            return ()
        return plan if self.charges is None else self.charges


@dataclass(frozen=True, slots=True)
class PlanTerms:
    """A plan as it is billed. `price_per` says what the amounts of recurring charges are for:
    a cycle, or each month or day of it. `minimum` is what a cycle comes to at least."""

    code: str
    interval: Interval
    charges: tuple[Charge, ...]
    phases: tuple[Phase, ...] = (Phase(),)
    price_per: Literal["cycle", "month", "day"] = "cycle"
    minimum: Fraction = NOTHING
    name: str = ""


@dataclass(frozen=True, slots=True)
class Discount:
    """Less to pay on recurring charges: a percentage, or an amount a cycle.

    For `periods` cycles (None: all) that begin in the half-open stretch from `start` to `end`.
    `plans` narrows it to some; `subscription` to one.
    """

    code: str
    percent: Fraction = NOTHING
    amount: Fraction = NOTHING
    periods: int | None = None
    start: date | None = None
    end: date | None = None
    plans: tuple[str, ...] = ()
    subscription: str | None = None
