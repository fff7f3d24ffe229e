"""What the dunning ladder would do tonight: the rehearsal of the run, by the same rule."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Literal

from ninja import Field, Query, Router, Schema

from waya.api.door import REFUSALS, Caller, here
from waya.api.lists import Amount, amount
from waya.payments.queries.tonight import next_night
from waya.reports.rehearsal import Group, Rehearsal, Row, rehearsal

router = Router(tags=["billing"])


class TonightRow(Schema):
    """One thing to one customer, about one debt. `owed` is missing on the debt, `moves` what
    the action moves (a fee, a sum written off). `waits` that a person is asked first; `until`
    through when a promise spares them."""

    account: str
    name: str
    action: Literal["message", "fee", "wall", "disconnect", "follow_up", "write_off"]
    rung: str
    debt: str
    due: date
    days_late: int
    owed: Amount
    moves: Amount
    router: str
    waits: bool
    until: date | None


class TonightGroup(Schema):
    """Everything of one kind: an action, or what spares. The sums are of all of it; `rows` are
    the largest, as many as were asked for; `outliers` are those far from the middle."""

    what: str
    customers: int
    count: int
    waiting: int
    owed: Amount
    moves: Amount
    outliers: list[TonightRow]
    rows: list[TonightRow]


class HeldRouter(Schema):
    """A router whose cut-offs would wait for a person: so many of those it serves."""

    router: str
    customers: int
    serves: int


class Tonight(Schema):
    """A night as it would be if it were now."""

    on: date
    holiday: bool
    judged: int
    held: list[HeldRouter]
    actions: list[TonightGroup]
    spared: list[TonightGroup]


class Rehearsed(Schema):
    """Which night, without a date the next; and how many rows of each kind."""

    on: date | None = None
    limit: Annotated[int, Field(ge=0, le=1000)] = 50


@router.get("/billing/dunning/tonight", response={200: Tonight, **REFUSALS})
def tonight(request: Caller, asked: Query[Rehearsed]) -> dict[str, Any]:
    """What would be done to whom, and who is spared and why; nothing is written."""
    entity = here(request.auth.must("money.view"))
    return told(rehearsal(entity.pk, asked.on or next_night(entity.pk)), asked.limit)


def told(found: Rehearsal, limit: int) -> dict[str, Any]:
    """A night as it is answered, with so many rows of each kind."""
    return {
        "on": found.on,
        "holiday": found.holiday,
        "judged": found.judged,
        "held": [
            {"router": one.router, "customers": one.customers, "serves": one.serves}
            for one in found.held
        ],
        "actions": _groups(found.actions, limit),
        "spared": _groups(found.spared, limit),
    }


def _groups(groups: Sequence[Group], limit: int) -> list[dict[str, Any]]:
    return [
        {
            "what": one.key,
            "customers": one.customers,
            "count": len(one.rows),
            "waiting": one.waiting,
            "owed": amount(one.owed.minor, one.owed.currency),
            "moves": amount(one.moves.minor, one.moves.currency),
            "outliers": [_row(row) for row in one.outliers[:limit]],
            "rows": [_row(row) for row in one.rows[:limit]],
        }
        for one in groups
    ]


def _row(row: Row) -> dict[str, Any]:
    return {
        "account": row.account,
        "name": row.name,
        "action": row.action.value,
        "rung": row.rung,
        "debt": row.debt,
        "due": row.due,
        "days_late": row.late,
        "owed": amount(row.owed.minor, row.owed.currency),
        "moves": amount(row.moves.minor, row.moves.currency),
        "router": row.router,
        "waits": row.waits,
        "until": row.until,
    }
