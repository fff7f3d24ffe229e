"""What taxes a document would carry: every row with its base, its rate and its law."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, Literal

from ninja import Field, Router, Schema
from pydantic import ConfigDict

from waya.api.door import REFUSALS, Caller, here
from waya.api.lists import Amount, amount
from waya.api.preview.customer import CustomerAsked, exemptions
from waya.api.preview.faults import fault
from waya.api.preview.fields import Asked, Class, Country, Currency, Place
from waya.api.preview.fields import Day as DayAsked
from waya.billing.queries.taxes.assessed import Assessed, Priced, assess
from waya.billing.rules.tax.documents import RoundedBy, Sum
from waya.billing.rules.tax.rates import Rate
from waya.billing.rules.tax.stack import Taxed
from waya.billing.rules.tax.supply import Supply
from waya.catalog.models import TaxRate
from waya.catalog.rules.rates import How
from waya.kernel.errors import Refused
from waya.kernel.money import Money, Rounding, parse, total
from waya.kernel.rates import as_percent
from waya.org.words import words

router = Router(tags=["taxes"])

Day = date  # fields here are called `date`
MOST_MINOR = 10**14
Major = Annotated[Decimal, Field(ge=-(10**12), le=10**12, max_digits=30)]
Minor = Annotated[int, Field(ge=-MOST_MINOR, le=MOST_MINOR)]


class LineAsked(Asked):
    """A line's price: `net` or `gross` in major units (`"2999.00"`), or the same in minor units
    (`net_minor`, `gross_minor`). `quantity` counts for taxes that are so much a unit."""

    model_config = ConfigDict(extra="forbid", validate_by_name=True, validate_by_alias=True)

    net: Major | None = None
    gross: Major | None = None
    net_minor: Minor | None = None
    gross_minor: Minor | None = None
    tax_class: Class = Field(alias="class")
    quantity: Annotated[int, Field(ge=1, le=1_000_000)] = 1


class TaxesAsked(Asked):
    """Lines at a place on a tax point. `place` is where the service is (for a fixed line the
    installation): a country, or `US-ZZ-Lake`. `inclusive` follows from `net` or `gross`.
    `known_on` asks with what had been published by then. Defaults are the entity's."""

    lines: Annotated[list[LineAsked], Field(min_length=1, max_length=500)]
    date: DayAsked
    place: Place | None = None
    currency: Currency | None = None
    seller: Country | None = None
    customer: CustomerAsked = CustomerAsked.model_validate({})
    inclusive: bool | None = None
    rounding: RoundedBy = RoundedBy.LINE
    known_on: DayAsked | None = None


class RowShown(Schema):
    """A tax on a line. `on` are the taxes in its base besides the net; `rate_percent` and
    `share_percent` are exact, as text. `rounding` says how its amount was rounded, to a multiple of
    `quantum_minor`. `reason` says why it is zero or less than whole."""

    sequence: int
    tax: str
    name: str
    kind: str
    jurisdiction: str
    how: Literal["ratio", "gross_up", "per_unit"]
    rate_percent: str
    share_percent: str
    per_unit_minor: str | None
    rounding: Rounding
    quantum_minor: int
    on: list[str]
    base: Amount
    amount: Amount
    law: str
    category: str
    reason: str
    rate_id: int
    valid_from: date
    recorded_on: date


class LineTaxed(Schema):
    """A line with its taxes; `withheld` is what the payer keeps back, and is no tax of it."""

    tax_class: str = Field(alias="class")
    quantity: int
    net: Amount
    tax: Amount
    gross: Amount
    withheld: Amount
    taxes: list[RowShown]


class SumShown(Schema):
    """A tax over the whole document."""

    tax: str
    name: str
    jurisdiction: str
    rate_percent: str
    base: Amount
    amount: Amount
    law: str
    category: str


class TotalsShown(Schema):
    """The document; `payable` is what is left when the payer keeps back what the law says."""

    net: Amount
    tax: Amount
    gross: Amount
    withheld: Amount
    payable: Amount


class TaxesShown(Schema):
    """Every line, the tax table and the totals."""

    place: str
    date: Day
    currency: str
    inclusive: bool
    rounding: RoundedBy
    lines: list[LineTaxed]
    taxes: list[SumShown]
    totals: TotalsShown


@router.post(
    "/billing/tax/preview", response={200: TaxesShown, **REFUSALS}, by_alias=True
)  # fmt: skip
def preview_taxes(request: Caller, asked: TaxesAsked) -> dict[str, Any]:
    """Tax lines without billing anybody: nothing is written."""
    entity = here(request.auth.must("billing.preview"))
    currency = asked.currency or entity.currency
    place = asked.place or entity.country
    inclusive = _inclusive(asked)
    lines = [_priced(line, at, currency) for at, line in enumerate(asked.lines)]
    supply = Supply(
        place=place,
        day=asked.date,
        customer_class=asked.customer.customer_class,
        seller=asked.seller or entity.country,
        tax_number=asked.customer.tax_number or "",
        exemptions=exemptions(asked.customer, place),
        known_on=asked.known_on,
    )
    try:
        found = assess(lines, supply, inclusive=inclusive, rounding=asked.rounding)
    except Refused as refusal:
        raise fault(words(refusal), *_where(refusal)) from refusal
    return {
        "place": place, "date": asked.date, "currency": currency, "inclusive": inclusive,
        "rounding": asked.rounding,
        "lines": [
            _line(line, taxed, kept, found)
            for line, taxed, kept in zip(lines, found.taxed, found.kept_back, strict=True)
        ],
        "taxes": [_sum(one) for one in found.table],
        "totals": _totals(found, currency),
    }  # fmt: skip


def _inclusive(asked: TaxesAsked) -> bool:
    """Prices are all net or all gross; a line that differs is named."""
    kinds: set[bool] = set() if asked.inclusive is None else {asked.inclusive}
    for at, line in enumerate(asked.lines):
        given = [
            name
            for name in ("net", "gross", "net_minor", "gross_minor")
            if getattr(line, name) is not None
        ]
        if len(given) != 1:
            raise fault("Give one of net, gross, net_minor and gross_minor.", "lines", at)
        gross = given[0].startswith("gross")
        if kinds and gross not in kinds:
            raise fault("Prices are all net, or all gross (inclusive).", "lines", at, given[0])
        kinds.add(gross)
    return kinds.pop()


def _priced(line: LineAsked, at: int, currency: str) -> Priced:
    for name in ("net", "gross"):
        major, minor = getattr(line, name), getattr(line, f"{name}_minor")
        if minor is not None:
            return Priced(Money(minor, currency), line.tax_class, line.quantity)
        if major is not None:
            try:
                return Priced(parse(major, currency), line.tax_class, line.quantity)
            except ValueError as error:
                raise fault(f"More decimals than {currency} has.", "lines", at, name) from error
    raise fault("A price is missing.", "lines", at)


def _where(refusal: Refused) -> Sequence[str | int]:
    named: dict[str, Callable[[], Sequence[str | int]]] = {
        "no_tax_pack": lambda: ("place",),
        "no_tax_class": lambda: ("lines", int(str(refusal.details["line"])), "class"),
        "no_rates_then": lambda: ("date",),
        "bounds_by_line": lambda: ("rounding",),
    }
    return named.get(refusal.code, lambda: ("lines",))()


def _line(line: Priced, taxed: Taxed, kept: Money, found: Assessed) -> dict[str, Any]:
    return {
        "class": line.tax_class,
        "quantity": line.quantity,
        "net": _amount(taxed.net),
        "tax": _amount(taxed.tax),
        "gross": _amount(taxed.gross),
        "withheld": _amount(kept),
        "taxes": [
            _row(place, taxed, found.recorded[row.rate.rate_id or 0])
            for place, row in enumerate(taxed.rows)
        ],
    }


def _row(place: int, taxed: Taxed, recorded: TaxRate) -> dict[str, Any]:
    rate, base, charged = taxed.rows[place]
    by_unit = rate.how is How.PER_UNIT
    return {
        "sequence": rate.sequence,
        "on": [taxed.stack[below].tax for below in taxed.stack.parts[place].below],
        "how": rate.how,
        "kind": rate.kind,
        "share_percent": _percent(rate.share),
        "per_unit_minor": f"{recorded.per_unit_minor.normalize():f}" if by_unit else None,
        "rounding": rate.rounding,
        "quantum_minor": rate.quantum_minor,
        "reason": rate.reason,
        "rate_id": recorded.pk,
        "valid_from": recorded.valid_from,
        "recorded_on": recorded.recorded_on,
        **_named(rate, base, charged),
    }


def _sum(one: Sum) -> dict[str, Any]:
    return _named(one.rate, one.base, one.amount)


def _named(rate: Rate, base: Money, charged: Money) -> dict[str, Any]:
    return {
        "tax": rate.tax, "name": rate.name, "jurisdiction": rate.jurisdiction,
        "rate_percent": _percent(rate.ratio), "base": _amount(base),
        "amount": _amount(charged), "law": rate.law, "category": rate.category,
    }  # fmt: skip


def _totals(found: Assessed, currency: str) -> dict[str, Any]:
    net = total((one.net for one in found.taxed), currency)
    gross = total((one.gross for one in found.taxed), currency)
    kept = total(found.kept_back, currency)
    return {
        "net": _amount(net), "tax": _amount(gross - net), "gross": _amount(gross),
        "withheld": _amount(kept), "payable": _amount(gross - kept),
    }  # fmt: skip


def _percent(ratio: Fraction) -> str:
    return f"{as_percent(ratio).normalize():f}"


def _amount(money: Money) -> dict[str, Any]:
    return amount(money.minor, money.currency)
