"""What would be billed: the engine, asked without saving anything."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Literal

from django.http import HttpResponse
from ninja import Router, Schema

from waya.api.door import REFUSALS, Caller, answered, country
from waya.api.invoices import Because, because
from waya.api.lists import Amount, amount
from waya.api.preview import made
from waya.api.preview.asked import PreviewAsked
from waya.api.preview.faults import fault
from waya.api.preview.taxed import Taxes, bills, with_late_fees
from waya.billing.rules.engine.documents import documents, waiting
from waya.billing.rules.engine.events import Event, Unbillable, day_of
from waya.billing.rules.engine.line import Kind, Line
from waya.billing.rules.engine.lines import lines
from waya.billing.rules.engine.terms import BillingTerms
from waya.billing.rules.tax import Taxed
from waya.kernel.money import Money, total
from waya.kernel.rates import as_percent
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
    """Every line through `until`, the invoices that they make, and what all come to. `waiting`
    is below the minimum of an invoice, and comes with the next."""

    currency: str
    until: date
    lines: list[PreviewLine]
    invoices: list[PreviewInvoice]
    waiting: Amount
    net: Amount
    tax: Amount
    total: Amount


@router.post("/billing/preview", response={200: Preview, **REFUSALS})
def preview_billing(request: Caller, asked: PreviewAsked) -> HttpResponse:
    """Say what would be billed through a day, line by line and why. Nothing is saved.

    The same function bills. It knows no today: the same question always has the same answer.
    """
    by = request.auth.must("billing.preview")
    seller = asked.seller or ("" if asked.place is None else country(by))
    return answered(_previewed(asked, seller))


def _previewed(asked: PreviewAsked, seller: str) -> dict[str, Any]:
    terms, placed = made.terms(asked), made.events(asked)
    events = [event for _, event in placed]
    found = _lines(asked, terms, placed)
    taxes = Taxes(asked, events, seller)
    issued = documents(found, terms)
    billed = with_late_fees(bills(issued, taxes), taxes, terms)
    shown = [
        _line(line, taxed, asked.tax_inclusive)
        for one in billed
        for line, taxed in zip(one.document.lines, one.taxed, strict=True)
    ]
    waits = total((line.amount for line in waiting(found, terms)), asked.currency)
    return {
        "currency": asked.currency,
        "until": asked.until,
        "lines": shown,
        "invoices": [
            {"invoice_on": day_of(one.document.on), "due_on": day_of(one.document.due_on),
             "lines": len(one.taxed), **_sums(one.taxed, asked.currency)}
            for one in billed
        ],
        "waiting": _amount(waits),
        **_sums([taxed for one in billed for taxed in one.taxed], asked.currency),
    }  # fmt: skip


def _lines(
    asked: PreviewAsked, terms: BillingTerms, placed: Sequence[tuple[int, Event]]
) -> list[Line]:
    """What the engine makes of the question; what it cannot is said of the event at fault."""
    events = [event for _, event in placed]
    made.bounded(asked, events)
    usage, discounts = made.usage(asked, events), made.discounts(asked, events)
    try:
        return lines(terms, events, asked.until, usage=usage, discounts=discounts)
    except Unbillable as refusal:
        at = placed[refusal.where][0]
        what = refusal.what[:1].upper() + refusal.what[1:] + "."
        raise fault(what, "events", at) from refusal


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
