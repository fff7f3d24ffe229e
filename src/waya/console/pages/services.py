"""A customer's service: another plan, a pause, its end; each shown with every consequence."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any, Literal

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from waya.billing.commands.lives import changes
from waya.billing.queries.lives.outcomes import Outcome
from waya.billing.rules.drafts import DraftLine
from waya.billing.rules.engine.terms import Leftover
from waya.catalog.models import Plan
from waya.catalog.queries import plans_on_sale, prices
from waya.console.pages.plans.words import every
from waya.console.pages.taking import missing
from waya.console.pieces import Confirm, Sum, Then, why_of
from waya.console.staff import StaffRequest, staff
from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.kernel.money import Money
from waya.network.rules.access import plan_profile
from waya.org.actors import Actor
from waya.org.words import words
from waya.reports.documents.whys import of_charged
from waya.subscriptions.models import Subscription

_WHEN: tuple[Literal["at_once", "term_end"], ...] = ("at_once", "term_end")
_WHEN_WORDS = {"": "As policy has it", "at_once": "Today", "term_end": "When the term ends"}
_LEFTOVER: tuple[Leftover, ...] = ("money", "time", "data")
_LEFTOVER_WORDS = {
    "": "As policy has it", "money": "Money: a credit", "time": "Time of the new plan",
    "data": "Data of the new plan",
}  # fmt: skip


class NumberForm(forms.Form):
    """How many."""

    quantity = forms.IntegerField(label="How many", min_value=1, max_value=10_000)


@staff("billing.change_plan")
def change(request: StaffRequest, by: Actor, username: str) -> HttpResponse:
    """Another plan: what is given back, what is asked for, and when."""
    row = row_of(request, username)
    typed = request.POST or request.GET
    plans = list(plans_on_sale(row.entity_id).filter(mode=row.plan.mode).exclude(pk=row.plan_id))
    plan = next((one for one in plans if one.code == typed.get("plan")), None)
    when = next((one for one in _WHEN if one == typed.get("when")), None)
    leftover = next((one for one in _LEFTOVER if one == typed.get("leftover")), None)
    confirm: dict[str, Any] = {
        "title": f"Change {row.customer.name}’s plan",
        "text": f"{row.plan.name}, {row.username}. Choose a plan to see what comes of it.",
        "choices": _choices(plans, plan, when or "", leftover or "", today_of(request)),
        "address": f"/services/{username}/change",
        "verb": "Show what comes of it",
    }
    if plan is None:
        return shown(request, row, "change", confirm)

    def act(preview: bool) -> Outcome:
        return changes.change_plan(
            subscription_id=row.pk, plan_id=plan.pk, on=today_of(request), when=when,
            leftover=leftover, preview=preview, by=by,
        )  # fmt: skip

    def told(outcome: Outcome) -> dict[str, Any]:
        on = "" if outcome.now else f" on {outcome.on:%-d %b}"
        wire = f"The router is to hold {plan_profile(plan.down_kbps, plan.up_kbps).name}"
        then = [_begins(outcome), Then("router", wire + (on or " at once"))]
        return {"verb": f"Change to {plan.name}{on}", "then": then + _missing(row, outcome, by)}

    return decide(request, row, "change", confirm, act, told)


@staff("billing.change_plan")
def quantity(request: StaffRequest, by: Actor, username: str) -> HttpResponse:
    """More or fewer of what the plan prices by the unit."""
    row = row_of(request, username)
    typed = request.POST or request.GET
    form = NumberForm(typed if "quantity" in typed else None, initial={"quantity": row.quantity})
    when = next((one for one in _WHEN if one == typed.get("when")), None)
    confirm: dict[str, Any] = {
        "title": f"How many for {row.customer.name}",
        "text": f"{row.plan.name}, {row.username}: {row.quantity} now.",
        "choices": [when_choice(when or "", ("", "at_once", "term_end"))],
        "form": form,
        "address": f"/services/{username}/quantity",
        "verb": "Show what comes of it",
    }
    if not form.is_valid():
        return shown(request, row, "quantity", confirm, 422 if form.is_bound else 200)
    many = form.cleaned_data["quantity"]

    def act(preview: bool) -> Outcome:
        return changes.change_quantity(
            subscription_id=row.pk, quantity=many, on=today_of(request), when=when,
            preview=preview, by=by,
        )  # fmt: skip

    def told(outcome: Outcome) -> dict[str, Any]:
        on = "" if outcome.now else f" from {outcome.on:%-d %b} on"
        then = [_begins(outcome), *_missing(row, outcome, by)]
        return {"verb": f"Have {many}{on}", "then": then}

    return decide(request, row, "quantity", confirm, act, told)


def _begins(outcome: Outcome) -> Then:
    day = f"{outcome.on:%-d %b}"
    return Then("calendar", "From today" if outcome.now else f"From {day}, and not before")


def _missing(row: Subscription, outcome: Outcome, by: Actor) -> list[Then]:
    if not outcome.to_pay:
        return []
    return [missing(outcome.to_pay, row.customer.account_number, by, "change")]


@staff("billing.change_plan")
def keep(request: StaffRequest, by: Actor, username: str) -> HttpResponse:
    """What was planned, undone."""
    row = row_of(request, username)
    confirm = {"title": f"Keep {row.customer.name}’s service as it is",
               "text": f"{row.plan.name}, {row.username}", "verb": "Keep it as it is"}  # fmt: skip

    def act(preview: bool) -> Outcome:
        return changes.keep(subscription_id=row.pk, on=today_of(request), preview=preview, by=by)

    day = f" on {row.next_on:%-d %b}" if row.next_on else ""
    then = [Then("calendar", f"It neither changes nor ends{day}"),
            Then("cash", "What was asked for it is withdrawn, and asked for anew")]  # fmt: skip
    return decide(request, row, "keep", confirm, act, lambda outcome: {"then": then})


@staff("billing.pause")
def pause(request: StaffRequest, by: Actor, username: str) -> HttpResponse:
    """A pause: off, not charged, no debt."""
    row = row_of(request, username)
    confirm = {"title": f"Pause {row.customer.name}’s service", "verb": "Pause it",
               "text": f"{row.plan.name}, {row.username}"}  # fmt: skip

    def act(preview: bool) -> Outcome:
        return changes.pause(
            subscription_id=row.pk, on=today_of(request), preview=preview, by=by
        )  # fmt: skip

    then = [Then("router", "The router is to refuse the login until it is resumed"),
            Then("calendar", "Nothing is charged or asked for until then")]  # fmt: skip
    return decide(request, row, "pause", confirm, act, lambda outcome: {"then": then})


@staff("billing.pause")
def resume(request: StaffRequest, by: Actor, username: str) -> HttpResponse:
    """On again after a pause."""
    row = row_of(request, username)
    confirm = {"title": f"Resume {row.customer.name}’s service", "verb": "Resume it",
               "text": f"{row.plan.name}, {row.username}"}  # fmt: skip

    def act(preview: bool) -> Outcome:
        return changes.resume(
            subscription_id=row.pk, on=today_of(request), preview=preview, by=by
        )  # fmt: skip

    def told(outcome: Outcome) -> dict[str, Any]:
        waits = f"Back when {outcome.to_pay} is paid" if outcome.to_pay else "Back at once"
        return {"then": [Then("wifi", waits)]}

    return decide(request, row, "resume", confirm, act, told)


@staff("billing.cancel")
def end(request: StaffRequest, by: Actor, username: str) -> HttpResponse:
    """The end of a service, today or when its term is over."""
    row = row_of(request, username)
    typed = request.POST or request.GET
    when = "term_end" if typed.get("when") == "term_end" else "at_once"
    confirm: dict[str, Any] = {
        "title": f"End {row.customer.name}’s service",
        "text": f"{row.plan.name}, {row.username}",
        "choices": [when_choice(when, ("at_once", "term_end"))],
        "address": f"/services/{username}/end",
        "harm": True,
    }

    def act(preview: bool) -> Outcome:
        return changes.cancel(
            subscription_id=row.pk, on=today_of(request), preview=preview, by=by,
            when="term_end" if when == "term_end" else "at_once",
        )  # fmt: skip

    def told(outcome: Outcome) -> dict[str, Any]:
        day = f"{outcome.on:%-d %b}"
        return {
            "verb": "End it today" if outcome.now else f"End it on {day}",
            "then": [Then("router", f"The login is refused from {day} on, and never used again")],
        }

    return decide(request, row, "end", confirm, act, told)


def decide(
    request: StaffRequest, row: Subscription, what: str, confirm: dict[str, Any],
    act: Callable[[bool], Outcome], told: Callable[[Outcome], dict[str, Any]],
) -> HttpResponse:  # fmt: skip
    """Show what comes of it; do it when what was shown still holds, else show it again."""
    try:
        outcome = act(True)
        seen = _pin(outcome)
        if request.method == "POST" and request.POST.get("seen") == seen:
            act(False)
            return redirect(f"/customers/{row.customer.account_number}")
    except Refused as refusal:
        confirm |= {"refusal": words(refusal)}
        return shown(request, row, what, confirm, 422 if request.method == "POST" else 200)
    confirm |= {"hidden": {"seen": seen}, **_money(outcome), **told(outcome)}
    return shown(request, row, what, confirm)


def _pin(outcome: Outcome) -> str:
    """What was shown, in short: if it has changed, it is shown again and not done."""
    if outcome.timed:  # from one second to the next it is a little less
        return f"{outcome.on.isoformat()}:{outcome.now}:{outcome.charge.minor}"
    sums = (outcome.credit.minor, outcome.charge.minor, outcome.to_pay.minor)
    return f"{outcome.on.isoformat()}:{outcome.now}:" + ":".join(map(str, sums))


def _money(outcome: Outcome) -> dict[str, Any]:
    """Every line of an outcome with its arithmetic, and what is to be paid."""
    rows = [
        Sum(f"Given back: {one.description}", -one.gross,
            f"unused from {one.days.start:%-d %b}, of {one.number}" if one.days
            else f"what was not had, of {one.number}")
        for one in outcome.back
    ]  # fmt: skip
    rows += [_sum(line, outcome, "invoiced now") for lines in outcome.closing for line in lines]
    rows += [_sum(line, outcome, "" if outcome.asks else "invoiced after it")
             for line in outcome.charges]  # fmt: skip
    if outcome.allowance is not None:
        line = outcome.allowance.line
        amount = Money(line.charged.sums[2], outcome.currency)
        rows.append(Sum(line.description, amount, "what is left over becomes data"))
    if outcome.asks and outcome.charges and outcome.owed:
        rows.append(Sum("Open invoices", outcome.owed, "paid first"))
    if outcome.held and outcome.asks:
        rows.append(Sum("Credit held already", -outcome.held))
    total = outcome.to_pay if outcome.asks and outcome.now else Money(0, outcome.currency)
    return {"money": rows, "total": total, "total_words": "To pay first"}


def _sum(line: DraftLine, outcome: Outcome, note: str) -> Sum:
    why = line.charged.why
    share = (
        f"{why['days']} of {why['cycle_days']} days"
        if why.get("days") != why.get("cycle_days")
        else ""
    )
    amount = Money(line.charged.sums[2], outcome.currency)
    words = ", ".join(one for one in (share, note) if one)
    return Sum(line.description, amount, words, why_of(of_charged(line.charged)))


def plan_options(plans: Iterable[Plan], chosen: Plan | None, today: date) -> list[dict[str, Any]]:
    """Plans to choose from, each with its speed and what it costs who takes it today; one that
    has no price yet cannot be chosen."""
    offered = list(plans)
    known = prices(one.pk for one in offered)
    found = []
    for one in offered:
        priced = [each for each in known.get(one.pk, []) if each.valid_from <= today]
        price = f"{priced[0].amount} a {every(one)}" if priced else "no price yet"
        speed = f"{one.down_kbps // 1000} / {one.up_kbps // 1000} Mbps"
        found.append({"value": one.code, "words": one.name, "on": one == chosen,
                      "note": f"{speed}, {price}", "disabled": not priced})  # fmt: skip
    return found


def _choices(
    plans: Iterable[Plan], plan: Plan | None, when: str, leftover: str, today: date
) -> list[dict[str, Any]]:
    becomes = [
        {"value": one, "words": words_, "on": one == leftover}
        for one, words_ in _LEFTOVER_WORDS.items()
    ]
    options = plan_options(plans, plan, today)
    return [
        {"name": "plan", "legend": "Plan", "options": options},
        when_choice(when, ("", "at_once", "term_end")),
        {"name": "leftover", "legend": "What is left over becomes", "options": becomes},
    ]


def when_choice(when: str, values: Iterable[str]) -> dict[str, Any]:
    """From when on: a choice of a decision."""
    options = [{"value": one, "words": _WHEN_WORDS[one], "on": one == when} for one in values]
    return {"name": "when", "legend": "When", "options": options}


def row_of(request: StaffRequest, username: str) -> Subscription:
    """The service of a login, or nothing at this address."""
    rows = Subscription.objects.filter(entity=request.entity, username=username)
    row = rows.select_related("plan", "customer").first()
    if row is None:
        raise Http404
    return row


def today_of(request: StaffRequest) -> date:
    """The business day of the company."""
    return clock.today(request.entity.zone)


def shown(
    request: StaffRequest, row: Subscription, what: str, confirm: dict[str, Any], status: int = 200
) -> HttpResponse:
    """A decision about a service, as a page."""
    back = f"/customers/{row.customer.account_number}"
    decision = Confirm(
        action=f"/services/{row.username}/{what}", back=back,
        **({"text": "", "verb": ""} | confirm),
    )  # fmt: skip
    context = {"confirm": decision, "crumb": {"url": back, "words": row.customer.name}}
    return render(request, "console/confirm.html", context, status=status)
