"""Promotions by API: offered, listed, ended, and who uses them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from django.http import Http404
from ninja import Field, Query, Router, Schema, Status
from ninja.decorators import decorate_view

from waya.api.door import REFUSALS, WRITES, Caller, entity_id, here
from waya.api.lists import Amount, Day, Title, amount
from waya.api.once import HEADER, once
from waya.api.preview.fields import Asked
from waya.billing.queries.lives.promoted import granted_counts, grants_of, held
from waya.catalog.commands import add_promotion, end_promotion
from waya.catalog.models import Promotion
from waya.org.actors import Actor
from waya.org.queries import visible_to

router = Router(tags=["sales"])

Code = Annotated[str, Field(min_length=1, max_length=20, pattern=r"^[A-Za-z0-9_-]+$")]


class PromotionWished(Asked):
    """`percent` or `amount_minor` off what recurs, for so many `periods` (none: all); given out
    on the half-open dates from `valid_from` to `end`, for `plans` by code (none: for all)."""

    code: Code
    name: Title
    percent: Annotated[Decimal, Field(ge=0, le=100, decimal_places=4)] = Decimal(0)
    amount_minor: Annotated[int, Field(ge=0, le=10**14)] = 0
    periods: Annotated[int, Field(ge=1, le=1200)] | None = None
    valid_from: Day
    end: Day | None = None
    plans: Annotated[list[Annotated[str, Field(max_length=40, pattern=r"^[A-Za-z0-9_-]+$")]],
                     Field(max_length=50)] = []  # fmt: skip


class PromotionShown(Schema):
    """A promotion, known by its code; `customers` is how many services have it."""

    code: str
    name: str
    percent: str
    amount: Amount
    periods: int | None
    valid_from: date
    end: date | None
    plans: list[str]
    customers: int


class PromotionEnded(Asked):
    """From which day on nobody is given it."""

    on: Day


class HeldShown(Schema):
    """A service that has it: so many periods were invoiced with it, so many are left (null: all
    to come), and so much was taken off, with taxes."""

    subscription: UUID
    customer: UUID
    username: str
    since: date
    had: int
    left: int | None
    taken_off: Amount


class Stretch(Schema):
    """Which stretch: so many after so many."""

    offset: Annotated[int, Field(ge=0, le=10**6)] = 0
    limit: Annotated[int, Field(ge=1, le=200)] = 50


@router.get("/promotions", response={200: list[PromotionShown], **REFUSALS})
def list_promotions(request: Caller) -> list[dict[str, Any]]:
    """Every promotion, newest first."""
    by = request.auth
    counts = granted_counts(entity_id(by))
    currency = here(by).currency
    return [_shown(row, counts, currency) for row in _promotions(by).order_by("-pk")]


@router.post("/promotions", response={201: PromotionShown, **WRITES}, openapi_extra=HEADER)
@decorate_view(once)
def offer_promotion(request: Caller, wished: PromotionWished) -> Status[dict[str, Any]]:
    """Offer a promotion; the same again gives the first, another of that code is refused."""
    by = request.auth.must("catalog.change")
    row = add_promotion(entity_id=entity_id(by), by=by, **wished.model_dump())
    return Status(201, _shown(row, granted_counts(entity_id(by)), here(by).currency))


@router.post("/promotions/{code}/end", response={200: PromotionShown, **WRITES},
             openapi_extra=HEADER)  # fmt: skip
@decorate_view(once)
def end(request: Caller, code: Code, ended: PromotionEnded) -> dict[str, Any]:
    """Give a promotion out no more from a day on; whoever has it keeps it."""
    by = request.auth.must("catalog.change")
    row = end_promotion(promotion_id=_one(by, code).pk, on=ended.on, by=by)
    return _shown(row, granted_counts(entity_id(by)), here(by).currency)


@router.get("/promotions/{code}/subscriptions", response={200: list[HeldShown], **REFUSALS})
def list_held(request: Caller, code: Code, stretch: Query[Stretch]) -> list[dict[str, Any]]:
    """Who has a promotion, whoever had it last first."""
    by = request.auth.must("customers.view").must("money.view")
    row = _one(by, code)
    grants = list(grants_of(row)[stretch.offset : stretch.offset + stretch.limit])
    return [
        {
            "subscription": one.grant.subscription.public_id,
            "customer": one.grant.subscription.customer.public_id,
            "username": one.grant.subscription.username,
            "since": one.grant.start,
            "had": one.had,
            "left": one.left,
            "taken_off": amount(one.off.minor, one.off.currency),
        }
        for one in held(row, grants, here(by).currency)
    ]


def _promotions(by: Actor) -> Any:
    return visible_to(by, Promotion.objects.all())


def _one(by: Actor, code: str) -> Promotion:
    row: Promotion | None = _promotions(by).filter(code=code.upper()).first()
    if row is None:
        raise Http404
    return row


def _shown(row: Promotion, counts: dict[int, int], currency: str) -> dict[str, Any]:
    own = ("code", "name", "periods", "valid_from", "end", "plans")
    return {
        **{name: getattr(row, name) for name in own},
        "percent": f"{row.percent.normalize():f}",
        "amount": amount(row.amount_minor, currency),
        "customers": counts.get(row.pk, 0),
    }
