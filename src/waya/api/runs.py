"""A night's billing before it happens, and how far it is."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from ninja import Router, Schema

from waya.api.door import REFUSALS, Caller, entity_id
from waya.api.lists import Amount, amount
from waya.billing.models import BillingRun
from waya.billing.queries.rehearsal import Bill, Kind, rehearse
from waya.kernel.money import Money
from waya.org.queries import visible_to
from waya.parties.models import Customer

router = Router(tags=["money"])


class KindShown(Schema):
    """Documents of a kind or a plan; `before` is what the same subscriptions came to the last
    time they were billed, `unseen` how many never were."""

    documents: int
    amount: Amount
    before: Amount
    unseen: int


class Unlike(Schema):
    """A bill that differs from the last one of its subscription."""

    account: str
    customer: str
    kind: str
    description: str
    lines: int
    amount: Amount
    before: Amount | None
    difference: Amount


class Fault(Schema):
    """Who could not be billed, and why."""

    account: str
    reason: str


class RehearsalShown(Schema):
    """What a day's billing would do. Nothing is saved."""

    on: date
    kinds: dict[str, KindShown]
    plans: dict[str, KindShown]
    outliers: list[Unlike]
    faults: list[Fault]


class RunShown(Schema):
    """How far a day's billing is: of `due` subscriptions that may be due, `done` were looked at."""

    on: date
    state: str
    due: int
    done: int
    invoices: int
    pro_formas: int
    total: Amount
    started_at: datetime
    ended_at: datetime | None
    stopped_by: str


@router.get("/billing/rehearsal", response={200: RehearsalShown, **REFUSALS})
def rehearsal(request: Caller, on: date) -> dict[str, Any]:
    """What billing as of a day, today or ahead, would do: documents by kind and plan, and the
    bills that differ most from their last ones, the furthest first."""
    by = request.auth.must("billing.preview")
    found = rehearse(entity_id(by), on)
    accounts = Customer.objects.in_bulk(
        {one.customer_id for one in found.outliers} | {key for key, _ in found.faults}
    )
    return {
        "on": found.on,
        "kinds": {name: _kind(one, found.currency) for name, one in found.kinds.items()},
        "plans": {name: _kind(one, found.currency) for name, one in found.plans.items()},
        "outliers": [_unlike(one, accounts[one.customer_id]) for one in found.outliers],
        "faults": [
            {"account": accounts[key].account_number, "reason": why} for key, why in found.faults
        ],
    }


@router.get("/billing/runs", response={200: list[RunShown], **REFUSALS})
def runs(request: Caller) -> list[dict[str, Any]]:
    """The last hundred nights of billing, newest first, with what is under way."""
    by = request.auth.must("money.view")
    rows = visible_to(by, BillingRun.objects.select_related("entity")).order_by("-on")[:100]
    return [
        {
            "on": row.on, "state": row.state, "due": row.due, "done": row.done,
            "invoices": row.invoices, "pro_formas": row.pro_formas,
            "total": amount(row.total_minor, row.entity.currency),
            "started_at": row.started_at, "ended_at": row.ended_at, "stopped_by": row.stopped_by,
        }
        for row in rows
    ]  # fmt: skip


def _kind(one: Kind, currency: str) -> dict[str, Any]:
    return {
        "documents": one.documents, "amount": amount(one.amount_minor, currency),
        "before": amount(one.before_minor, currency), "unseen": one.unseen,
    }  # fmt: skip


def _unlike(one: Bill, customer: Customer) -> dict[str, Any]:
    return {
        "account": customer.account_number, "customer": customer.name, "kind": one.kind,
        "description": one.for_, "lines": one.lines, "amount": _money(one.amount),
        "before": _money(one.before) if one.before else None,
        "difference": _money(one.difference),
    }  # fmt: skip


def _money(money: Money) -> dict[str, Any]:
    return amount(money.minor, money.currency)
