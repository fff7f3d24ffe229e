"""What would be billed: the engine, asked without saving anything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from fractions import Fraction
from functools import cache
from typing import Any, Literal

from ninja import Router, Schema

from waya.api.door import REFUSALS, Caller, here
from waya.api.invoices import Because, because
from waya.api.lists import Amount, amount
from waya.api.preview import made
from waya.api.preview.asked import PreviewAsked
from waya.billing.queries.taxes.assessed import Priced, assess
from waya.billing.rules.engine.documents import Document, documents
from waya.billing.rules.engine.events import Unbillable, day_of
from waya.billing.rules.engine.line import Kind, Line
from waya.billing.rules.engine.lines import lines
from waya.billing.rules.tax import Rate, Stack, Taxed, inside, on_top
from waya.billing.rules.tax.documents import Rounding
from waya.billing.rules.tax.supply import Supply, carried
from waya.catalog.queries import rates_recorded
from waya.kernel.errors import Refused
from waya.kernel.money import Money, total
from waya.kernel.rates import as_percent
from waya.org.words import words
from waya.reports.documents.whys import Reason, reasons, taxes_told

router = Router(tags=["billing"])


class PreviewTax(Schema):
    """A tax of a line: its base, its exact rate and its amount."""

    name: str
    rate_percent: str
    base: Amount
    amount: Amount
    law: str


class PreviewLine(Schema):
    """A line, in the order of invoice dates.

    `start` and `end` are half-open. `days` of `cycle_days` were counted, in `unit`s, by the
    convention asked for (a whole number, else an exact fraction); `ratio` is exact and
    `ratio_decimal` the same to nine places, both negative in credits and discounts. `net`,
    `tax` and `total` are rounded once each. `why` holds every fact the amount came from."""

    invoice_on: date
    due_on: date
    kind: Kind
    subscription: str
    plan: str
    charge: str
    start: date | datetime
    end: date | datetime
    days: int | str
    cycle_days: int | str
    unit: Literal["day", "second", "month"]
    ratio: str
    ratio_decimal: str
    quantity: str
    net: Amount
    tax: Amount
    total: Amount
    taxes: list[PreviewTax]
    why: dict[str, Any]
    because: list[Because]


class PreviewInvoice(Schema):
    """The lines of one invoice date together; below zero it is a credit note."""

    invoice_on: date
    due_on: date
    lines: int
    net: Amount
    tax: Amount
    total: Amount


class Preview(Schema):
    """Every line through `until`, the invoices that they make, and what all come to."""

    currency: str
    until: date
    lines: list[PreviewLine]
    invoices: list[PreviewInvoice]
    net: Amount
    tax: Amount
    total: Amount


@router.post("/billing/preview", response={200: Preview, **REFUSALS})
def preview_billing(request: Caller, asked: PreviewAsked) -> dict[str, Any]:
    """Say what would be billed through a day, line by line and why. Nothing is saved.

    The same function bills. It knows no today: the same question always has the same answer.
    """
    entity = here(request.auth.must("billing.preview"))
    issued = _issued(asked)
    taxed = _taxed(issued, asked, entity.country)
    shown = [
        _line(line, carried, asked.tax_inclusive)
        for one, all_carried in zip(issued, taxed, strict=True)
        for line, carried in zip(one.lines, all_carried, strict=True)
    ]
    return {
        "currency": asked.currency,
        "until": asked.until,
        "lines": shown,
        "invoices": [
            {"invoice_on": day_of(one.on), "due_on": day_of(one.due_on), "lines": len(one.lines),
             **_sums(carried, asked.currency)}
            for one, carried in zip(issued, taxed, strict=True)
        ],
        **_sums([one for carried in taxed for one in carried], asked.currency),
    }  # fmt: skip


def _issued(asked: PreviewAsked) -> list[Document]:
    """What the engine makes of the question; what it cannot is said of the event at fault."""
    terms, placed = made.terms(asked), made.events(asked)
    events = [event for _, event in placed]
    made.bounded(asked, events)
    try:
        found = lines(
            terms,
            events,
            asked.until,
            usage=made.usage(asked, events),
            discounts=made.discounts(asked),
        )
    except Unbillable as refusal:
        at = placed[refusal.where][0]
        raise made.fault(
            refusal.what[:1].upper() + refusal.what[1:] + ".", "events", at
        ) from refusal
    return documents(found, terms)


def _stacks(asked: PreviewAsked, country: str) -> Callable[[date], Stack]:
    """The taxes of a tax point: those asked with, or the catalog's at a place, read once."""
    if asked.place is None or asked.taxes:
        given = Stack(
            Rate(f"{at}", tax.name, Fraction(tax.percent) / 100, "")
            for at, tax in enumerate(asked.taxes)
        )
        return lambda day: given
    place, tax_class = asked.place, asked.tax_class
    recorded = rates_recorded(place, [tax_class])

    def on(day: date) -> Stack:
        supply = Supply(place=place, day=day, seller=country)
        found = carried(recorded, tax_class, supply).stack
        if not found:  # asked as a document is, for the words of its refusal
            nothing = Priced(Money(0, asked.currency), tax_class)
            assess([nothing], supply, inclusive=asked.tax_inclusive, rounding=Rounding.LINE)
        return found

    return cache(on)


def _taxed(issued: Sequence[Document], asked: PreviewAsked, country: str) -> list[list[Taxed]]:
    """The taxes of each line of each invoice, by the invoice's date."""
    work, stacks = inside if asked.tax_inclusive else on_top, _stacks(asked, country)
    try:
        return [[work(line.amount, stacks(day_of(one.on))) for line in one.lines] for one in issued]
    except Refused as refusal:
        at = "tax_class" if refusal.code == "no_tax_class" else "place"
        raise made.fault(words(refusal), at) from refusal


def _sums(found: Sequence[Taxed], currency: str) -> dict[str, Any]:
    net = total((one.net for one in found), currency)
    tax = total((one.tax for one in found), currency)
    return {"net": _amount(net), "tax": _amount(tax), "total": _amount(net + tax)}


def _reasons(line: Line, taxed: Taxed, inclusive: bool) -> list[Reason]:
    told = line.why | {
        "kind": line.kind,
        "quantity": str(line.quantity),
        "tax_inclusive": inclusive,
        "from": line.period.start.isoformat(),
        "until": line.period.end.isoformat(),
    }
    return reasons(told, taxes_told(taxed), taxed.currency)


def _line(line: Line, taxed: Taxed, inclusive: bool) -> dict[str, Any]:
    share = line.share
    return {
        "invoice_on": day_of(line.invoice_on), "due_on": day_of(line.due_on),
        "kind": line.kind, "subscription": line.subscription, "plan": line.plan,
        "charge": line.charge, "start": line.period.start, "end": line.period.end,
        "days": made.number(share.units), "cycle_days": made.number(share.cycle_units),
        "unit": share.unit, "ratio": str(share.ratio),
        "ratio_decimal": made.share_text(share.ratio),
        "quantity": str(made.number(line.quantity)),
        "net": _amount(taxed.net), "tax": _amount(taxed.tax), "total": _amount(taxed.gross),
        "taxes": [
            {"name": row.rate.name, "rate_percent": f"{as_percent(row.rate.ratio).normalize():f}",
             "base": _amount(row.base), "amount": _amount(row.amount), "law": row.rate.law}
            for row in taxed.rows
        ],
        "why": line.why,
        "because": because(_reasons(line, taxed, inclusive)),
    }  # fmt: skip


def _amount(money: Money) -> dict[str, Any]:
    return amount(money.minor, money.currency)
