"""Which taxes a supply carries: the rates in force, less exemptions, or reversed by law."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Protocol, cast

from waya.billing.rules.tax.rates import Exemption, Rate, exempted, reversed_to_customer
from waya.billing.rules.tax.stack import Stack, Taxed
from waya.catalog.rules.rates import Dated, How, Kind, Reverse, in_force, jurisdictions
from waya.kernel.money import Money, Rounding


class Recorded(Dated, Protocol):
    """A rate as the catalog keeps it, in a table or in a pack."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def how(self) -> str: ...
    @property
    def on(self) -> Sequence[str] | None: ...
    @property
    def share_percent(self) -> Decimal: ...
    @property
    def per_unit_minor(self) -> Decimal: ...
    @property
    def least_minor(self) -> int | None: ...
    @property
    def most_minor(self) -> int | None: ...
    @property
    def rounding(self) -> str: ...
    @property
    def quantum_minor(self) -> int: ...
    @property
    def category(self) -> str: ...
    @property
    def reverse(self) -> str: ...
    @property
    def reverse_law(self) -> str: ...
    @property
    def law(self) -> str: ...
    @property
    def rate_percent(self) -> Decimal: ...


@dataclass(frozen=True, slots=True)
class Supply:
    """Where, when and to whom something is supplied.

    `place` is where the service is: for a fixed line the installation (Implementing Regulation
    282/2011, article 24b). `day` is the tax point. `seller` is the country that the seller is
    established in, and `tax_number` the customer's, which makes it a business.
    """

    place: str
    day: date
    customer_class: str = ""
    seller: str = ""
    tax_number: str = ""
    exemptions: tuple[Exemption, ...] = ()
    known_on: date | None = None


@dataclass(frozen=True, slots=True)
class Carried:
    """The taxes of a class of supply, and those that the payer keeps back instead."""

    stack: Stack
    withheld: tuple[Rate, ...]


def carried(rows: Iterable[Recorded], tax_class: str, supply: Supply) -> Carried:
    """The taxes that a class of supply carries, in order, each as this customer pays it."""
    held = in_force(
        rows, place=supply.place, tax_class=tax_class, day=supply.day,
        customer_class=supply.customer_class, known_on=supply.known_on,
    )  # fmt: skip
    charged: list[Rate] = []
    withheld: list[Rate] = []
    for row in held:
        rate = rate_of(row)
        if row.kind == Kind.WITHHOLDING:
            withheld.append(rate)
        elif _reversed(row, supply):
            charged.append(reversed_to_customer(rate, row.reverse_law))
        else:
            charged.append(exempted(rate, supply.exemptions, supply.day))
    return Carried(Stack(charged), tuple(withheld))


def rate_of(row: Recorded) -> Rate:
    """A recorded rate as the engine reads it."""
    return Rate(
        tax=row.tax,
        name=row.name,
        ratio=Fraction(row.rate_percent) / 100,
        law=row.law,
        how=How(row.how),
        on=None if row.on is None else tuple(row.on),
        share=Fraction(row.share_percent) / 100,
        per_unit_minor=Fraction(row.per_unit_minor),
        least_minor=row.least_minor,
        most_minor=row.most_minor,
        rounding=cast(Rounding, row.rounding),  # the table takes no other
        quantum_minor=row.quantum_minor,
        category=row.category,
        kind=row.kind,
        jurisdiction=row.jurisdiction,
        sequence=row.sequence,
        rate_id=getattr(row, "pk", None),
        reverse_law=row.reverse_law if row.reverse == Reverse.BUSINESS else "",
    )


def kept_back(taxed: Taxed, withheld: Sequence[Rate]) -> Money:
    """What the payer keeps back of a line and pays to the tax office: no part of the invoice.

    Its base is the net and the taxes that the rate names; in Kenya 2 % of the value that VAT is
    charged on (Tax Procedures Act, section 42A).
    """
    minor = 0
    for rate in withheld:
        named = [
            amount
            for other, amount in zip(taxed.stack, taxed.amounts, strict=True)
            if rate.on is None or other.tax in rate.on
        ]
        minor += rate.rounded((taxed.net_minor + sum(named)) * rate.multiplier)
    return Money(minor, taxed.currency)


def _reversed(row: Recorded, supply: Supply) -> bool:
    if not supply.tax_number or row.reverse == Reverse.NEVER:
        return False
    country = jurisdictions(supply.place)[0]
    return row.reverse == Reverse.BUSINESS or supply.seller not in ("", country)
