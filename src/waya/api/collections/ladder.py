"""The dunning ladder: the one that holds, another rehearsed, another chosen."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from ninja import Field, Router, Schema
from ninja.decorators import decorate_view

from waya.api.door import REFUSALS, WRITES, Caller, entity_id, here
from waya.api.dunning import Tonight, told
from waya.api.lists import PLAIN
from waya.api.once import HEADER, once
from waya.api.preview.fields import Asked
from waya.billing.commands.dunning.ladders import choose_ladder
from waya.billing.policy import LadderPolicy, WriteOffPolicy
from waya.billing.queries.debts import ladder_of
from waya.billing.rules.ladder.reading import read, written
from waya.org.policy import chosen
from waya.payments.queries.tonight import next_night
from waya.reports.rehearsal import rehearsal

router = Router(tags=["billing"])

Key = Annotated[str, Field(min_length=1, max_length=40, pattern=PLAIN)]
Names = Annotated[list[Key], Field(max_length=50)]
Days = Annotated[int, Field(ge=-366, le=36_500)]


class RungTold(Asked):
    """One condition and one action; see the guide on dunning."""

    key: Key
    action: Literal["message", "fee", "wall", "disconnect", "follow_up", "write_off"]
    debts: Annotated[list[Literal["renewal", "invoice", "one_time", "fee"]], Field(min_length=1)]
    from_days: Days
    through_days: Days | None = None
    owed_at_least_minor: Annotated[int, Field(ge=0, le=10**14)] | None = None
    weekdays: list[Literal[1, 2, 3, 4, 5, 6, 7]] | None = None
    holidays: bool = True
    text: Annotated[str, Field(max_length=40, pattern=PLAIN)] | None = None
    fee_minor: Annotated[int, Field(ge=0, le=10**14)] | None = None
    fee_percent: Annotated[str, Field(max_length=20, pattern=r"^\d{1,3}(\.\d{1,8})?$")] | None = (
        None
    )
    tax_class: Annotated[str, Field(max_length=20, pattern=r"^[a-z_]+$")] | None = None
    words: Annotated[str, Field(max_length=200, pattern=PLAIN)] | None = None


class SegmentTold(Asked):
    """Customers who meet every condition that is given, and the rungs that they climb."""

    key: Key
    rungs: Annotated[list[RungTold], Field(max_length=50)]
    modes: list[Literal["prepaid", "postpaid"]] = []
    plans: Names = []
    tags: Names = []
    without_tags: Names = []
    from_account_days: Annotated[int, Field(ge=0, le=36_500)] | None = None
    through_account_days: Annotated[int, Field(ge=0, le=36_500)] | None = None


class LadderTold(Asked):
    """Segments in order, of which the last takes everybody."""

    segments: Annotated[list[SegmentTold], Field(max_length=20)]
    fees_on_fees: bool = False


class LadderShown(Schema):
    """The ladder that holds; `own` is false for the standard one, by the days of policy."""

    own: bool
    fees_on_fees: bool
    segments: list[dict[str, Any]]


class Rehearsing(LadderTold):
    """A ladder, and which night: without a date the next."""

    on: date | None = None
    limit: Annotated[int, Field(ge=0, le=1000)] = 50


@router.get("/billing/ladder", response={200: LadderShown, **REFUSALS})
def get_ladder(request: Caller) -> dict[str, Any]:
    """The ladder that holds, as it can be chosen again."""
    return _ladder(entity_id(request.auth.must("money.view")))


@router.post("/billing/ladder", response={200: LadderShown, **WRITES}, openapi_extra=HEADER)
@decorate_view(once)
def post_ladder(request: Caller, ladder: LadderTold) -> dict[str, Any]:
    """Choose a ladder; it holds from the next judgement on. Without segments: the standard one."""
    by = request.auth.must("org.policy")
    choose_ladder(
        entity_id=entity_id(by), segments=_segments(ladder), fees_on_fees=ladder.fees_on_fees, by=by
    )
    return _ladder(entity_id(by))


@router.post("/billing/ladder/rehearsal", response={200: Tonight, **REFUSALS})
def rehearse_ladder(request: Caller, asked: Rehearsing) -> dict[str, Any]:
    """What a night would be by a ladder that does not hold yet; nothing is written."""
    entity = here(request.auth.must("money.view"))
    made = read(_segments(asked), fees_on_fees=asked.fees_on_fees,
                limit_minor=chosen(WriteOffPolicy, entity.pk).limit_minor)  # fmt: skip
    return told(rehearsal(entity.pk, asked.on or next_night(entity.pk), made), asked.limit)


def _segments(ladder: LadderTold) -> list[dict[str, Any]]:
    return [one.model_dump(exclude_none=True) for one in ladder.segments]


def _ladder(entity: int) -> dict[str, Any]:
    policy = chosen(LadderPolicy, entity)
    return {
        "own": bool(policy.segments),
        "fees_on_fees": policy.fees_on_fees,
        "segments": written(ladder_of(entity)),
    }
