"""Add-ons, chosen by their customer: what each comes to first, then taken or dropped."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_http_methods

from waya.billing.commands.lives.add_ons import drop_add_on, take_add_on
from waya.billing.queries.lives.had import Had, had_on
from waya.billing.queries.lives.outcomes import Outcome
from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.org.words import words
from waya.portal.account import stand
from waya.portal.frame import customers_only, page
from waya.portal.pages.changing import pin, told
from waya.portal.session import Guest
from waya.subscriptions.queries import RUNNING


@require_http_methods(["GET", "HEAD", "POST"])
@customers_only
def add_ons(request: HttpRequest, guest: Guest) -> HttpResponse:
    """What is had and what could be; with one chosen, what comes of it; as shown, done.

    Should anything have changed since it was shown, it is shown again and not done.
    """
    row = stand(guest.customer).subscription
    if row is None or row.state not in RUNNING:
        return HttpResponseRedirect("/my")
    today = clock.today(guest.entity.zone)
    found = had_on(row, today)
    typed = request.POST or request.GET
    code, later = typed.get("add_on", ""), typed.get("when") == "term_end"
    context: dict[str, Any] = {"has": row.plan.name, **_listed(found, code), "later": later}
    if request.method == "POST" and typed.get("what") != _wish(context):
        return HttpResponseRedirect("/my")  # sent twice: it is had, or gone, already
    if context["chosen"] is None:
        return page(request, "add_ons", context, entity=guest.entity, guest=guest)

    def act(preview: bool) -> Outcome:
        had = next((one for one in found.had if one.plan.code == code), None)
        if had is not None:
            return drop_add_on(add_on_id=had.pk, on=today, when="term_end" if later else "at_once",
                               preview=preview, by=guest.by)  # fmt: skip
        plan = next(plan for plan, _ in found.offered if plan.code == code)
        return take_add_on(subscription_id=row.pk, plan_id=plan.pk, on=today, preview=preview,
                           when="term_end" if later else "at_once", by=guest.by)  # fmt: skip

    status = 200
    try:
        outcome = act(True)
        if request.method == "POST" and request.POST.get("seen") == pin(outcome):
            act(False)
            return HttpResponseRedirect("/my")
        context |= told(outcome, guest)
    except Refused as refusal:
        context["refusal"], context["chosen"], status = words(refusal), None, 422
    return page(request, "add_ons", context, entity=guest.entity, guest=guest, status=status)


def _wish(context: dict[str, Any]) -> str:
    """What can be done to the one that was chosen."""
    return "" if context["chosen"] is None else "drop" if context["drops"] else "take"


def _listed(found: Had, code: str) -> dict[str, Any]:
    """What is had and what is offered, and which of them was chosen."""
    had: list[dict[str, Any]] = [
        {"code": one.plan.code, "name": one.plan.name, "end": one.end, "on": one.plan.code == code}
        for one in found.had
    ]
    offered: list[dict[str, Any]] = [
        {"code": plan.code, "name": plan.name, "price": price, "on": plan.code == code}
        for plan, price in found.offered
    ]
    chosen = next((one for one in (*had, *offered) if one["on"]), None)
    return {"had": had, "offered": offered, "chosen": chosen, "drops": chosen in had}
