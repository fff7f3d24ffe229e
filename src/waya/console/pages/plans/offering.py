"""A plan is withdrawn from sale, or sold again; whoever has it keeps it."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from waya.catalog.commands import sell_again, withdraw_plan
from waya.catalog.models import Plan
from waya.console.pieces import Confirm, Then
from waya.console.staff import StaffRequest, staff
from waya.console.words import many
from waya.org.actors import Actor
from waya.subscriptions.models import AddOn, Subscription


@staff("catalog.change")
def withdraw(request: StaffRequest, by: Actor, code: str) -> HttpResponse:
    """Sell a plan no more."""
    plan = _plan(request, code)
    if request.method == "POST":
        withdraw_plan(plan_id=plan.pk, by=by)
        messages.info(request, f"{plan.name} is sold no more.")
        return redirect(f"/plans/{plan.code}")
    have = Subscription.objects.filter(plan=plan).exclude(state=Subscription.ENDED).count()
    have += AddOn.objects.filter(plan=plan).exclude(state=AddOn.OVER).count()
    then = [
        Then("lock", "Nobody new is offered it: not at the counter, nor on the portal"),
        Then("users", f"{many(have, 'service')} keep it, and pay as before"),
        Then("calendar", "It can be sold again"),
    ]
    return _shown(request, plan, "withdraw", "Withdraw", "Sell it no more", then)


@staff("catalog.change")
def sell(request: StaffRequest, by: Actor, code: str) -> HttpResponse:
    """Sell a plan again."""
    plan = _plan(request, code)
    if request.method == "POST":
        sell_again(plan_id=plan.pk, by=by)
        messages.info(request, f"{plan.name} is on sale.")
        return redirect(f"/plans/{plan.code}")
    then = [Then("users", "It is offered again, at the counter and on the portal"),
            Then("cash", "At the version of the day on which somebody takes it")]  # fmt: skip
    return _shown(request, plan, "sell", "Sell again", "Put on sale", then)


def _plan(request: StaffRequest, code: str) -> Plan:
    found = Plan.objects.filter(entity=request.entity, code=code).first()
    if found is None:
        raise Http404
    return found


def _shown(
    request: StaffRequest, plan: Plan, what: str, title: str, verb: str, then: list[Then]
) -> HttpResponse:
    back = f"/plans/{plan.code}"
    confirm = Confirm(
        title=f"{title}: {plan.name}", text=plan.code, action=f"{back}/{what}", verb=verb,
        back=back, keep="Leave", then=then,
    )  # fmt: skip
    context = {"confirm": confirm, "crumb": {"url": back, "words": plan.name}}
    return render(request, "console/confirm.html", context)
