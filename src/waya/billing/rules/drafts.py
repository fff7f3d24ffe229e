"""An invoice before it has a number: its lines, each with its period, taxes and reason."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any, TypeVar

from waya.billing.rules.engine.line import Line
from waya.billing.rules.engine.whole import Whole
from waya.billing.rules.lives import ONCE, charge_key
from waya.billing.rules.tax import Rate, Taxed, inside, on_top
from waya.catalog.rules.versions import FEE
from waya.kernel.money import Money
from waya.kernel.periods import Period
from waya.kernel.rates import as_percent
from waya.ledger.rules.entries import Entry, entry
from waya.ledger.rules.entries import Line as Posting


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

    @property
    def quoted(self) -> int:
        """The amount as the plan quotes it, in minor units: with its taxes, or before them."""
        return self.sums[2] if self.why.get("tax_inclusive") else self.sums[0]

    @cached_property
    def tax_lines(self) -> tuple[Posting, ...]:
        """Cr each tax."""
        return tuple(
            Posting(f"tax:{row.rate.tax}", -row.amount) for row in self.taxed.rows if row.amount
        )

    def postings(self, earns: str) -> tuple[Money, tuple[Posting, ...]]:
        """What is owed for it, and the credits against that: each tax, and the net to the
        account that earns or defers it. Thousands of entries share them."""
        found = self._postings.get(earns)
        if found is None:
            net = self.taxed.net
            earned = (Posting(earns, -net),) if net else ()
            found = self._postings[earns] = (self.taxed.gross, (*self.tax_lines, *earned))
        return found

    @cached_property
    def _postings(self) -> dict[str, tuple[Money, tuple[Posting, ...]]]:
        return {}


@dataclass(frozen=True, slots=True)
class DraftLine:
    """A line of an invoice to issue. `revenue` is the purpose of the account that earns the
    net; what is billed `in_advance` is deferred until its days have passed. `charge` and `turn`
    say what of the plan it asks for, and how often that was given back before. Work, goods and
    fees belong to no subscription."""

    subscription_id: int | None
    description: str
    charged: Charged
    revenue: str
    in_advance: bool
    charge: str = FEE
    turn: int = 0


@dataclass(frozen=True, slots=True)
class Draft:
    """An invoice to issue; `paid_minor` is what settles it at once."""

    entity_id: int
    customer_id: int
    lines: tuple[DraftLine, ...]
    issued_on: date
    due_on: date
    paid_minor: int = 0

    @property
    def currency(self) -> str:
        """The currency of all its lines."""
        return self.lines[0].charged.taxed.currency

    @property
    def description(self) -> str:
        """What it is for, in words: its first line's."""
        return self.lines[0].description

    def sums(self) -> tuple[int, int, int]:
        """Net, tax and gross, in minor units."""
        if len(self.lines) == 1:
            return self.lines[0].charged.sums
        net, tax, gross = zip(*(line.charged.sums for line in self.lines), strict=True)
        return sum(net), sum(tax), sum(gross)


@dataclass(frozen=True, slots=True)
class Pricing:
    """How amounts become documents: by which version, with taxes inside or on top, and which."""

    number: int
    valid_from: date
    inclusive: bool
    currency: str
    rates: Sequence[Rate]

    def facts(self, period: Period) -> dict[str, Any]:
        """What every explanation holds besides the arithmetic."""
        return {
            "version": self.number,
            "price_from": self.valid_from.isoformat(),
            "tax_inclusive": self.inclusive,
            "currency": self.currency,
            "from": period.start.isoformat(),
            "until": period.end.isoformat(),
        }

    def taxed(self, minor: int) -> Taxed:
        """An amount as the plan quotes it, with its taxes (reference §4.5, rule 10)."""
        amount = Money(minor, self.currency)
        return inside(amount, self.rates) if self.inclusive else on_top(amount, self.rates)

    def whole(self, whole: Whole[Any]) -> Charged:
        """A whole period at its whole price."""
        period = Period(whole.start, whole.end)
        return Charged(period, self.taxed(whole.amount_minor), whole.why | self.facts(period))


def drafted(
    line: Line, pricing: Pricing, *, subscription_id: int, revenue: str, name: str, turn: int = 0
) -> DraftLine:
    """A line of the engine as a line of a document; a deposit is no supply, so no tax is on it."""
    untaxed = line.kind == "deposit"
    pricing = replace(pricing, rates=()) if untaxed else pricing
    facts = {
        "kind": line.kind,
        "charge": line.charge,
        "quantity": str(line.quantity),
        "amount_minor": line.amount.minor,
        **pricing.facts(line.period),
    }
    return DraftLine(
        subscription_id,
        name,
        Charged(line.period, pricing.taxed(line.amount.minor), line.why | facts),
        DEPOSITS if untaxed else revenue,
        in_advance=line.kind in _RECURRING and line.invoice_on <= line.period.start,
        charge=charge_key(line),
        turn=turn,
    )


# What is billed for days; the rest is earned when it is billed.
_RECURRING = ("recurring", "proration", "discount", "converted")
DEPOSITS = "deposits"
# What the account that earns a class of supply is found by begins with this.
REVENUE = "revenue:"
# The charge of what value left over from another plan pays for.
CONVERTED = "converted"


def together(drafts: Sequence[Draft]) -> list[Draft]:
    """One invoice for each customer: what several subscriptions owe on a day."""
    found: dict[int, Draft] = {}
    for draft in drafts:
        first = found.get(draft.customer_id)
        found[draft.customer_id] = draft if first is None else joined(first, draft)
    return list(found.values())


def joined(first: Draft, other: Draft) -> Draft:
    """Two invoices of a customer on a day as one, paid by what paid either."""
    return replace(
        first, lines=first.lines + other.lines, paid_minor=first.paid_minor + other.paid_minor
    )


Wished = TypeVar("Wished")
Paper = tuple[int, date]
"""A customer, and the day from which something is asked of them: what shares a pro forma."""


def papers(wished: Iterable[Wished], place: Callable[[Wished], Paper | None]) -> list[list[Wished]]:
    """Gather what is asked for into documents, in the order of the first of each; whatever has
    no place with others is one by itself."""
    found: list[list[Wished]] = []
    shared: dict[Paper, list[Wished]] = {}
    for one in wished:
        at = place(one)
        if at is None or at not in shared:
            found.append([])
            if at is not None:
                shared[at] = found[-1]
        (found[-1] if at is None else shared[at]).append(one)
    return found


def asked_for(lines: Sequence[DraftLine]) -> Period:
    """The period that a pro forma of some lines is for: the longest of theirs."""
    return max((line.charged.period for line in lines), key=lambda one: one.days)


def asked(lines: Sequence[DraftLine]) -> dict[str, Any]:
    """What a pro forma keeps, so that paying it later costs the same: its lines, each with its
    price, taxes aside, and why; and the period that they are for."""
    first, period = lines[0].charged, asked_for(lines)
    return first.why | {
        "from": period.start.isoformat(),
        "until": period.end.isoformat(),
        "lines": [
            {
                "description": line.description,
                "charge": line.charge,
                "turn": line.turn,
                "revenue": line.revenue,
                "in_advance": line.in_advance,
                "amount_minor": line.charged.quoted,
                "gross_minor": line.charged.sums[2],
                "why": line.charged.why,
            }
            for line in lines
        ],
    }


def again(lines: Iterable[DraftLine]) -> tuple[DraftLine, ...]:
    """Of the lines of a beginning those that are charged again and again."""
    return tuple(line for line in lines if line.charged.why.get("kind") not in ONCE)


def as_asked(
    why: dict[str, Any], total: Money, rates: Callable[[str], Sequence[Rate]]
) -> list[DraftLine]:
    """Charge again what was asked before, with the taxes of today: the price is the one
    that was asked, whatever was published since. `rates` are those on a class of supply, the
    plan's own for an empty one.

    Should a tax have changed, the total stays and the taxes are taken out of it.
    """
    if "lines" not in why:  # asked for before pro formas had lines: one price for one period
        why = why | {"lines": [_single(why, total)]}
    return [
        _again(one, total.currency, rates(one["revenue"].removeprefix(REVENUE)))
        for one in why["lines"]
    ]


def _single(why: dict[str, Any], total: Money) -> dict[str, Any]:
    return {
        "description": "", "charge": FEE, "turn": 0, "revenue": "", "in_advance": True,
        "amount_minor": total.minor, "gross_minor": total.minor,
        "why": why | {"tax_inclusive": True},
    }  # fmt: skip


def _again(one: dict[str, Any], currency: str, rates: Sequence[Rate]) -> DraftLine:
    why = one["why"]
    period = Period(date.fromisoformat(why["from"]), date.fromisoformat(why["until"]))
    carried = () if one["revenue"] == DEPOSITS else rates
    gross = Money(one["gross_minor"], currency)
    quoted = Money(one["amount_minor"], currency)
    taxed = inside(quoted, carried) if why["tax_inclusive"] else on_top(quoted, carried)
    if taxed.gross != gross:
        taxed, why = inside(gross, carried), why | {"total_asked": gross.minor}
    charged = Charged(period, taxed, why)
    return DraftLine(None, one["description"], charged, one["revenue"], one["in_advance"],
                     one["charge"], one["turn"])  # fmt: skip


def booking(draft: Draft, number: str, branch_id: int) -> Entry:
    """Dr receivable, Cr deferred revenue (in advance), revenue (earned) or deposits, Cr taxes;
    of the branch that issues it."""
    if len(draft.lines) == 1:
        only = draft.lines[0]
        gross, credits = only.charged.postings("deferred" if only.in_advance else only.revenue)
    else:
        currency = draft.currency
        gross = Money(draft.sums()[2], currency)
        credits = tuple(_together(draft, currency))
    owed = Posting("receivable", gross, draft.customer_id)
    memo = f"Invoice {number}: {draft.lines[0].description}"
    return Entry(draft.entity_id, draft.issued_on, memo, f"invoice:{number}", (owed, *credits),
                 branch_id)  # fmt: skip


def _together(draft: Draft, currency: str) -> list[Posting]:
    """The credits of several lines, one for each account."""
    sums: dict[str, int] = {}
    for line in draft.lines:
        for tax in line.charged.tax_lines:
            sums[tax.purpose] = sums.get(tax.purpose, 0) + tax.amount.minor
        purpose = "deferred" if line.in_advance else line.revenue
        sums[purpose] = sums.get(purpose, 0) - line.charged.taxed.net_minor
    return [Posting(purpose, Money(minor, currency)) for purpose, minor in sums.items() if minor]


def credit_booking(
    *, entity_id: int, branch_id: int, customer_id: int, number: str, use_id: int, amount: Money,
    on: date,
) -> Entry:  # fmt: skip
    """Dr customer credit, Cr receivable: credit spent on an invoice."""
    return entry(
        entity_id=entity_id,
        on=on,
        memo=f"Credit used on {number}",
        source=f"credit_use:{use_id}",
        debit=[Posting("customer_credit", amount, customer_id)],
        credit=[Posting("receivable", amount, customer_id)],
        branch_id=branch_id,
    )
