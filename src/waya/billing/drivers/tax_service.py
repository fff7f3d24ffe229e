"""The seam for an outside tax service, for places whose rates are by the address.

A service is asked with lines and answers with rows; documents are made of them as of our own.
Drivers are entry points of the group `waya.tax`; Waya brings none but the fake.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ServiceLine:
    """A line to be taxed: its net in minor units and its class of supply."""

    net_minor: int
    tax_class: str
    quantity: int = 1


@dataclass(frozen=True, slots=True)
class Asked:
    """A document to be taxed; `place` is an address or a code that the service understands."""

    lines: Sequence[ServiceLine]
    place: str
    day: date
    currency: str
    customer_class: str = ""
    exemption: str = ""


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """A tax on the line at `line`: named, with its base, and where it comes from."""

    line: int
    tax: str
    name: str
    jurisdiction: str
    base_minor: int
    amount_minor: int
    rate_percent: str
    law: str


class TaxDriver(Protocol):
    """An outside service that knows what we do not."""

    def assess(self, asked: Asked) -> list[ServiceRow]:
        """The taxes of each line, in order. Raises ServiceAway when it does not answer."""


class ServiceAway(Exception):
    """The service was not reached or gave no answer; nothing was taxed."""


@dataclass(slots=True)
class FakeTaxDriver:
    """A service with a flat percentage by class, for tests; `away` makes it fail."""

    percents: Mapping[str, int]
    away: bool = False
    asked: list[Asked] = field(default_factory=list)

    def assess(self, asked: Asked) -> list[ServiceRow]:
        """One row a line, rounded half up."""
        self.asked.append(asked)
        if self.away:
            raise ServiceAway("the fake is away")
        return [
            ServiceRow(
                line=place, tax="sales", name="Sales tax", jurisdiction=asked.place,
                base_minor=line.net_minor,
                amount_minor=(line.net_minor * self.percents[line.tax_class] + 50) // 100,
                rate_percent=str(self.percents[line.tax_class]), law="the fake's own",
            )
            for place, line in enumerate(asked.lines)
        ]  # fmt: skip
