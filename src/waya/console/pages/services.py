"""A customer's service: another plan, a pause, its end; each shown with every consequence."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any, Literal

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from waya.billing.commands.lives import changes
from waya.billing.queries.lives.outcomes import Outcome
from waya.billing.rules.drafts import DraftLine
from waya.catalog.models import Plan
from waya.catalog.queries import plans_on_sale
from waya.console.pieces import Confirm, Sum, Then
from waya.console.staff import StaffRequest, staff
from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.kernel.money import Money
from waya.network.rules.access import plan_profile
from waya.org.actors import Actor
from waya.org.words import words
from waya.subscriptions.models import Subscription

_WHEN: tuple[Literal["at_once", "term_end"], ...] = ("at_once", "term_end")
_WHEN_WORDS = {"": "As policy has it", "at_once": "Today", "term_end": "When the term ends"}


@staff("billing.change_plan")
def change(request: StaffRequest, by: Actor, username: str) -> HttpResponse:
    """Another plan: what is given back, what is asked for, and when."""
    row = _row(request, username)
    typed = request.POST or request.GET
    plans = list(plans_on_sale(row.entity_id).filter(mode=row.plan.mode).exclude(pk=row.plan_id))
    plan = next((one for one in plans if one.code == typed.get("plan")), None)
    when = next((one for one in _WHEN if one == typed.get("when")), None)
    confirm: dict[str, Any] = {
        "title": f"Change {row.customer.name}’s plan",
        "text": f"{row.plan.name}, {row.username}. Choose a plan to see what comes of it.",
        "choices": _choices(plans, plan, when or ""),
        "address": f"/services/{username}/change",
        "verb": "Show what comes of it",
    }
    if plan is None:
        return _shown(request, row, "change", confirm)

    def act(preview: bool) -> Outcome:
        return changes.change_plan(
            subscription_id=row.pk, plan_id=plan.pk, on=_today(request), when=when,
            preview=preview, by=by,
        )  # fmt: skip

    def told(outcome: Outcome) -> dict[str, Any]:
        day = f"{outcome.on:%-d %b}"
        wire = f"The router is to hold {plan_profile(plan.down_kbps, plan.up_kbps).name}"
        then = [Then("calendar", "From today" if outcome.now else f"From {day}, and not before"),
                Then("router", f"{wire} {'at once' if outcome.now else f'on {day}'}")]  # fmt: skip
        if outcome.to_pay:
            then.append(Then("cash", f"{outcome.to_pay} is missing first: take it, then change"))
        return {"verb": f"Change to {plan.name}" + ("" if outcome.now else f" on {day}"),
                "then": then}  # fmt: skip

    return _decide(request, row, "change", confirm, act, told)


@staff("billing.pause")
def pause(request: StaffRequest, by: Actor, username: str) -> HttpResponse:
    """A pause: off, not charged, no debt."""
    row = _row(request, username)
    confirm = {"title": f"Pause {row.customer.name}’s service", "verb": "Pause it",
               "text": f"{row.plan.name}, {row.username}"}  # fmt: skip

    def act(preview: bool) -> Outcome:
        return changes.pause(
            subscription_id=row.pk, on=_today(request), preview=preview, by=by
        )  # fmt: skip

    then = [Then("router", "The router is to refuse the login until it is resumed"),
            Then("calendar", "Nothing is charged or asked for until then")]  # fmt: skip
    return _decide(request, row, "pause", confirm, act, lambda outcome: {"then": then})


@staff("billing.pause")
def resume(request: StaffRequest, by: Actor, username: str) -> HttpResponse:
    """On again after a pause."""
    row = _row(request, username)
    confirm = {"title": f"Resume {row.customer.name}’s service", "verb": "Resume it",
               "text": f"{row.plan.name}, {row.username}"}  # fmt: skip

    def act(preview: bool) -> Outcome:
        return changes.resume(
            subscription_id=row.pk, on=_today(request), preview=preview, by=by
        )  # fmt: skip

    def told(outcome: Outcome) -> dict[str, Any]:
        waits = f"Back when {outcome.to_pay} is paid" if outcome.to_pay else "Back at once"
        return {"then": [Then("wifi", waits)]}

    return _decide(request, row, "resume", confirm, act, told)


@staff("billing.cancel")
def end(request: StaffRequest, by: Actor, username: str) -> HttpResponse:
    """The end of a service, today or when its term is over."""
    row = _row(request, username)
    typed = request.POST or request.GET
    when = "term_end" if typed.get("when") == "term_end" else "at_once"
    confirm: dict[str, Any] = {
        "title": f"End {row.customer.name}’s service",
        "text": f"{row.plan.name}, {row.username}",
        "choices": [_when_choice(when, ("at_once", "term_end"))],
        "address": f"/services/{username}/end",
        "harm": True,
    }

    def act(preview: bool) -> Outcome:
        return changes.cancel(
            subscription_id=row.pk, on=_today(request), preview=preview, by=by,
            when="term_end" if when == "term_end" else "at_once",
        )  # fmt: skip

    def told(outcome: Outcome) -> dict[str, Any]:
        day = f"{outcome.on:%-d %b}"
        return {
            "verb": "End it today" if outcome.now else f"End it on {day}",
            "then": [Then("router", f"The login is refused from {day} on, and never used again")],
        }

    return _decide(request, row, "end", confirm, act, told)


def _decide(
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
        return _shown(request, row, what, confirm, 422 if request.method == "POST" else 200)
    confirm |= {"hidden": {"seen": seen}, **_money(outcome), **told(outcome)}
    return _shown(request, row, what, confirm)


def _pin(outcome: Outcome) -> str:
    """What was shown, in short: if it has changed, it is shown again and not done."""
    sums = (outcome.credit.minor, outcome.charge.minor, outcome.to_pay.minor)
    return f"{outcome.on.isoformat()}:{outcome.now}:" + ":".join(map(str, sums))


def _money(outcome: Outcome) -> dict[str, Any]:
    """Every line of an outcome with its arithmetic, and what is to be paid."""
    rows = [
        Sum(f"Given back: {one.description}", -one.gross,
            f"unused from {one.days.start:%-d %b}, of {one.number}" if one.days else one.number)
        for one in outcome.back
    ]  # fmt: skip
    rows += [_sum(line, outcome, "invoiced now") for lines in outcome.closing for line in lines]
    rows += [_sum(line, outcome, "" if outcome.asks else "invoiced after it")
             for line in outcome.charges]  # fmt: skip
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
    return Sum(line.description, amount, ", ".join(one for one in (share, note) if one))


def _choices(plans: Iterable[Plan], plan: Plan | None, when: str) -> list[dict[str, Any]]:
    options = [
        {"value": one.code, "words": one.name, "on": one == plan,
         "note": f"{one.down_kbps // 1000} / {one.up_kbps // 1000} Mbps"}
        for one in plans
    ]  # fmt: skip
    return [
        {"name": "plan", "legend": "Plan", "options": options},
        _when_choice(when, ("", "at_once", "term_end")),
    ]


def _when_choice(when: str, values: Iterable[str]) -> dict[str, Any]:
    options = [{"value": one, "words": _WHEN_WORDS[one], "on": one == when} for one in values]
    return {"name": "when", "legend": "When", "options": options}


def _row(request: StaffRequest, username: str) -> Subscription:
    rows = Subscription.objects.filter(entity=request.entity, username=username)
    row = rows.select_related("plan", "customer").first()
    if row is None:
        raise Http404
    return row


def _today(request: StaffRequest) -> date:
    return clock.today(request.entity.zone)


def _shown(
    request: StaffRequest, row: Subscription, what: str, confirm: dict[str, Any], status: int = 200
) -> HttpResponse:
    back = f"/customers/{row.customer.account_number}"
    decision = Confirm(
        action=f"/services/{row.username}/{what}", back=back,
        **({"text": "", "verb": ""} | confirm),
    )  # fmt: skip
    context = {"confirm": decision, "crumb": {"url": back, "words": row.customer.name}}
    return render(request, "console/confirm.html", context, status=status)
