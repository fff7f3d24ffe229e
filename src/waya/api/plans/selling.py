"""What is sold, by API: a plan put on sale with all that it charges, withdrawn, sold again."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Field, Query, Router, Schema, Status
from ninja.decorators import decorate_view

from waya.api.door import REFUSALS, WRITES, Caller, entity_id, here
from waya.api.lists import Amount, Going, Page, Title, amount, one, page
from waya.api.once import HEADER, once
from waya.api.plans.versions import VersionAsked
from waya.api.preview import made
from waya.api.preview.asked import PlanAsked
from waya.catalog.commands import open_plan, sell_again, withdraw_plan
from waya.catalog.models import Plan
from waya.catalog.queries import on_day, prices
from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.org.queries import visible_to

router = Router(tags=["sales"])


class PlanShown(Schema):
    """A service by periods of `count` `unit`s; `price` is today's, None before its first."""

    id: UUID
    code: str
    name: str
    mode: Literal["prepaid", "postpaid"]
    unit: Literal["month", "week", "day", "hour"]
    count: int
    down_kbps: int
    up_kbps: int
    on_sale: bool
    price: Amount | None
    tax_inclusive: bool | None


Slug = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9_-]+$")]
Speed = Annotated[int, Field(ge=1, le=10**9)]


class PlanWished(VersionAsked):
    """A plan that is paid before (`prepaid`) or after (`postpaid`) each period of `count`
    `interval`s: 1–12 months, 1–366 weeks or days, 1–744 hours. With `calendar_day` periods of
    months begin on that day, else on the day somebody begins. What it charges is its first
    version; of these fields only the price ever changes, by further versions."""

    code: Slug
    name: Title
    mode: Literal["prepaid", "postpaid"] = "prepaid"
    interval: Literal["hour", "day", "week", "month"] = "month"
    count: Annotated[int, Field(ge=1, le=744)] = 1
    calendar_day: Annotated[int, Field(ge=1, le=31)] | None = None
    down_kbps: Speed
    up_kbps: Speed


_OWN = {"valid_from", "tax_inclusive", "mode", "calendar_day", "down_kbps", "up_kbps"}


@router.get("/plans", response={200: Page[PlanShown], **REFUSALS})
def list_plans(request: Caller, going: Query[Going]) -> dict[str, Any]:
    """Plans, newest first, sold or not."""
    today = clock.today(here(request.auth).zone)
    return page(
        visible_to(request.auth, Plan.objects.all()), going, lambda rows: _plans(rows, today)
    )


@router.get("/plans/{uuid:id}", response={200: PlanShown, **REFUSALS})
def get_plan(request: Caller, id: UUID) -> dict[str, Any]:
    """One plan."""
    return plan_shown(one(visible_to(request.auth, Plan.objects.all()), id))


def plan_shown(plan: Plan) -> dict[str, Any]:
    """One plan as programs read it, with today's price."""
    return _plans([plan], clock.today(plan.entity.zone))[0]


def _plans(rows: list[Plan], today: date) -> list[dict[str, Any]]:
    known = prices(row.pk for row in rows)
    listed = []
    for row in rows:
        try:
            price = on_day(known.get(row.pk, []), today)
        except Refused:
            price = None
        listed.append({
            "id": row.public_id, "code": row.code, "name": row.name, "mode": row.mode,
            "unit": row.unit, "count": row.count,
            "down_kbps": row.down_kbps, "up_kbps": row.up_kbps,
            "on_sale": row.on_sale,
            "price": amount(price.amount.minor, price.amount.currency) if price else None,
            "tax_inclusive": price.tax_inclusive if price else None,
        })  # fmt: skip
    return listed


@router.post("/plans", response={201: PlanShown, **WRITES}, openapi_extra=HEADER)
@decorate_view(once)
def post_plan(request: Caller, asked: PlanWished) -> Status[dict[str, Any]]:
    """Put a plan on sale."""
    by = request.auth.must("catalog.change")
    wanted = PlanAsked(**asked.model_dump(exclude=_OWN, exclude_unset=True))
    plan = open_plan(
        entity_id=entity_id(by), mode=asked.mode, down_kbps=asked.down_kbps,
        terms=made.plan(wanted, here(by).currency, asked.code, ()), up_kbps=asked.up_kbps,
        valid_from=asked.valid_from, calendar_day=asked.calendar_day,
        tax_inclusive=asked.tax_inclusive, by=by,
    )  # fmt: skip
    return Status(201, plan_shown(plan))


@router.post("/plans/{uuid:id}/withdraw", response={200: PlanShown, **WRITES}, openapi_extra=HEADER)
@decorate_view(once)
def withdraw(request: Caller, id: UUID) -> dict[str, Any]:
    """Sell a plan, an add-on or a bundle no more; whoever has it keeps it."""
    by = request.auth.must("catalog.change")
    plan = one(visible_to(by, Plan.objects.all()), id)
    return plan_shown(withdraw_plan(plan_id=plan.pk, by=by))


@router.post("/plans/{uuid:id}/sell", response={200: PlanShown, **WRITES}, openapi_extra=HEADER)
@decorate_view(once)
def sell(request: Caller, id: UUID) -> dict[str, Any]:
    """Sell a plan again that was withdrawn."""
    by = request.auth.must("catalog.change")
    plan = one(visible_to(by, Plan.objects.all()), id)
    return plan_shown(sell_again(plan_id=plan.pk, by=by))
