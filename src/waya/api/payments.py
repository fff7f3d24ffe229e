"""Payments, the suspense queue and its matching, and prompts."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from ninja import Field, Query, Router, Schema, Status
from ninja.decorators import decorate_view

from waya.api.door import REFUSALS, WRITES, Caller, here
from waya.api.lists import Amount, Going, Page, Short, amount, narrowed, one, page
from waya.api.once import HEADER, once, once_beyond
from waya.org.actors import Actor
from waya.org.queries import visible_to
from waya.parties.models import Customer
from waya.parties.queries import phones_of
from waya.payments.commands import match, prompts
from waya.payments.commands.take import take_again
from waya.payments.models import Notification, Payment, Prompt
from waya.reports.queries import payments as reads

router = Router(tags=["payments"])


class AllocationShown(Schema):
    """A part of a payment that settled an invoice; or, if it `recovers`, that came for what had
    been written off of it."""

    invoice: UUID
    number: str
    amount: Amount
    recovers: bool


class PaymentShown(Schema):
    """Money that arrived, booked once; without a customer it stands in suspense.

    What `allocations` leave over became the customer's credit.
    """

    id: UUID
    receipt_number: str
    state: Literal["matched", "suspense"]
    customer: UUID | None
    amount: Amount
    provider: str
    transaction: str
    payer: str
    payer_name: str
    account_typed: str
    paid_at: datetime
    value_on: date
    taken_at: datetime
    matched_at: datetime | None
    matched_by: str
    allocations: list[AllocationShown]


class ParkedShown(Schema):
    """What a provider told us, `raw` word for word, and why it waits for a person. No money of
    it is booked yet."""

    id: int
    kind: str
    paybill: str
    transaction: str
    received_at: datetime
    reason: str
    raw: str
    repeats: int


class Choosing(Going):
    """Narrow to a customer, or to what stands in suspense (or does not)."""

    customer: UUID | None = None
    state: Literal["matched", "suspense"] | None = None


class Match(Schema):
    """Whose money it is."""

    customer: UUID


class PromptWished(Schema):
    """Ask a phone for money: without `phone`, the customer's own."""

    customer: UUID
    amount_minor: Annotated[int, Field(strict=True, ge=100, le=250_000_00, multiple_of=100)]
    phone: Short | None = None


class PromptShown(Schema):
    """A prompt. Only `paid` and `failed` say how it ended; a failure may still become paid."""

    id: UUID
    customer: UUID
    phone: str
    amount: Amount
    state: Literal["sending", "sent", "paid", "failed", "unknown"]
    result_code: str
    result_text: str
    made_at: datetime
    ended_at: datetime | None


@router.get("/payments", response={200: Page[PaymentShown], **REFUSALS})
def list_payments(request: Caller, choosing: Query[Choosing]) -> dict[str, Any]:
    """Payments, newest first; `state=suspense` is the queue of money that nobody owns yet."""
    rows = narrowed(
        _payments(request.auth.must("money.view")), customer__public_id=choosing.customer
    )
    if choosing.state is not None:
        rows = rows.filter(customer__isnull=choosing.state == "suspense")
    return page(rows, choosing, lambda found: [_payment(row) for row in found])


@router.get("/payments/{uuid:id}", response={200: PaymentShown, **REFUSALS})
def get_payment(request: Caller, id: UUID) -> dict[str, Any]:
    """One payment."""
    return _payment(one(_payments(request.auth.must("money.view")), id))


@router.post(
    "/payments/{uuid:id}/match", response={200: PaymentShown, **WRITES}, openapi_extra=HEADER
)
@decorate_view(once)
def match_payment(request: Caller, id: UUID, wished: Match) -> dict[str, Any]:
    """Give money in suspense to a customer: invoices are settled and service restored with it."""
    by = request.auth.must("payments.match")
    payment = one(_payments(by), id)
    customer = one(visible_to(by, Customer.objects.all()), wished.customer)
    match.match(payment_id=payment.pk, customer_id=customer.pk, by=by)
    return _payment(one(_payments(by), id))


@router.get("/notifications/parked", response={200: list[ParkedShown], **REFUSALS})
def list_parked(request: Caller) -> list[dict[str, Any]]:
    """What providers told us and could not be worked off, the newest first, fifty at most."""
    by = request.auth.must("payments.match")
    return [
        {"id": row.pk, "kind": row.kind, "paybill": row.merchant.short_code,
         **{name: getattr(row, name) for name in _PARKED}}
        for row in reads.parked(here(by).pk).rows
    ]  # fmt: skip


_PARKED = ("transaction", "received_at", "reason", "raw", "repeats")


@router.post(
    "/notifications/{int:id}/take-again", response={204: None, **WRITES}, openapi_extra=HEADER
)
@decorate_view(once)
def take_parked_again(request: Caller, id: int) -> Status[None]:
    """Let one that was parked be worked off once more; it is parked again if that fails."""
    by = request.auth.must("payments.match")
    rows = Notification.objects.filter(pk=id, merchant__entity=here(by))
    if not rows.exists():
        raise Http404
    take_again(notification_id=id, by=by)
    return Status(204, None)


@router.post("/prompts", response={201: PromptShown, **WRITES}, openapi_extra=HEADER)
@decorate_view(once_beyond)
def send_prompt(request: Caller, wished: PromptWished) -> Status[dict[str, Any]]:
    """Ask a customer's phone for money. The answer comes before the person's: look again."""
    by = request.auth.must("payments.prompt")
    customer = one(visible_to(by, Customer.objects.all()), wished.customer)
    phone = wished.phone or phones_of([customer.pk]).get(customer.pk, "")
    prompt = prompts.prompt(
        customer_id=customer.pk, phone=phone, amount_minor=wished.amount_minor, by=by
    )
    return Status(201, _prompt(one(_prompts(by), prompt.public_id)))


@router.get("/prompts/{uuid:id}", response={200: PromptShown, **REFUSALS})
def get_prompt(request: Caller, id: UUID) -> dict[str, Any]:
    """What became of a prompt."""
    return _prompt(one(_prompts(request.auth.must("money.view")), id))


def _payments(by: Actor) -> QuerySet[Payment]:
    rows = Payment.objects.select_related("customer").prefetch_related("allocations__invoice")
    return visible_to(by, rows)


def _prompts(by: Actor) -> QuerySet[Prompt]:
    rows = Prompt.objects.select_related("customer")
    return visible_to(by, rows, entity="customer__entity_id")


def _payment(row: Payment) -> dict[str, Any]:
    own = ("receipt_number", "provider", "transaction", "payer", "payer_name", "account_typed",
           "paid_at", "value_on", "taken_at", "matched_at", "matched_by")  # fmt: skip
    return {
        "id": row.public_id,
        "state": "matched" if row.customer else "suspense",
        "customer": row.customer.public_id if row.customer else None,
        "amount": amount(row.amount_minor, row.currency),
        "allocations": [
            {"invoice": part.invoice.public_id, "number": part.invoice.number,
             "amount": amount(part.amount_minor, row.currency), "recovers": part.recovers}
            for part in row.allocations.all()
        ],
        **{name: getattr(row, name) for name in own},
    }  # fmt: skip


def _prompt(row: Prompt) -> dict[str, Any]:
    own = ("phone", "state", "result_code", "result_text", "made_at", "ended_at")
    return {
        "id": row.public_id,
        "customer": row.customer.public_id,
        "amount": amount(row.amount_minor, row.currency),
        **{name: getattr(row, name) for name in own},
    }
