"""Disputes of invoices: opened, listed and closed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from ninja import Query, Router, Schema, Status
from ninja.decorators import decorate_view

from waya.api.door import REFUSALS, WRITES, Caller
from waya.api.invoices import invoices
from waya.api.lists import Amount, Going, Page, Words, amount, narrowed, one, page
from waya.api.once import HEADER, once
from waya.billing.commands.disputes import close_dispute, open_dispute
from waya.billing.models import Dispute
from waya.org.actors import Actor
from waya.org.queries import visible_to

router = Router(tags=["billing"])


class DisputeShown(Schema):
    """An invoice that its customer does not accept. While it is open the invoice does not count;
    `left` is what is missing on it."""

    id: UUID
    invoice: UUID
    number: str
    customer: UUID
    left: Amount
    reason: str
    state: Literal["open", "upheld", "rejected"]
    opened_on: date
    opened_by: str
    closed_at: datetime | None
    closed_by: str


class DisputeWished(Schema):
    """Why it is not accepted."""

    reason: Words


class Verdict(Schema):
    """Whether the customer is right: then a credit note or a write-off is to follow."""

    upheld: bool


class Choosing(Going):
    """Narrow to a customer, an invoice, a state, or all of them."""

    customer: UUID | None = None
    invoice: UUID | None = None
    state: Literal["open", "upheld", "rejected"] | None = None


@router.get("/disputes", response={200: Page[DisputeShown], **REFUSALS})
def list_disputes(request: Caller, choosing: Query[Choosing]) -> dict[str, Any]:
    """Disputes, newest first."""
    rows = narrowed(
        _disputes(request.auth.must("money.view")),
        invoice__customer__public_id=choosing.customer,
        invoice__public_id=choosing.invoice,
        state=choosing.state,
    )
    return page(rows, choosing, lambda found: [_shown(row) for row in found])


@router.post(
    "/invoices/{uuid:id}/disputes", response={201: DisputeShown, **WRITES}, openapi_extra=HEADER
)
@decorate_view(once)
def dispute_invoice(request: Caller, id: UUID, wished: DisputeWished) -> Status[dict[str, Any]]:
    """Say that an invoice is not accepted: it no longer counts, and whoever was walled for it
    alone is back. One that is open already is answered again."""
    by = request.auth.must("billing.dispute")
    made = open_dispute(invoice_id=one(invoices(by), id).pk, reason=wished.reason, by=by)
    return Status(201, _shown(_disputes(by).get(pk=made.pk)))


@router.post(
    "/disputes/{uuid:id}/close", response={200: DisputeShown, **WRITES}, openapi_extra=HEADER
)
@decorate_view(once)
def close(request: Caller, id: UUID, verdict: Verdict) -> dict[str, Any]:
    """Close a dispute; rejected, the invoice counts again by its old due day."""
    by = request.auth.must("billing.dispute")
    row = one(_disputes(by), id)
    close_dispute(dispute_id=row.pk, upheld=verdict.upheld, by=by)
    return _shown(one(_disputes(by), id))


def _disputes(by: Actor) -> Any:
    rows = Dispute.objects.select_related("invoice__customer")
    return visible_to(by, rows, entity="invoice__entity_id")


def _shown(row: Dispute) -> dict[str, Any]:
    invoice = row.invoice
    own = ("reason", "state", "opened_on", "opened_by", "closed_at", "closed_by")
    return {
        "id": row.public_id,
        "invoice": invoice.public_id,
        "number": invoice.number,
        "customer": invoice.customer.public_id,
        "left": amount(invoice.total_minor - invoice.paid_minor, invoice.currency),
        **{name: getattr(row, name) for name in own},
    }
