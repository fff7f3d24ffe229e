"""What a pack is made of: rates with their dates and law, and worked numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from waya.catalog.rules.rates import Category, How, Kind, Reverse, Status
from waya.kernel.money import Rounding


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A tax on a class of supply in a jurisdiction, from a date up to and not including `end`.

    `on` names the taxes that its base holds besides the net (none: the net alone), and `share`
    the percentage of that base which is taxed. `rate_percent` is of the base; `per_unit_minor` is
    so much for each unit instead. What it comes to is rounded, `rounding` says how, to a multiple
    of `quantum_minor`. `recorded_on` is the day from which the rate was known, by
    default its first.
    """

    jurisdiction: str
    tax: str
    name: str
    kind: Kind
    tax_class: str
    valid_from: date
    law: str
    sequence: int = 1
    rate_percent: Decimal = Decimal(0)
    how: How = How.RATIO
    on: tuple[str, ...] = ()
    share_percent: Decimal = Decimal(100)
    per_unit_minor: Decimal = Decimal(0)
    least_minor: int | None = None
    most_minor: int | None = None
    rounding: Rounding = "half_up"
    quantum_minor: int = 1
    customer_class: str = ""
    category: Category = Category.STANDARD
    reverse: Reverse = Reverse.NEVER
    reverse_law: str = ""
    end: date | None = None
    status: Status = Status.ENACTED
    told_on: date | None = None

    @property
    def recorded_on(self) -> date:
        """From when it was known."""
        return self.told_on or self.valid_from


@dataclass(frozen=True, slots=True)
class WorkedLine:
    """A line of a worked example: its price, its taxes by code in minor units."""

    tax_class: str
    minor: int
    taxes: dict[str, int]
    quantity: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Worked:
    """A worked example: where, when, whether prices include taxes, and what must come out."""

    name: str
    place: str
    day: date
    currency: str
    lines: tuple[WorkedLine, ...]
    total_minor: int
    inclusive: bool = False
    customer_class: str = ""
    seller: str = ""
    tax_number: str = ""
    known_on: date | None = None
    withheld_minor: int = 0
    source: str = field(default="")
