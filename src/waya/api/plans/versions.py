"""Versions of plans: what is charged, for those who take a plan from a date on."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import Http404
from ninja import Field, Router, Schema, Status
from ninja.decorators import decorate_view

from waya.api.door import REFUSALS, WRITES, Caller, here
from waya.api.lists import Amount, Day, amount, one
from waya.api.once import HEADER, once
from waya.api.preview import made
from waya.api.preview.asked import ChargeAsked, PhaseAsked, PlanAsked
from waya.api.preview.fields import Asked, Major, Minor
from waya.billing.queries.lives import price_changes
from waya.catalog.commands import change_price, publish_version
from waya.catalog.models import Plan, PlanVersion
from waya.catalog.queries import interval_of
from waya.catalog.rules.plans import Unit
from waya.kernel.money import Money
from waya.org.queries import visible_to

router = Router(tags=["sales"])


class VersionAsked(Asked):
    """What a plan is to cost from a date on, for those who take it then: `price` for a whole
    period, or `charges` of any kind, and phases. Amounts are in major units."""

    valid_from: Day
    price: Major | None = None
    price_minor: Minor | None = None
    price_per: Literal["cycle", "month", "day"] = "cycle"
    charges: Annotated[list[ChargeAsked], Field(max_length=20)] = []
    phases: Annotated[list[PhaseAsked], Field(max_length=10)] = []
    minimum: Major = Decimal(0)
    tax_inclusive: bool = True


class VersionShown(Schema):
    """A version as published, never changed since. `price` is what its recurring charges come
    to for one unit; `terms` hold every charge and phase, exact and in minor units."""

    id: UUID
    plan: UUID
    number: int
    valid_from: date
    price: Amount
    tax_inclusive: bool
    terms: dict[str, Any]
    published_at: datetime


@router.get("/plans/{uuid:id}/versions", response={200: list[VersionShown], **REFUSALS})
def list_versions(request: Caller, id: UUID) -> list[dict[str, Any]]:
    """Every version of a plan, newest first."""
    plan = one(visible_to(request.auth, Plan.objects.all()), id)
    return [_version(plan, row) for row in plan.versions.order_by("-number")]


@router.post(
    "/plans/{uuid:id}/versions", response={201: VersionShown, **WRITES}, openapi_extra=HEADER
)
@decorate_view(once)
def post_version(request: Caller, id: UUID, asked: VersionAsked) -> Status[dict[str, Any]]:
    """Publish a version. Whoever has the plan keeps what they have until a price change."""
    by = request.auth.must("catalog.change")
    plan = one(visible_to(by, Plan.objects.all()), id)
    told = asked.model_dump(exclude={"valid_from", "tax_inclusive"}, exclude_unset=True)
    wanted = PlanAsked(code=plan.code, name=plan.name, count=plan.count,
                       interval=interval_of(plan).unit, **told)  # fmt: skip
    version = publish_version(
        plan_id=plan.pk,
        terms=made.plan(wanted, here(by).currency, plan.code, ()),
        valid_from=asked.valid_from,
        tax_inclusive=asked.tax_inclusive,
        by=by,
    )
    return Status(201, _version(plan, version))


class PriceChangeAsked(Asked):
    """From when on those who have an older version are charged by this one."""

    on: Day


class GroupShown(Schema):
    """Alike subscriptions, or add-ons on them: the version they have, and what each pays for a
    period of so many months, weeks, days or hours, taxes included."""

    version: int
    quantity: int
    interval: Unit
    count: int
    many: int
    now: Amount
    then: Amount
    difference: Amount


class PayerShown(Schema):
    """One of those who would pay most more."""

    customer: str
    account_number: str
    username: str
    now: Amount
    then: Amount


class BundleKept(Schema):
    """Those who have the plan as a part of a bundle, whose price is its own and stays."""

    plan: UUID
    plan_name: str
    many: int
    price: Amount


class PriceChangeShown(Schema):
    """What a price change comes to for a period of everybody it moves, whether they have the
    plan or have it as an add-on; the greatest differences first."""

    version: int
    on: date
    many: int
    now: Amount
    then: Amount
    difference: Amount
    groups: list[GroupShown]
    payers: list[PayerShown]
    bundles: list[BundleKept]


@router.post(
    "/plans/{uuid:id}/versions/{int:number}/price-change",
    response={200: PriceChangeShown, **WRITES}, openapi_extra=HEADER,
)  # fmt: skip
@decorate_view(once)
def post_price_change(
    request: Caller, id: UUID, number: int, asked: PriceChangeAsked, preview: bool = False
) -> dict[str, Any]:
    """Move those who have an older version to this one; with `preview`, only say who pays what."""
    by = request.auth.must("catalog.change")
    plan = one(visible_to(by, Plan.objects.all()), id)
    version = plan.versions.filter(number=number).first()
    if version is None:
        raise Http404
    shown = price_changes.preview(version.pk, asked.on)
    if not preview:
        change_price(version_id=version.pk, on=asked.on, by=by)
    return _change(shown)


def _change(shown: price_changes.Preview) -> dict[str, Any]:
    currency = shown.now.currency
    return {
        "version": shown.version.number, "on": shown.on, "many": shown.many,
        **_sums(shown.now, shown.then, currency),
        "groups": [
            {"version": each.version.number, "quantity": each.quantity, "many": each.many,
             "interval": each.interval.unit, "count": each.interval.count,
             **_sums(each.now, each.then, currency)}
            for each in shown.groups
        ],
        "payers": [
            {"customer": each.customer, "account_number": each.account,
             "username": each.username, **_sums(each.now, each.then, currency)}
            for each in shown.payers
        ],
        "bundles": [
            {"plan": each.plan.public_id, "plan_name": each.plan.name, "many": each.many,
             "price": amount(each.price.minor, currency)}
            for each in shown.bundles
        ],
    }  # fmt: skip


def _sums(now: Money, then: Money, currency: str) -> dict[str, Any]:
    return {
        "now": amount(now.minor, currency),
        "then": amount(then.minor, currency),
        "difference": amount(then.minor - now.minor, currency),
    }


def _version(plan: Plan, row: PlanVersion) -> dict[str, Any]:
    own = ("number", "valid_from", "tax_inclusive", "terms", "published_at")
    return {
        "id": row.public_id,
        "plan": plan.public_id,
        "price": amount(row.amount_minor, row.currency),
        **{name: getattr(row, name) for name in own},
    }
