"""Calls: customers whom the ladder wants a person to speak with, and what came of it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from ninja import Query, Router, Schema
from ninja.decorators import decorate_view

from waya.api.door import REFUSALS, WRITES, Caller
from waya.api.lists import Amount, Going, Page, Words, amount, narrowed, one, page
from waya.api.once import HEADER, once
from waya.billing.commands.dunning.follow_ups import resolve
from waya.billing.models import FollowUp
from waya.org.actors import Actor
from waya.org.queries import visible_to

router = Router(tags=["billing"])


class FollowUpShown(Schema):
    """A customer to be called: why, what they owed then, and what they said."""

    id: UUID
    customer: UUID
    account_number: str
    name: str
    words: str
    owed: Amount
    made_on: date
    resolved_at: datetime | None
    resolved_by: str
    note: str


class Called(Schema):
    """What they said."""

    note: Words


class Choosing(Going):
    """Narrow to a customer; `open` to those who were not called, or were."""

    customer: UUID | None = None
    open: bool | None = None


@router.get("/follow-ups", response={200: Page[FollowUpShown], **REFUSALS})
def list_follow_ups(request: Caller, choosing: Query[Choosing]) -> dict[str, Any]:
    """Customers whom a person should call, newest first."""
    rows = narrowed(
        _follow_ups(request.auth.must("money.view")),
        customer__public_id=choosing.customer,
        resolved_at__isnull=choosing.open,
    )
    return page(rows, choosing, lambda found: [_shown(row) for row in found])


@router.post(
    "/follow-ups/{uuid:id}/resolve", response={200: FollowUpShown, **WRITES}, openapi_extra=HEADER
)
@decorate_view(once)
def resolve_follow_up(request: Caller, id: UUID, called: Called) -> dict[str, Any]:
    """Say what came of a call; what was told first stays."""
    by = request.auth.must("billing.follow_up")
    row = one(_follow_ups(by), id)
    resolve(follow_up_id=row.pk, note=called.note, by=by)
    return _shown(one(_follow_ups(by), id))


def _follow_ups(by: Actor) -> Any:
    return visible_to(by, FollowUp.objects.select_related("customer"))


def _shown(row: FollowUp) -> dict[str, Any]:
    own = ("words", "made_on", "resolved_at", "resolved_by", "note")
    return {
        "id": row.public_id,
        "customer": row.customer.public_id,
        "account_number": row.customer.account_number,
        "name": row.customer.name,
        "owed": amount(row.owed_minor, row.currency),
        **{name: getattr(row, name) for name in own},
    }
