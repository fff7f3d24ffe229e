"""Add-ons and bundles by API: sold, had, taken and dropped, each with a preview."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Field, Router, Schema, Status
from ninja.decorators import decorate_view

from waya.api.door import REFUSALS, WRITES, Caller, entity_id
from waya.api.lists import Amount, Day, Title, amount, one
from waya.api.once import HEADER, once
from waya.api.plans.changes import DONE, WHERE, of_caller, outcome_shown
from waya.api.preview.fields import Asked, Minor
from waya.billing.commands.lives.add_ons import drop_add_on, take_add_on
from waya.billing.commands.lives.bundles import drop_part
from waya.billing.queries.lives.had import had_on
from waya.catalog.commands import add_add_on, add_bundle
from waya.catalog.models import Plan
from waya.catalog.queries import price_on
from waya.org.queries import visible_to
from waya.subscriptions.models import AddOn

router = Router(tags=["sales"])

Code = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9_-]+$")]
Kbps = Annotated[int, Field(ge=0, le=10**8)]


class AddOnWished(Asked):
    """Something sold on top of plans: `to` those with these codes, of any without. Besides its
    price each period it may cost something once, and a deposit; minor units, with taxes."""

    code: Code
    name: Title
    price_minor: Minor
    once_minor: Minor = 0
    deposit_minor: Minor = 0
    unit: Literal["month", "week", "day"] = "month"
    count: Annotated[int, Field(ge=1, le=366)] = 1
    tax_class: Annotated[str, Field(max_length=20, pattern=r"^[a-z-]+$")] = "internet"
    down_kbps: Kbps = 0
    up_kbps: Kbps = 0
    to: Annotated[list[Code], Field(max_length=50)] = []
    valid_from: Day


class BundleWished(Asked):
    """Several plans as one, a line and what goes on top of it: for `price_minor` each period, or
    `percent_off` of what they cost alone."""

    code: Code
    name: Title
    parts: Annotated[list[Code], Field(min_length=2, max_length=10)]
    price_minor: Minor | None = None
    percent_off: Annotated[Decimal, Field(ge=0, le=100, decimal_places=4)] = Decimal(0)
    valid_from: Day


class SoldShown(Schema):
    """What was put on sale, and what it costs each period."""

    id: UUID
    code: str
    name: str
    price: Amount


class AddOnShown(Schema):
    """An add-on of a subscription, on the half-open dates from `start` to `end`."""

    id: UUID
    plan: UUID
    name: str
    quantity: int
    start: date
    end: date | None
    state: Literal["waiting", "running"]


class OfferShown(Schema):
    """An add-on that could be taken, with its price each period on the day."""

    plan: UUID
    code: str
    name: str
    price: Amount


class OnTopShown(Schema):
    """What a subscription has on top of its plan, the parts of its bundle, and what it could
    take."""

    had: list[AddOnShown]
    parts: list[OfferShown]
    offered: list[OfferShown]


class TakeAsked(Asked):
    """Which add-on, how many of it, and from when."""

    plan: UUID
    quantity: Annotated[int, Field(ge=1, le=1000)] = 1
    when: Literal["at_once", "term_end"] = "at_once"


class DropAsked(Asked):
    """When it ends."""

    when: Literal["at_once", "term_end"] = "at_once"


@router.post("/add-ons", response={201: SoldShown, **WRITES}, openapi_extra=HEADER)
@decorate_view(once)
def post_add_on(request: Caller, asked: AddOnWished) -> Status[dict[str, Any]]:
    """Sell something on top of plans."""
    by = request.auth.must("catalog.change")
    plan = add_add_on(entity_id=entity_id(by), by=by, **asked.model_dump())
    return Status(201, _sold(plan, asked.valid_from))


@router.post("/bundles", response={201: SoldShown, **WRITES}, openapi_extra=HEADER)
@decorate_view(once)
def post_bundle(request: Caller, asked: BundleWished) -> Status[dict[str, Any]]:
    """Sell several plans as one."""
    by = request.auth.must("catalog.change")
    plan = add_bundle(entity_id=entity_id(by), by=by, **asked.model_dump())
    return Status(201, _sold(plan, asked.valid_from))


@router.get(WHERE + "/add-ons", response={200: OnTopShown, **REFUSALS})
def list_add_ons(request: Caller, id: UUID) -> dict[str, Any]:
    """What a subscription has on top of its plan, and what it could have."""
    _, row, today = of_caller(request, id, "customers.view")
    found = had_on(row, today)
    return {
        "had": [
            {"id": each.public_id, "plan": each.plan.public_id, "name": each.plan.name,
             "quantity": each.quantity, "start": each.start, "end": each.end,
             "state": each.state}
            for each in found.had
        ],
        "parts": [_sold(each, today) | {"plan": each.public_id} for each in found.parts],
        "offered": [
            {"plan": plan.public_id, "code": plan.code, "name": plan.name,
             "price": amount(price.minor, price.currency)}
            for plan, price in found.offered
        ],
    }  # fmt: skip


@router.post(WHERE + "/add-ons", response=DONE, openapi_extra=HEADER)
@decorate_view(once)
def take(request: Caller, id: UUID, asked: TakeAsked, preview: bool = False) -> dict[str, Any]:
    """Put an add-on on top of a subscription; with `preview`, only say what comes of it."""
    by, row, today = of_caller(request, id, "billing.change_plan")
    plan = one(visible_to(by, Plan.objects.all()), asked.plan)
    return outcome_shown(take_add_on(
        subscription_id=row.pk, plan_id=plan.pk, quantity=asked.quantity, when=asked.when,
        on=today, preview=preview, by=by,
    ))  # fmt: skip


@router.post(WHERE + "/add-ons/{uuid:add_on}/drop", response=DONE, openapi_extra=HEADER)
@decorate_view(once)
def drop(
    request: Caller, id: UUID, add_on: UUID, asked: DropAsked, preview: bool = False
) -> dict[str, Any]:
    """End an add-on; with `preview`, only say what comes of it."""
    by, row, today = of_caller(request, id, "billing.change_plan")
    had = one(AddOn.objects.filter(subscription=row), add_on)
    return outcome_shown(
        drop_add_on(add_on_id=had.pk, on=today, when=asked.when, preview=preview, by=by)
    )


@router.post(WHERE + "/parts/{uuid:part}/drop", response=DONE, openapi_extra=HEADER)
@decorate_view(once)
def drop_of_bundle(request: Caller, id: UUID, part: UUID, preview: bool = False) -> dict[str, Any]:
    """Drop a part of a bundle, as policy has it; with `preview`, only say what comes of it."""
    by, row, today = of_caller(request, id, "billing.change_plan")
    plan = one(visible_to(by, Plan.objects.all()), part)
    return outcome_shown(
        drop_part(subscription_id=row.pk, plan_id=plan.pk, on=today, preview=preview, by=by)
    )


def _sold(plan: Plan, on: date) -> dict[str, Any]:
    price = price_on(plan.pk, on).amount
    return {
        "id": plan.public_id,
        "code": plan.code,
        "name": plan.name,
        "price": amount(price.minor, price.currency),
    }
