"""Taxes on lines that nobody has billed: the same engine, and nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from waya.billing.rules.tax.documents import (
    Line,
    RoundedBy,
    Sum,
    sums,
    taxes_inside,
    taxes_on_top,
)
from waya.billing.rules.tax.stack import Taxed
from waya.billing.rules.tax.supply import Carried, Supply, carried, kept_back
from waya.catalog.models import TaxRate
from waya.catalog.queries import rates_recorded, tax_classes
from waya.kernel.errors import Refused
from waya.kernel.money import Money


@dataclass(frozen=True, slots=True)
class Priced:
    """A line to tax: its price, net or gross, and its class of supply."""

    price: Money
    tax_class: str
    quantity: int = 1


@dataclass(frozen=True, slots=True)
class Assessed:
    """Each line with its taxes and what the payer keeps back; the document's tax table.

    `recorded` are the catalog's rates that rows came from, by their id.
    """

    taxed: list[Taxed]
    kept_back: list[Money]
    table: list[Sum]
    recorded: dict[int, TaxRate]


def assess(
    lines: Sequence[Priced], supply: Supply, *, inclusive: bool, rounding: RoundedBy
) -> Assessed:
    """The taxes of lines at a place on a tax point. One query, or two to refuse.

    Refuses `no_tax_pack` for a place of which no rate is known, `no_tax_class` for a class
    that has none there (`line` says where), and `no_rates_then` for a day before all of them.
    """
    recorded = rates_recorded(supply.place, [line.tax_class for line in lines])
    carrying = {
        tax_class: _carried(recorded, tax_class, supply, place)
        for place, tax_class in _first_places(lines)
    }
    stacked = [
        Line(line.price, carrying[line.tax_class].stack, line.quantity) for line in lines
    ]  # fmt: skip
    work = taxes_inside if inclusive else taxes_on_top
    taxed = work(stacked, rounding)
    return Assessed(
        taxed=taxed,
        kept_back=[
            kept_back(one, carrying[line.tax_class].withheld)
            for one, line in zip(taxed, lines, strict=True)
        ],
        table=sums(taxed),
        recorded={row.pk: row for row in recorded},
    )


def _first_places(lines: Sequence[Priced]) -> list[tuple[int, str]]:
    found: dict[str, int] = {}
    for place, line in enumerate(lines):
        found.setdefault(line.tax_class, place)
    return [(place, tax_class) for tax_class, place in found.items()]


def _carried(recorded: Sequence[TaxRate], tax_class: str, supply: Supply, place: int) -> Carried:
    mine = [row for row in recorded if row.tax_class == tax_class]
    if not mine:
        known = tax_classes(supply.place)
        if not known:
            raise Refused("no_tax_pack", place=supply.place)
        raise Refused("no_tax_class", tax_class=tax_class, line=place,
                      known=", ".join(sorted(known)))  # fmt: skip
    found = carried(mine, tax_class, supply)
    if not found.stack:
        raise Refused("no_rates_then", on=supply.day.isoformat(), tax_class=tax_class)
    return found
