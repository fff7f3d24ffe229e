"""Rehearsal: what would a night's billing do, and what of it is unlike the last time?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import render

from waya.billing.queries.rehearsal import Bill, Kind, Rehearsal, rehearse
from waya.console.pages.billing.words import because, tabs
from waya.console.pieces import Chip, address
from waya.console.staff import StaffRequest, staff
from waya.console.words import many
from waya.kernel import clock
from waya.kernel.money import Money
from waya.kernel.periods import add_months
from waya.org.actors import Actor
from waya.parties.models import Customer
from waya.subscriptions.models import Subscription

# Beyond a year nothing is sure but the arithmetic, and that takes long.
_AHEAD = 366
_FAULTS = 50
_KINDS = {"invoices": "Invoices", "pro_formas": "Pro formas"}
_KIND = {"invoices": "invoice", "pro_formas": "pro forma"}


@staff("billing.preview")
def rehearsal(request: StaffRequest, by: Actor) -> HttpResponse:
    """The billing of a day that may lie ahead, by the subscriptions as they are now; nothing is
    written."""
    if not by.can("money.view"):
        raise PermissionDenied
    entity = request.entity
    today = clock.today(entity.zone)
    first = add_months(today.replace(day=1), 1, anchor_day=1)
    on = _day(request.GET.get("on", ""), first, today)
    found = rehearse(entity.pk, on)
    customers = Customer.objects.in_bulk(
        {one.customer_id for one in found.outliers}
        | {key for key, _ in found.faults[:_FAULTS]}
    )  # fmt: skip
    context = {
        "tabs": tabs("rehearsal", by),
        "on": on,
        "today": today,
        "last": today + timedelta(days=_AHEAD),
        "chips": _chips(request, today, first, on),
        "total": _together(found),
        "documents": " and ".join(
            many(one.documents, _KIND[kind]) for kind, one in found.kinds.items()
        ),
        "groups": _groups(found),
        "outliers": _outliers(found, customers),
        "faults": [_fault(customers[key], why) for key, why in found.faults[:_FAULTS]],
        "faulty": many(len(found.faults), "customer"),
        "more": max(0, len(found.faults) - _FAULTS),
    }
    return render(request, "console/billing/rehearsal.html", context)


def _day(text: str, first: date, today: date) -> date:
    if not text:
        return first
    try:
        on = date.fromisoformat(text)
    except ValueError as unreadable:
        raise Http404 from unreadable
    if on > today + timedelta(days=_AHEAD):
        raise Http404
    return on


def _chips(request: StaffRequest, today: date, first: date, on: date) -> list[Chip]:
    """Tomorrow, in a week and the first of next month, each day once."""
    days = {
        first: f"{first:%-d %B}",
        today + timedelta(days=7): "In a week",
        today + timedelta(days=1): "Tomorrow",
    }
    return [
        Chip(
            words,
            address(request, on="" if day == first else day.isoformat()),
            on=on == day,
            stays=True,
        )
        for day, words in sorted(days.items())
    ]


def _together(found: Rehearsal) -> Money:
    return Money(sum(one.amount_minor for one in found.kinds.values()), found.currency)


def _groups(found: Rehearsal) -> list[dict[str, Any]]:
    if not found.kinds:
        return []
    kinds = {_KINDS[kind]: one for kind, one in found.kinds.items()}
    return [
        {"words": "By kind", "rows": _bars(found, kinds)},
        {"words": "By plan", "rows": _bars(found, found.plans)},
    ]


def _bars(found: Rehearsal, kinds: Mapping[str, Kind]) -> list[dict[str, Any]]:
    """Each with a bar for now and one for the last time, in percent of the longest; the
    largest first."""
    sums = [minor for one in kinds.values() for minor in (one.amount_minor, one.before_minor)]
    longest = max([*sums, 1])
    return [
        {
            "words": words,
            "count": one.documents,
            "unseen": one.unseen,
            "now": Money(one.amount_minor, found.currency),
            "before": Money(one.before_minor, found.currency),
            "now_percent": max(one.amount_minor, 0) * 100 // longest,
            "before_percent": max(one.before_minor, 0) * 100 // longest,
        }
        for words, one in sorted(kinds.items(), key=lambda pair: -pair[1].amount_minor)
    ]


def _outliers(found: Rehearsal, customers: Mapping[int, Customer]) -> list[dict[str, Any]]:
    plans = {
        row.pk: row.plan
        for row in Subscription.objects.filter(
            pk__in=[one.subscription_id for one in found.outliers]
        ).select_related("plan")
    }
    return [_outlier(one, customers[one.customer_id], plans) for one in found.outliers]


def _outlier(one: Bill, customer: Customer, plans: Mapping[int, Any]) -> dict[str, Any]:
    plan = plans[one.subscription_id]
    return {
        "name": customer.name,
        "account": customer.account_number,
        "url": f"/customers/{customer.account_number}",
        "plan": plan.name,
        "plan_url": f"/plans/{plan.code}",
        "kind": _KIND[one.kind],
        "for": one.for_,
        "more_lines": one.lines - 1,
        "now": one.amount,
        "before": one.before,
        "difference": one.difference,
        "more": one.difference.minor > 0,
    }


def _fault(customer: Customer, why: str) -> dict[str, Any]:
    return {
        "name": customer.name,
        "account": customer.account_number,
        "url": f"/customers/{customer.account_number}",
        "reason": because(why),
    }
