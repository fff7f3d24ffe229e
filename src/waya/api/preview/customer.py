"""To whom something is sold, as far as taxes are concerned."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Annotated

from ninja import Field
from pydantic import ConfigDict

from waya.api.lists import Short
from waya.api.preview.faults import fault
from waya.api.preview.fields import Asked, Class, Day, Share, TaxNumber
from waya.billing.rules.tax.rates import Exemption
from waya.catalog.queries import tax_kinds
from waya.catalog.rules.rates import Kind


class ExemptionAsked(Asked):
    """A certificate: of one tax or of every tax of a kind, wholly or in part, on the half-open
    dates from `valid_from` to `end`."""

    certificate: Short
    tax: Class = ""
    kind: Kind | None = None
    percent: Share = Decimal(100)
    valid_from: Day = date.min
    end: Day | None = None


class CustomerAsked(Asked):
    """To whom it is sold; a `tax_number` makes it a business. Its `class` is one that a rate
    names, such as `withholding_agent`, `medical` or `education`."""

    model_config = ConfigDict(extra="forbid", validate_by_name=True, validate_by_alias=True)

    customer_class: Class = Field("", alias="class")
    tax_number: TaxNumber | None = None
    exemptions: Annotated[list[ExemptionAsked], Field(max_length=50)] = []


def exemptions(customer: CustomerAsked, place: str) -> tuple[Exemption, ...]:
    """The certificates, as the tax engine reads them; one of a tax that a place does not have is
    refused. A query only where there are any."""
    known = {(tax, kind) for tax, kind, _ in tax_kinds(place)} if customer.exemptions else set()
    return tuple(_exemption(one, at, known) for at, one in enumerate(customer.exemptions))


def _exemption(one: ExemptionAsked, at: int, known: set[tuple[str, str]]) -> Exemption:
    where = ("customer", "exemptions", at)
    if bool(one.tax) == (one.kind is not None):
        raise fault("An exemption is of a tax or of a kind.", *where, "tax")
    if known and not any(one.tax == tax or one.kind == kind for tax, kind in known):
        taxes = ", ".join(sorted({tax for tax, _ in known}))
        raise fault(f"The place has no such tax. It has {taxes}.", *where,
                    "tax" if one.tax else "kind")  # fmt: skip
    if one.end is not None and one.end <= one.valid_from:
        raise fault("It ends before it begins.", *where, "end")
    return Exemption(
        certificate=one.certificate, valid_from=one.valid_from, tax=one.tax,
        kind=one.kind or "", ratio=Fraction(one.percent) / 100, end=one.end,
    )  # fmt: skip
