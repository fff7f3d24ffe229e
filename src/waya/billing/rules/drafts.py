"""An invoice before it has a number: one line, one period, its taxes and its reason."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from waya.billing.rules.proration import share
from waya.billing.rules.tax import Rate, Taxed, inside, on_top
from waya.kernel.money import Money
from waya.kernel.periods import Period
from waya.kernel.rates import as_percent
from waya.ledger.rules.entries import Entry, Line, entry


@dataclass(frozen=True)
class Charged:
    """What a period of a plan costs, with its taxes and why; many lines may share one."""

    period: Period
    taxed: Taxed
    why: dict[str, Any]

    @cached_property
    def told(self) -> str:
        """The reason as JSON."""
        return json.dumps(self.why)

    @cached_property
    def sums(self) -> tuple[int, int, int]:
        """Net, tax and gross, in minor units."""
        return self.taxed.net.minor, self.taxed.tax.minor, self.taxed.gross.minor

    @cached_property
    def tax_rows(self) -> tuple[tuple[object, ...], ...]:
        """Each tax as it is kept: place, code, name, percent, base, amount and law, then the
        catalog's rate that it came from, its category, and why it is less than whole."""
        taxed = self.taxed
        bases = taxed.stack.bases(taxed.net_minor, taxed.amounts)
        return tuple(
            (place, rate.tax, rate.name, as_percent(rate.ratio), base, amount, rate.law,
             rate.rate_id, rate.category, rate.reason)
            for place, (rate, base, amount) in enumerate(
                zip(taxed.stack, bases, taxed.amounts, strict=True), start=1)
        )  # fmt: skip

    @cached_property
    def tax_lines(self) -> tuple[Line, ...]:
        """Cr each tax."""
        return tuple(
            Line(f"tax:{row.rate.tax}", -row.amount) for row in self.taxed.rows if row.amount
        )


@dataclass(frozen=True, slots=True)
class Draft:
    """An invoice to issue. `revenue` is the purpose of the account that earns the net; what
    is billed `in_advance` is deferred until its days have passed. `paid_minor` is what settles
    it at once. Work, goods and fees belong to no subscription."""

    entity_id: int
    customer_id: int
    subscription_id: int | None
    description: str
    charged: Charged
    revenue: str
    in_advance: bool
    issued_on: date
    due_on: date
    paid_minor: int = 0


def charge(
    price: Money, *, inclusive: bool, price_from: date, part: Period, cycle: Period,
    rates: Sequence[Rate],
) -> Charged:  # fmt: skip
    """Price a period: the whole price for a whole cycle, its share of days for a part.

    An inclusive price is prorated with its taxes inside, an exclusive one before they are
    added (payments-and-tax reference §4.5, rule 10).
    """
    whole = part == cycle
    piece = None if whole else share(price, part, cycle)
    amount = price if piece is None else piece.amount
    taxed = inside(amount, rates) if inclusive else on_top(amount, rates)
    why: dict[str, Any] = {
        "rule": "whole period" if whole else "share of the days",
        "price_minor": price.minor,
        "currency": price.currency,
        "price_from": price_from.isoformat(),
        "tax_inclusive": inclusive,
        "from": part.start.isoformat(),
        "until": part.end.isoformat(),
    }
    if piece is not None:
        why |= {
            "days": piece.days,
            "cycle_days": piece.cycle_days,
            "cycle_from": cycle.start.isoformat(),
            "cycle_until": cycle.end.isoformat(),
        }
    return Charged(part, taxed, why)


def as_asked(why: dict[str, Any], total: Money, rates: Sequence[Rate]) -> Charged:
    """Charge again what was asked before, with the taxes of today: the price is the one
    that was asked, whatever was published since.

    Should a tax have changed, the total stays and the taxes are taken out of it.
    """
    part = Period(date.fromisoformat(why["from"]), date.fromisoformat(why["until"]))
    cycle = Period(
        date.fromisoformat(why.get("cycle_from", why["from"])),
        date.fromisoformat(why.get("cycle_until", why["until"])),
    )
    charged = charge(
        Money(why["price_minor"], why["currency"]),
        inclusive=why["tax_inclusive"],
        price_from=date.fromisoformat(why["price_from"]),
        part=part,
        cycle=cycle,
        rates=rates,
    )
    if charged.taxed.gross == total:
        return charged
    return Charged(part, inside(total, rates), charged.why | {"total_asked": total.minor})


def booking(draft: Draft, number: str) -> Entry:
    """Dr receivable, Cr deferred revenue (in advance) or revenue (earned), Cr each tax."""
    taxed = draft.charged.taxed
    lines = (Line("receivable", taxed.gross, draft.customer_id), *draft.charged.tax_lines)
    if taxed.net:
        lines += (Line("deferred" if draft.in_advance else draft.revenue, -taxed.net),)
    memo = f"Invoice {number}: {draft.description}"
    return Entry(draft.entity_id, draft.issued_on, memo, f"invoice:{number}", lines)


def credit_booking(
    *, entity_id: int, customer_id: int, number: str, use_id: int, amount: Money, on: date
) -> Entry:
    """Dr customer credit, Cr receivable: credit spent on an invoice."""
    return entry(
        entity_id=entity_id,
        on=on,
        memo=f"Credit used on {number}",
        source=f"credit_use:{use_id}",
        debit=[Line("customer_credit", amount, customer_id)],
        credit=[Line("receivable", amount, customer_id)],
    )
