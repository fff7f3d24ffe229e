"""One service more for a customer we have: its first period is shown before it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from waya.billing.queries.accounts import account as money_of
from waya.billing.queries.lives.first import Added
from waya.billing.rules.drafts import DraftLine
from waya.catalog.models import Plan
from waya.catalog.queries import plans_on_sale
from waya.console.pages.services import plan_options
from waya.console.pieces import Confirm, Sum, Then, why_of
from waya.console.staff import StaffRequest, staff
from waya.kernel import clock, ids
from waya.kernel.errors import Refused
from waya.kernel.money import Money
from waya.kernel.phone import national
from waya.orders.commands import add as orders
from waya.org.actors import Actor
from waya.org.words import words
from waya.parties.models import Customer, Site
from waya.parties.queries import phones_of
from waya.payments.models import Prompt
from waya.reports.documents.whys import of_charged

_ALIGN: tuple[orders.Align, ...] = ("", "own", "customer")
_ALIGN_WORDS = {
    "": "As policy has it", "own": "On a day of its own", "customer": "With their others",
}  # fmt: skip


@staff("orders.add")
def add(request: StaffRequest, by: Actor, account: str) -> HttpResponse:
    """Choose a plan, a place and the day on which it renews; see the first period; ask for it."""
    rows = Customer.objects.filter(entity=request.entity, account_number=ids.normal(account))
    customer = rows.first()
    if customer is None:
        raise Http404
    typed = request.POST or request.GET
    plans = list(plans_on_sale(request.entity.pk))
    sites = list(Site.objects.filter(customer=customer).order_by("pk"))
    plan = next((one for one in plans if one.code == typed.get("plan")), None)
    site = next((one for one in sites if str(one.public_id) == typed.get("site")), None)
    align = next((one for one in _ALIGN if one == typed.get("align")), _ALIGN[0])
    confirm: dict[str, Any] = {
        "title": f"A service more for {customer.name}",
        "text": "Choose a plan to see its first period.",
        "choices": _choices(plans, plan, sites, site, align, clock.today(request.entity.zone)),
        "address": f"/customers/{account}/add",
        "verb": "Show its first period",
    }
    if plan is None:
        return _shown(request, customer, confirm, 200)
    try:
        found = orders.preview(
            customer_id=customer.pk, plan_id=plan.pk, site_id=site.pk if site else None,
            align=align, by=by,
        )  # fmt: skip
        if request.method == "POST" and request.POST.get("seen") == _pin(found):
            do = orders.add_and_prompt if request.POST.get("ask") == "prompt" else orders.add
            order = do(
                customer_id=customer.pk, plan_id=plan.pk, site_id=site.pk if site else None,
                align=align, by=by,
            )  # fmt: skip
            _say(request, order)
            return redirect(f"/customers/{account}")
    except Refused as refusal:
        confirm |= {"refusal": words(refusal)}
        return _shown(request, customer, confirm, 422 if request.method == "POST" else 200)
    confirm["choices"] += _asking(customer, found, typed.get("ask", "prompt"), by)
    return _shown(request, customer, confirm | _told(found), 200)


def _asking(customer: Customer, found: Added, ask: str, by: Actor) -> list[dict[str, Any]]:
    """Whether their phone is asked at once, and for how much: what is open comes before it."""
    phone = phones_of([customer.pk]).get(customer.pk, "")
    if not (_asks(found) and phone and by.can("payments.prompt")):
        return []
    stands = money_of(customer.pk, customer.entity_id)
    to_pay = stands.owed + stands.asked + found.total - stands.credit
    if to_pay.minor <= 0:
        return []
    options = [
        {"value": "prompt", "words": "Send the prompt now", "on": ask == "prompt",
         "note": f"{to_pay} on {national(phone)}"},
        {"value": "later", "words": "They pay themselves", "on": ask != "prompt",
         "note": "by paybill, or at the counter"},
    ]  # fmt: skip
    return [{"name": "ask", "legend": "The money", "options": options}]


def _say(request: StaffRequest, order: orders.Order) -> None:
    """What became of the prompt, if there was to be one."""
    sent = order.prompt
    if request.POST.get("ask") != "prompt" or order.pro_forma is None:
        return
    if sent is None:
        messages.warning(request, "No prompt was sent. Nothing was taken.")
    elif sent.state == Prompt.FAILED:
        messages.warning(request, f"The prompt was not sent: {sent.result_text}. "
                         "Nothing was taken.")  # fmt: skip


def _asks(found: Added) -> bool:
    return found.in_advance and bool(found.lines)


def _told(found: Added) -> dict[str, Any]:
    """What comes of it, and what was seen of it."""
    when = [Then("router", "When it is paid, the router gets the plan, and an SMS tells them")]
    if not found.in_advance:
        when = [Then("router", "It is on at once; its first invoice comes after its period")]
    if found.free_until:
        begins = "when it is paid" if _asks(found) else "at once"
        when = [Then("router", f"It is on {begins}, and free until {found.free_until:%-d %b}")]
    elif found.period is not None:
        days = f"{found.period.start:%-d %b} – {found.period.end:%-d %b}"
        ends = "with their others" if found.turns else "on a day of its own"
        when.insert(0, Then("calendar", f"Its first period is {days}, and renews {ends}"))
    return {
        "text": f"{found.plan.name}.",
        "verb": _verb(found),
        "money": [_sum(line, found.total.currency) for line in found.lines],
        "total": found.total if found.lines else None,
        "total_words": _when_paid(found),
        "then": when,
        "hidden": {"seen": _pin(found)},
    }


def _verb(found: Added) -> str:
    if not _asks(found):
        return "Begin it"
    return "Ask for what is charged once" if found.free_until else "Ask for its first period"


def _when_paid(found: Added) -> str:
    if _asks(found):
        return "To pay first"
    return "Invoiced at once" if found.free_until else "Invoiced after it"


def _sum(line: DraftLine, currency: str) -> Sum:
    why = line.charged.why
    part = why.get("days") != why.get("cycle_days")
    share = f"{why['days']} of {why['cycle_days']} days" if part else ""
    amount = Money(line.charged.sums[2], currency)
    return Sum(line.description, amount, share, why_of(of_charged(line.charged)))


def _pin(found: Added) -> str:
    """What was shown, in short: if it has changed, it is shown again and not done."""
    days = f"{found.period.start}:{found.period.end}" if found.period else ""
    return f"{found.plan.code}:{found.total.minor}:{days}"


def _choices(
    plans: Sequence[Plan],
    plan: Plan | None,
    sites: Sequence[Site],
    site: Site | None,
    align: str,
    today: date,
) -> list[dict[str, Any]]:
    offered = plan_options(plans, plan, today)
    places = [{"value": str(one.public_id), "words": one.name, "on": one == (site or sites[0])}
              for one in sites]  # fmt: skip
    turning = [
        {"value": one, "words": shown, "on": one == align} for one, shown in _ALIGN_WORDS.items()
    ]
    choices = [
        {"name": "plan", "legend": "Plan", "options": offered},
        {"name": "align", "legend": "It renews", "options": turning},
    ]
    if len(sites) > 1:
        choices.insert(1, {"name": "site", "legend": "Place", "options": places})
    return choices


def _shown(
    request: StaffRequest, customer: Customer, confirm: dict[str, Any], status: int
) -> HttpResponse:
    back = f"/customers/{customer.account_number}"
    decision = Confirm(action=f"{back}/add", back=back, **confirm)
    context = {"confirm": decision, "crumb": {"url": back, "words": customer.name}}
    return render(request, "console/confirm.html", context, status=status)
