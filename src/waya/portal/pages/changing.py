"""Another plan, chosen by its customer: what it comes to first, then the change."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from waya.billing.commands.lives.changes import change_plan
from waya.billing.queries.lives.outcomes import Outcome
from waya.catalog.models import Plan
from waya.catalog.queries import plans_on_sale
from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.org.words import words
from waya.portal.account import stand
from waya.portal.forms import as_typed
from waya.portal.frame import customers_only, page
from waya.portal.offers import offered
from waya.portal.session import Guest
from waya.portal.whys import why_charged
from waya.reports.documents.wording import said
from waya.subscriptions.models import Subscription
from waya.subscriptions.queries import RUNNING


@require_http_methods(["GET", "HEAD", "POST"])
@customers_only
def change(request: HttpRequest, guest: Guest) -> HttpResponse:
    """The plans there are; with one chosen, what comes of it; with what was shown, done.

    Should anything have changed since it was shown, it is shown again and not done.
    """
    row = stand(guest.customer).subscription
    if row is None or row.state not in RUNNING:
        return HttpResponseRedirect("/my")
    typed = request.POST or request.GET
    plan = next((one for one in _others(row) if one.code == typed.get("plan")), None)
    context: dict[str, Any] = {"has": row.plan.name, "plans": _offered(row, plan, guest)}
    if plan is None:
        return page(request, "change", context, entity=guest.entity, guest=guest)
    today = clock.today(guest.entity.zone)
    status = 200
    try:
        outcome = change_plan(
            subscription_id=row.pk, plan_id=plan.pk, on=today, by=guest.by, preview=True
        )
        if request.method == "POST" and request.POST.get("seen") == pin(outcome):
            change_plan(subscription_id=row.pk, plan_id=plan.pk, on=today, by=guest.by)
            return HttpResponseRedirect("/my")
        context |= {"chosen": plan, **told(outcome, guest)}
    except Refused as refusal:
        context["refusal"], status = words(refusal), 422
    return page(request, "change", context, entity=guest.entity, guest=guest, status=status)


def _others(row: Subscription) -> list[Plan]:
    rows = plans_on_sale(row.entity_id).filter(mode=row.plan.mode)
    return list(rows.exclude(pk=row.plan_id))


def _offered(row: Subscription, chosen: Plan | None, guest: Guest) -> list[dict[str, Any]]:
    """The plans that could be had instead, with their price today."""
    code = chosen.code if chosen else None
    return [one | {"on": one["code"] == code} for one in offered(_others(row), guest.entity)]


def told(outcome: Outcome, guest: Guest) -> dict[str, Any]:
    """What is given back, asked for and missing, and when it happens."""
    lines = []
    if outcome.credit:
        lines.append({"words": _("Days not used, given back"), "amount": -outcome.credit})
    lines += [
        {"words": said(line.description), "amount": line.charged.taxed.gross,
         "why": why_charged(line.charged)}
        for line in (*(one for part in outcome.closing for one in part), *outcome.charges)
    ]  # fmt: skip
    if outcome.allowance is not None:
        line = outcome.allowance.line
        lines.append({"words": said(line.description), "amount": line.charged.taxed.gross})
    if outcome.asks and outcome.charges and outcome.owed:
        lines.append({"words": _("Open bills"), "amount": outcome.owed})
    if outcome.asks and outcome.now and outcome.held:
        lines.append({"words": _("Credit"), "amount": -outcome.held})
    return {
        "lines": lines,
        "now": outcome.now,
        "on": outcome.on,
        "to_pay": outcome.to_pay,
        "shillings": -(-outcome.to_pay.minor // 100),
        "phone": as_typed(guest.contact.phone),
        "seen": pin(outcome),
    }


def pin(outcome: Outcome) -> str:
    """What was shown, in short."""
    if outcome.timed:  # from one second to the next it is a little less
        return f"{outcome.on.isoformat()}:{outcome.now}:{outcome.charge.minor}"
    sums = (outcome.credit.minor, outcome.charge.minor, outcome.to_pay.minor)
    return f"{outcome.on.isoformat()}:{outcome.now}:" + ":".join(map(str, sums))
