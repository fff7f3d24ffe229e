"""Promises to pay: taken, listed with what became of them, and taken back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Field, Query, Router, Schema, Status
from ninja.decorators import decorate_view

from waya.api.door import REFUSALS, WRITES, Caller, here
from waya.api.lists import Amount, Going, Page, amount, narrowed, one, page
from waya.api.once import HEADER, once
from waya.billing.commands import promises
from waya.billing.models import Promise
from waya.billing.queries.promises import words_of
from waya.kernel import clock
from waya.kernel.money import Money
from waya.org.actors import Actor
from waya.org.queries import visible_to
from waya.parties.models import Customer

router = Router(tags=["billing"])


class PromiseShown(Schema):
    """A customer's word to pay by the end of a day. It is `kept` as soon as so much of what was
    owed then is paid, `broken` when its day has passed without that."""

    id: UUID
    customer: UUID
    amount: Amount
    until: date
    state: Literal["open", "kept", "broken", "withdrawn"]
    made_on: date
    made_at: datetime
    taken_by: str


class PromiseWished(Schema):
    """How much, by the end of which day."""

    amount_minor: Annotated[int, Field(strict=True, ge=1, le=10**14)]
    until: date


class Choosing(Going):
    """Narrow to a customer, to days from `since` on, or both."""

    customer: UUID | None = None
    since: date | None = None


@router.get("/promises", response={200: Page[PromiseShown], **REFUSALS})
def list_promises(request: Caller, choosing: Query[Choosing]) -> dict[str, Any]:
    """Promises, newest first, with what became of each."""
    by = request.auth.must("money.view")
    rows = narrowed(_promises(by), customer__public_id=choosing.customer, until__gte=choosing.since)
    today = clock.today(here(by).zone)
    return page(rows, choosing, lambda found: _shown(found, today))


@router.post(
    "/customers/{uuid:id}/promises", response={201: PromiseShown, **WRITES}, openapi_extra=HEADER
)
@decorate_view(once)
def take_promise(request: Caller, id: UUID, wished: PromiseWished) -> Status[dict[str, Any]]:
    """Take a customer's word: until its day has passed, nothing further is done about debts."""
    by = request.auth.must("billing.promise")
    customer, entity = one(visible_to(by, Customer.objects.all()), id), here(by)
    made = promises.promise(
        customer=customer, amount=Money(wished.amount_minor, entity.currency),
        until=wished.until, by=by,
    )  # fmt: skip
    return Status(201, _shown([made], clock.today(entity.zone))[0])


@router.post(
    "/promises/{uuid:id}/withdraw", response={200: PromiseShown, **WRITES}, openapi_extra=HEADER
)
@decorate_view(once)
def withdraw_promise(request: Caller, id: UUID) -> dict[str, Any]:
    """Take a promise back: it spares nobody any more, and is no broken one."""
    by = request.auth.must("billing.promise")
    row = promises.withdraw(promise_id=one(_promises(by), id).pk, by=by)
    return _shown([row], clock.today(here(by).zone))[0]


def _promises(by: Actor) -> Any:
    rows = Promise.objects.select_related("customer")
    return visible_to(by, rows, entity="customer__entity_id")


def _shown(rows: Sequence[Promise], today: date) -> list[dict[str, Any]]:
    return [
        {
            "id": given.promise.public_id,
            "customer": given.promise.customer.public_id,
            "amount": amount(given.promise.amount_minor, given.promise.currency),
            "until": given.promise.until,
            "state": given.word.value,
            "made_on": given.promise.made_on,
            "made_at": given.promise.made_at,
            "taken_by": given.promise.taken_by,
        }
        for given in words_of(rows, today)
    ]
