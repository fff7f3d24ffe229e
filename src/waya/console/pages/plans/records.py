"""What is sold: every plan, and one with all that it charges, by version."""

from __future__ import annotations

from typing import Any

from django.db.models import Count
from django.http import Http404, HttpResponse
from django.shortcuts import render

from waya.catalog.models import Plan
from waya.catalog.queries import Version, versions
from waya.console.pages.plans.words import charged, every, paid
from waya.console.staff import StaffRequest, staff
from waya.kernel import clock
from waya.network.rules.access import plan_profile
from waya.org.actors import Actor
from waya.reports.queries import plans as reads
from waya.subscriptions.models import Subscription


@staff("customers.view")
def listed(request: StaffRequest, by: Actor) -> HttpResponse:
    """Every plan with its price now and the next one."""
    sold = reads.plans(request.entity, clock.today(request.entity.zone))
    on_sale = sum(one.plan.on_sale for one in sold)
    context = {
        "tab": "plans",
        "total": f"{on_sale} on sale",
        "rows": [_row(one) for one in sold],
    }
    return render(request, "console/plans.html", context)


def _row(one: reads.Sold) -> dict[str, Any]:
    plan = one.plan
    starts = f", from day {plan.calendar_day}" if plan.calendar_day else ""
    return {
        "name": plan.name,
        "url": f"/plans/{plan.code}",
        "words": f"{plan.code}, {'add-on' if plan.add_on else paid(plan)}{starts}",
        "down_kbps": plan.down_kbps,
        "up_kbps": plan.up_kbps,
        "price": one.now.amount if one.now else None,
        "every": every(plan),
        "tax": one.taxes,
        "profile": "" if plan.add_on else plan_profile(plan.down_kbps, plan.up_kbps).name,
        "customers": one.customers,
        "state": "published" if plan.on_sale else "withdrawn",
        "new_price": one.ahead.amount if one.ahead else None,
        "new_price_on": one.ahead.valid_from if one.ahead else None,
    }


@staff("customers.view")
def record(request: StaffRequest, by: Actor, code: str) -> HttpResponse:
    """One plan: what each version charges, from when, and how many have it."""
    entity = request.entity
    plan = Plan.objects.filter(entity=entity, code=code).first()
    if plan is None:
        raise Http404
    today = clock.today(entity.zone)
    known = sorted(versions([plan]).values(), key=lambda one: -one.number)
    rows = Subscription.objects.filter(plan=plan).exclude(state=Subscription.ENDED)
    have = dict(rows.values_list("version_id").annotate(many=Count("pk")))
    sold = next((one for one in known if one.valid_from <= today), None)
    context = {
        "plan": plan,
        "words": f"{paid(plan).capitalize()}, by the {every(plan)}",
        "profile": plan_profile(plan.down_kbps, plan.up_kbps).name,
        "customers": sum(have.values()),
        "state": "published" if plan.on_sale else "withdrawn",
        "versions": [
            _version(one, have.get(one.id, 0), entity.currency, sold) for one in known
        ],
        "move_url": f"/plans/{code}/{known[0].number}" if len(known) > 1 else "",
        "publish_url": f"/plans/{code}/publish",
        "every": every(plan),
    }  # fmt: skip
    return render(request, "console/plans/plan.html", context)


def _version(one: Version, have: int, currency: str, sold: Version | None) -> dict[str, Any]:
    ahead = sold is None or one.number > sold.number
    return {
        "number": one.number,
        "from": one.valid_from,
        "price": one.price,
        "tax": "with tax" if one.tax_inclusive else "before tax",
        "charges": list(charged(one.terms, currency)),
        "have": have,
        "sold": one is sold,
        "ahead": ahead,
    }
