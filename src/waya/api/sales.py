"""The company, and what customers have of its plans."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from django.db.models import QuerySet
from ninja import Query, Router, Schema

from waya.api.door import REFUSALS, Caller, here
from waya.api.lists import Going, Page, narrowed, one, page
from waya.kernel import clock
from waya.org.actors import Actor
from waya.org.queries import visible_to
from waya.subscriptions.models import Subscription

router = Router(tags=["sales"])


class EntityShown(Schema):
    """The legal company that a token acts in; `today` is its business date."""

    id: UUID
    name: str
    legal_name: str
    tax_number: str
    country: str
    currency: str
    zone: str
    phone: str
    address: str
    paybill: str
    today: date


class PlannedShown(Schema):
    """What is to become of a subscription `on` a day: it goes on under a plan, as many as
    `quantity` where that changes; or, without a plan, it ends."""

    on: date
    plan: UUID | None
    plan_name: str
    quantity: int | None


class SubscriptionShown(Schema):
    """A plan at a site. Dates are half-open: `paid_through` is the first day not paid for. One
    by the hour is paid up to the moment `paid_until` instead."""

    id: UUID
    customer: UUID
    site: UUID
    plan: UUID
    plan_name: str
    router: UUID
    username: str
    state: Literal["pending_payment", "active", "suspended", "paused", "ended"]
    standing: Literal["good", "grace", "cut_off", "off"]
    quantity: int
    created_at: datetime
    started_on: date | None
    paid_through: date | None
    paid_until: datetime | None
    billed_through: date | None
    planned: PlannedShown | None
    ended_on: date | None


class Choosing(Going):
    """Narrow subscriptions to a customer, a state, or both."""

    customer: UUID | None = None
    state: Literal["pending_payment", "active", "suspended", "paused", "ended"] | None = None


@router.get("/entity", response={200: EntityShown, **REFUSALS})
def get_entity(request: Caller) -> dict[str, Any]:
    """The company that the token acts in."""
    entity = here(request.auth)
    fields = ("name", "legal_name", "tax_number", "country", "currency", "zone", "phone", "address",
              "paybill")  # fmt: skip
    told = {name: getattr(entity, name) for name in fields}
    return {"id": entity.public_id, "today": clock.today(entity.zone), **told}


def subscriptions(by: Actor) -> QuerySet[Subscription]:
    """The subscriptions that an actor sees, with what they name."""
    rows = Subscription.objects.select_related(
        "customer", "site", "plan", "router", "next_version__plan"
    )
    return visible_to(by, rows)


@router.get("/subscriptions", response={200: Page[SubscriptionShown], **REFUSALS})
def list_subscriptions(request: Caller, choosing: Query[Choosing]) -> dict[str, Any]:
    """Subscriptions, newest first."""
    rows = narrowed(
        subscriptions(request.auth.must("customers.view")),
        customer__public_id=choosing.customer,
        state=choosing.state,
    )
    return page(rows, choosing, lambda found: [_subscription(row) for row in found])


@router.get("/subscriptions/{uuid:id}", response={200: SubscriptionShown, **REFUSALS})
def get_subscription(request: Caller, id: UUID) -> dict[str, Any]:
    """One subscription."""
    return _subscription(one(subscriptions(request.auth.must("customers.view")), id))


def _subscription(row: Subscription) -> dict[str, Any]:
    own = ("username", "state", "standing", "quantity", "created_at", "started_on",
           "paid_through", "paid_until", "billed_through", "ended_on")  # fmt: skip
    return {
        "id": row.public_id,
        "customer": row.customer.public_id,
        "site": row.site.public_id,
        "plan": row.plan.public_id,
        "plan_name": row.plan.name,
        "router": row.router.public_id,
        "planned": _planned(row),
        **{name: getattr(row, name) for name in own},
    }


def _planned(row: Subscription) -> dict[str, Any] | None:
    if row.next_on is None:
        return None
    plan = row.next_version.plan if row.next_version else None
    return {
        "on": row.next_on,
        "plan": plan.public_id if plan else None,
        "plan_name": plan.name if plan else "",
        "quantity": row.next_quantity,
    }
