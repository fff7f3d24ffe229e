"""Lists that go on from where they ended, and the values that every answer is made of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet
from django.http import Http404
from ninja import Field, Schema
from pydantic import StringConstraints

from waya.kernel.money import Money

T = TypeVar("T")
Row = TypeVar("Row", bound=Model)

# PostgreSQL keeps no NUL, and no name or note of ours holds other control characters.
PLAIN = r"^[^\x00-\x1f\x7f]*$"
Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=PLAIN)]
Title = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=PLAIN)]
Short = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=PLAIN)]
Lines = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x09\x0b-\x1f\x7f]*$")]
Words = Annotated[str, StringConstraints(max_length=300, pattern=PLAIN)]

# A day of the calendar that we bill by; nothing of ours reaches further.
Day = Annotated[date, Field(ge=date(1970, 1, 1), lt=date(2200, 1, 1))]


class Amount(Schema):
    """Money: whole minor units (cents), the currency, and how a person reads it."""

    minor: int
    currency: str
    text: str


class Page(Schema, Generic[T]):
    """Rows, newest first; `next` goes into `after` for the rows before them."""

    items: list[T]
    next: UUID | None


class Going(Schema):
    """Which stretch of a list: `after` is the `next` of the answer before."""

    after: UUID | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


def amount(minor: int, currency: str) -> dict[str, Any]:
    """An amount as it is answered."""
    return {"minor": minor, "currency": currency, "text": str(Money(minor, currency))}


def page(
    rows: QuerySet[Row], going: Going, shown: Callable[[list[Row]], list[dict[str, Any]]]
) -> dict[str, Any]:
    """One stretch by keyset, so that page 1,000 costs what page 1 does."""
    if going.after is not None:  # its row may have left this list since; its place has not
        rows = rows.filter(pk__lt=one(rows.model._default_manager.all(), going.after).pk)
    found = list(rows.order_by("-pk")[: going.limit + 1])
    listed = found[: going.limit]
    # By name, because a model in general has no public_id; every one listed here has.
    last = getattr(listed[-1], "public_id") if len(found) > going.limit else None  # noqa: B009
    return {"items": shown(listed), "next": last}


def narrowed(rows: QuerySet[Row], **wished: Any) -> QuerySet[Row]:
    """The rows that fit what was asked for, by look-up; None asks for nothing."""
    return rows.filter(**{name: value for name, value in wished.items() if value is not None})


def one(rows: QuerySet[Row], public_id: UUID) -> Row:
    """The row with this public id; Http404 if there is none among these."""
    row = rows.filter(public_id=public_id).first()
    if row is None:
        raise Http404
    return row
