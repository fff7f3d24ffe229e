"""One service more for a customer we have, by API: shown first, or asked for."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal
from uuid import UUID

from ninja import Router, Schema
from ninja.decorators import decorate_view

from waya.api.door import WRITES, Caller
from waya.api.lists import Amount, amount, one
from waya.api.once import HEADER, once_beyond
from waya.api.plans.changes import ChargeShown, lines_shown
from waya.api.preview.fields import Asked
from waya.billing.queries.lives.first import Added
from waya.catalog.models import Plan
from waya.orders.commands import add as orders
from waya.org.queries import visible_to
from waya.parties.models import Customer, Site

router = Router(tags=["sales"])


class ServiceAsked(Asked):
    """Which plan, at which of the customer's sites (their first, unless named). `align` says
    whether its periods end with those of their others (`customer`), so that the first is a part,
    or on a day of its own (`own`); without it, policy does. With `prompt` the customer's phone
    is then asked for all that is to be paid."""

    plan: UUID
    site: UUID | None = None
    align: Literal["own", "customer"] | None = None
    prompt: bool = False


class ServiceAdded(Schema):
    """One service more: its first half-open period and what that comes to, whether it was
    previewed or asked for. `aligned` says that it ends with others of theirs; `to_pay` is what
    begins it, nothing for a plan that is paid after its period or is free at first.
    `prompt` is what became of asking their phone, if it was to be asked: null where nothing was
    sent. `subscription` and `pro_forma` (a number, which it may share with others that are due
    on the same day) are there once it was asked for."""

    subscription: UUID | None
    pro_forma: str | None
    prompt: Literal["sending", "sent", "unknown", "paid", "failed"] | None
    aligned: bool
    start: date | None
    end: date | None
    free_until: date | None
    lines: list[ChargeShown]
    total: Amount
    to_pay: Amount


@router.post(
    "/customers/{uuid:id}/subscriptions", response={200: ServiceAdded, **WRITES},
    openapi_extra=HEADER,
)  # fmt: skip
@decorate_view(once_beyond)
def add_subscription(
    request: Caller, id: UUID, asked: ServiceAsked, preview: bool = False
) -> dict[str, Any]:
    """Add a service to a customer and ask for its first period; with `preview`, only say what
    comes of it. Sent again within minutes, not yet paid, it gives the first."""
    by = request.auth.must("orders.add")
    customer = one(visible_to(by, Customer.objects.all()), id)
    plan = one(visible_to(by, Plan.objects.all()), asked.plan)
    site_id = one(Site.objects.filter(customer=customer), asked.site).pk if asked.site else None
    align: orders.Align = asked.align or ""
    found = orders.preview(
        customer_id=customer.pk, plan_id=plan.pk, site_id=site_id, align=align, by=by
    )
    if preview:
        return _shown(found, None)
    do = orders.add_and_prompt if asked.prompt else orders.add
    done = do(customer_id=customer.pk, plan_id=plan.pk, site_id=site_id, align=align, by=by)
    return _shown(found, done)


def _shown(found: Added, done: orders.Order | None) -> dict[str, Any]:
    currency = found.total.currency
    asked = found.total.minor if found.in_advance else 0
    return {
        "subscription": done.subscription.public_id if done else None,
        "pro_forma": done.pro_forma.number if done and done.pro_forma else None,
        "prompt": done.prompt.state if done and done.prompt else None,
        "aligned": found.turns is not None,
        "start": found.period.start if found.period else None,
        "end": found.period.end if found.period else None,
        "free_until": found.free_until,
        "lines": lines_shown(found.lines, currency),
        "total": amount(found.total.minor, currency),
        "to_pay": amount(asked, currency),
    }
