"""Changes of a subscription by API: the same function shows them and does them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Field, Router, Schema, Status
from ninja.decorators import decorate_view

from waya.api.door import WRITES, Caller, here
from waya.api.invoices import Because, because
from waya.api.lists import Amount, Day, Title, amount, one
from waya.api.once import HEADER, once
from waya.api.preview.fields import Asked
from waya.billing.commands.lives import changes
from waya.billing.commands.lives.usage import Count, record_usage
from waya.billing.queries.lives.leftovers import Allowance
from waya.billing.queries.lives.outcomes import Outcome
from waya.billing.rules.drafts import DraftLine
from waya.catalog.models import Plan
from waya.kernel import clock
from waya.org.actors import Actor
from waya.org.queries import visible_to
from waya.reports.documents.whys import of_charged
from waya.subscriptions.commands.lives import grant
from waya.subscriptions.models import Subscription

router = Router(tags=["sales"])


class ChangeAsked(Asked):
    """Which plan; `when` overrides what policy says: dearer at once, cheaper at term's end; and
    `leftover` what value left over becomes."""

    plan: UUID
    when: Literal["at_once", "term_end"] | None = None
    leftover: Literal["money", "time", "data"] | None = None


class QuantityAsked(Asked):
    """How many of what the plan prices by the unit; `when` overrides what policy says."""

    quantity: Annotated[int, Field(ge=1, le=10_000)]
    when: Literal["at_once", "term_end"] | None = None


class CancelAsked(Asked):
    """When it ends."""

    when: Literal["at_once", "term_end"] = "at_once"


class PromotionAsked(Asked):
    """The code of a promotion."""

    code: Annotated[str, Field(min_length=1, max_length=20, pattern=r"^[A-Za-z0-9_-]+$")]


class UsageAsked(Asked):
    """So much of a metric used on a day; the same `source` counts once."""

    on: Day
    metric: Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9_.:-]+$")]
    quantity: Annotated[Decimal, Field(ge=0, le=10**12, max_digits=18, decimal_places=6)]
    source: Title


class CountsAsked(Asked):
    """What was used, by day and metric."""

    counts: Annotated[list[UsageAsked], Field(max_length=1000)]


class BackShown(Schema):
    """What is given back of a line, for the half-open days that are not had."""

    invoice: str
    description: str
    start: date | None
    end: date | None
    amount: Amount


class ChargeShown(Schema):
    """A line that is asked for or will be invoiced; `why` holds every fact it came from."""

    description: str
    charge: str
    start: date
    end: date
    net: Amount
    tax: Amount
    total: Amount
    why: dict[str, Any]
    because: list[Because]


class AllowanceShown(Schema):
    """So much of a metric that value left over becomes, at a price each (minor units, exact),
    and what of it is charged: as much as was given back."""

    metric: str
    quantity: str
    price_minor: str
    total: Amount


class OutcomeShown(Schema):
    """What a change comes to, whether it was previewed or done.

    It happens `on` a day, at once (`now`) or later. `back` becomes credit; `closing` is invoiced
    for days that passed; `charges` is asked for, or will be invoiced; `allowance` is granted, and
    paid by what is given back. `to_pay` is missing before it can happen, after what of the
    `credit` stays `money`, and what is `held` already. `until` is the moment up to which hours
    that go on are paid."""

    on: date
    now: bool
    back: list[BackShown]
    closing: list[ChargeShown]
    charges: list[ChargeShown]
    allowance: AllowanceShown | None
    until: datetime | None
    credit: Amount
    money: Amount
    charge: Amount
    held: Amount
    owed: Amount
    to_pay: Amount


WHERE = "/subscriptions/{uuid:id}"
DONE: dict[Any, Any] = {200: OutcomeShown, **WRITES}


@router.post(WHERE + "/change", response=DONE, openapi_extra=HEADER)
@decorate_view(once)
def change_subscription(
    request: Caller, id: UUID, asked: ChangeAsked, preview: bool = False
) -> dict[str, Any]:
    """Put a subscription on another plan; with `preview`, only say what comes of it."""
    by, row, today = of_caller(request, id, "billing.change_plan")
    plan = one(visible_to(by, Plan.objects.all()), asked.plan)
    return outcome_shown(changes.change_plan(
        subscription_id=row.pk, plan_id=plan.pk, on=today, when=asked.when,
        leftover=asked.leftover, preview=preview, by=by,
    ))  # fmt: skip


@router.post(WHERE + "/quantity", response=DONE, openapi_extra=HEADER)
@decorate_view(once)
def change_quantity(
    request: Caller, id: UUID, asked: QuantityAsked, preview: bool = False
) -> dict[str, Any]:
    """Have more or fewer of what the plan prices by the unit; with `preview`, only say what
    comes of it."""
    by, row, today = of_caller(request, id, "billing.change_plan")
    return outcome_shown(changes.change_quantity(
        subscription_id=row.pk, quantity=asked.quantity, on=today, when=asked.when,
        preview=preview, by=by,
    ))  # fmt: skip


@router.post(WHERE + "/keep", response=DONE, openapi_extra=HEADER)
@decorate_view(once)
def keep_subscription(request: Caller, id: UUID, preview: bool = False) -> dict[str, Any]:
    """Undo what was planned: it goes on as it is, and neither changes nor ends."""
    by, row, today = of_caller(request, id, "billing.change_plan")
    return outcome_shown(changes.keep(subscription_id=row.pk, on=today, preview=preview, by=by))


@router.post(WHERE + "/pause", response=DONE, openapi_extra=HEADER)
@decorate_view(once)
def pause_subscription(request: Caller, id: UUID, preview: bool = False) -> dict[str, Any]:
    """Pause a service: off, not charged, and no debt; with `preview`, only say what comes."""
    by, row, today = of_caller(request, id, "billing.pause")
    return outcome_shown(changes.pause(subscription_id=row.pk, on=today, preview=preview, by=by))


@router.post(WHERE + "/resume", response=DONE, openapi_extra=HEADER)
@decorate_view(once)
def resume_subscription(request: Caller, id: UUID, preview: bool = False) -> dict[str, Any]:
    """Go on with a paused service; with `preview`, only say what comes of it."""
    by, row, today = of_caller(request, id, "billing.pause")
    return outcome_shown(changes.resume(subscription_id=row.pk, on=today, preview=preview, by=by))


@router.post(WHERE + "/cancel", response=DONE, openapi_extra=HEADER)
@decorate_view(once)
def cancel_subscription(
    request: Caller, id: UUID, asked: CancelAsked, preview: bool = False
) -> dict[str, Any]:
    """End a subscription; with `preview`, only say what comes of it."""
    by, row, today = of_caller(request, id, "billing.cancel")
    return outcome_shown(changes.cancel(
        subscription_id=row.pk, on=today, when=asked.when, preview=preview, by=by
    ))  # fmt: skip


@router.post(WHERE + "/promotions", response={204: None, **WRITES}, openapi_extra=HEADER)
@decorate_view(once)
def grant_promotion(request: Caller, id: UUID, asked: PromotionAsked) -> Status[None]:
    """Give a subscription a promotion by its code, from today on."""
    by, row, today = of_caller(request, id, "subscriptions.grant")
    grant(subscription_id=row.pk, code=asked.code, on=today, by=by)
    return Status(204, None)


@router.post(WHERE + "/usage", response={204: None, **WRITES}, openapi_extra=HEADER)
@decorate_view(once)
def post_usage(request: Caller, id: UUID, asked: CountsAsked) -> Status[None]:
    """Note what was used, to be billed when its period is over."""
    by, row, _ = of_caller(request, id, "billing.usage")
    record_usage(
        counts=[
            Count(row.pk, each.metric, each.on, each.quantity, each.source) for each in asked.counts
        ],
        by=by,
    )
    return Status(204, None)


def of_caller(request: Caller, id: UUID, permission: str) -> tuple[Actor, Subscription, date]:
    """Who asks, the subscription that is theirs to ask about, and the business day."""
    by = request.auth.must(permission)
    row = one(visible_to(by, Subscription.objects.all()), id)
    return by, row, clock.today(here(by).zone)


def outcome_shown(outcome: Outcome) -> dict[str, Any]:
    """An outcome as the API says it."""
    currency = outcome.currency
    names = ("credit", "money", "charge", "held", "owed", "to_pay")
    sums = {name: getattr(outcome, name).minor for name in names}
    return {
        "on": outcome.on,
        "now": outcome.now,
        "back": [
            {"invoice": each.number, "description": each.description,
             "start": each.days.start if each.days else None,
             "end": each.days.end if each.days else None,
             "amount": amount(each.gross.minor, currency)}
            for each in outcome.back
        ],
        "closing": lines_shown((line for lines in outcome.closing for line in lines), currency),
        "charges": lines_shown(outcome.charges, currency),
        "allowance": _allowance(outcome.allowance, currency),
        "until": outcome.to.until if outcome.to else None,
        **{name: amount(minor, currency) for name, minor in sums.items()},
    }  # fmt: skip


def _allowance(given: Allowance | None, currency: str) -> dict[str, Any] | None:
    if given is None:
        return None
    return {
        "metric": given.metric,
        "quantity": f"{given.quantity.normalize():f}",
        "price_minor": str(given.price),
        "total": amount(given.line.charged.sums[2], currency),
    }


def lines_shown(lines: Iterable[DraftLine], currency: str) -> list[dict[str, Any]]:
    """Lines that are asked for, as the API says them."""
    shown = []
    for line in lines:
        net, tax, total = line.charged.sums
        shown.append({
            "description": line.description, "charge": line.charge,
            "start": line.charged.period.start, "end": line.charged.period.end,
            "net": amount(net, currency), "tax": amount(tax, currency),
            "total": amount(total, currency), "why": line.charged.why,
            "because": because(of_charged(line.charged)),
        })  # fmt: skip
    return shown
