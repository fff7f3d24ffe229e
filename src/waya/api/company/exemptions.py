"""What the tax office knows of customers: their numbers, and certificates of exemption."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from django.db.models import QuerySet
from ninja import Field, Query, Router, Schema, Status
from ninja.decorators import decorate_view
from pydantic import StringConstraints

from waya.api.customers import CustomerShown, customers, shown
from waya.api.door import REFUSALS, WRITES, Caller
from waya.api.lists import PLAIN, Going, Page, Short, one, page
from waya.api.once import HEADER, once
from waya.billing.commands.taxes.exemptions import Wished, end_exemption, exempt
from waya.billing.models import Exemption
from waya.org.actors import Actor
from waya.org.queries import visible_to
from waya.parties.commands.customers import name_tax_number

router = Router(tags=["taxes"])

Code = Annotated[str, StringConstraints(max_length=20, pattern=r"^[a-z_]*$")]


class NumberWished(Schema):
    """A tax number as people write it, or an empty one for none."""

    tax_number: Annotated[str, StringConstraints(max_length=30, pattern=PLAIN)]


class ExemptionShown(Schema):
    """A certificate: of `tax`, or (empty) of every tax of `kind`; on `tax_class`, or (empty) on
    everything; on the half-open dates from `valid_from` to `end`. One that ends on its first day
    never held."""

    id: UUID
    customer: UUID
    certificate: str
    kind: str
    tax: str
    tax_class: str
    percent: str
    valid_from: date
    end: date | None
    recorded_at: datetime
    recorded_by: str


class ExemptionWished(Schema):
    """A certificate to record, of a `tax` or of a `kind` of taxes."""

    certificate: Short
    kind: Code = ""
    tax: Code = ""
    tax_class: Code = ""
    percent: Annotated[Decimal, Field(gt=0, le=100, max_digits=7, decimal_places=4)] = Decimal(100)
    valid_from: date
    end: date | None = None


class EndWished(Schema):
    """From which day a certificate holds no more."""

    on: date


@router.post(
    "/customers/{uuid:id}/tax-number", response={200: CustomerShown, **WRITES}, openapi_extra=HEADER
)
@decorate_view(once)
def keep_tax_number(request: Caller, id: UUID, wished: NumberWished) -> dict[str, Any]:
    """Keep a customer's tax number: it stands on what is issued from now on."""
    by = request.auth.must("parties.tax")
    customer = one(customers(by), id)
    name_tax_number(customer_id=customer.pk, tax_number=wished.tax_number, by=by)
    return shown([one(customers(by), id)])[0]


@router.get("/customers/{uuid:id}/exemptions", response={200: Page[ExemptionShown], **REFUSALS})
def list_exemptions(request: Caller, id: UUID, going: Query[Going]) -> dict[str, Any]:
    """A customer's certificates, newest first, those that ended with them."""
    by = request.auth.must("customers.view")
    customer = one(customers(by), id)
    return page(exemptions(by).filter(customer=customer), going, _shown)


@router.post(
    "/customers/{uuid:id}/exemptions", response={201: ExemptionShown, **WRITES},
    openapi_extra=HEADER,
)  # fmt: skip
@decorate_view(once)
def record_exemption(request: Caller, id: UUID, wished: ExemptionWished) -> Status[dict[str, Any]]:
    """Record a certificate: documents whose day of issue is among its days carry no such tax."""
    by = request.auth.must("billing.exempt")
    customer = one(customers(by), id)
    told = wished.model_dump()
    row = exempt(customer_id=customer.pk, wished=Wished(told.pop("certificate"), **told), by=by)
    return Status(201, _shown([one(exemptions(by), row.public_id)])[0])


@router.post(
    "/exemptions/{uuid:id}/end", response={200: ExemptionShown, **WRITES}, openapi_extra=HEADER
)
@decorate_view(once)
def end_certificate(request: Caller, id: UUID, wished: EndWished) -> dict[str, Any]:
    """End a certificate. What was issued before stays; on its first day, it never held."""
    by = request.auth.must("billing.exempt")
    row = one(exemptions(by), id)
    end_exemption(exemption_id=row.pk, on=wished.on, by=by)
    return _shown([one(exemptions(by), id)])[0]


def exemptions(by: Actor) -> QuerySet[Exemption]:
    """The certificates that an actor sees."""
    rows = Exemption.objects.select_related("customer")
    return visible_to(by, rows, entity="customer__entity_id")


def _shown(rows: list[Exemption]) -> list[dict[str, Any]]:
    return [
        {
            "id": row.public_id, "customer": row.customer.public_id,
            "percent": f"{row.percent.normalize():f}",
            **{name: getattr(row, name) for name in (
                "certificate", "kind", "tax", "tax_class", "valid_from", "end", "recorded_at",
                "recorded_by")},
        }
        for row in rows
    ]  # fmt: skip
