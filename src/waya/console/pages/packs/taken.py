"""What goes on top of a service, or off it: add-ons and the parts of a bundle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from django.http import HttpResponse

from waya.billing.commands.lives.add_ons import drop_add_on, take_add_on
from waya.billing.commands.lives.bundles import drop_part
from waya.billing.queries.lives.had import Had, had_on
from waya.billing.queries.lives.outcomes import Outcome
from waya.console.pages.services import decide, row_of, shown, today_of, when_choice
from waya.console.pages.taking import missing
from waya.console.pieces import Then
from waya.console.staff import StaffRequest, staff
from waya.org.actors import Actor
from waya.subscriptions.models import Subscription

When = Literal["at_once", "term_end"]
_Act = Callable[[bool], Outcome]


@staff("billing.change_plan")
def on_top(request: StaffRequest, by: Actor, username: str) -> HttpResponse:
    """Take an add-on, drop one, or drop a part of a bundle: each with what comes of it."""
    row = row_of(request, username)
    found = had_on(row, today_of(request))
    typed = request.POST or request.GET
    what, _, code = typed.get("what", "").partition(":")
    when: When = "term_end" if typed.get("when") == "term_end" else "at_once"
    confirm: dict[str, Any] = {
        "title": f"Add-ons of {row.customer.name}",
        "text": f"{row.plan.name}, {row.username}. Choose one to see what comes of it.",
        "choices": _choices(found, f"{what}:{code}", when),
        "address": f"/services/{username}/add-ons",
        "verb": "Show what comes of it",
    }
    act = _act(request, row, found, (what, code, when), by)
    if act is None:
        if not _options(found, ""):
            confirm |= {"text": "Nothing is sold on top of this plan.", "verb": "", "choices": ()}
        return shown(request, row, "add-ons", confirm)

    def told(outcome: Outcome) -> dict[str, Any]:
        day = f"{outcome.on:%-d %b}"
        then = [Then("calendar", "From today" if outcome.now else f"From {day}")]
        if outcome.to_pay:
            account = row.customer.account_number
            then.append(missing(outcome.to_pay, account, by, "add it"))
        verb = "Add it" if what == "take" else "Drop it"
        return {"verb": verb if outcome.now else f"{verb} on {day}", "then": then}

    return decide(request, row, "add-ons", confirm, act, told)


def _act(
    request: StaffRequest, row: Subscription, found: Had, wish: tuple[str, str, When], by: Actor
) -> _Act | None:
    """What was chosen, to be looked at or done; None when nothing was."""
    (what, code, when), on = wish, today_of(request)
    offered = next((plan for plan, _ in found.offered if plan.code == code), None)
    had = next((one for one in found.had if one.plan.code == code), None)
    part = next((one for one in found.parts if one.code == code), None)
    if what == "take" and offered is not None:
        return lambda preview: take_add_on(
            subscription_id=row.pk, plan_id=offered.pk, on=on, when=when, preview=preview, by=by
        )
    if what == "drop" and had is not None:
        return lambda preview: drop_add_on(
            add_on_id=had.pk, on=on, when=when, preview=preview, by=by
        )
    if what == "part" and part is not None:
        return lambda preview: drop_part(
            subscription_id=row.pk, plan_id=part.pk, on=on, preview=preview, by=by
        )
    return None


def _choices(found: Had, chosen: str, when: str) -> list[dict[str, Any]]:
    return [
        {"name": "what", "legend": "What", "options": _options(found, chosen)},
        when_choice(when, ("at_once", "term_end")),
    ]


def _options(found: Had, chosen: str) -> list[dict[str, Any]]:
    rows = [(f"take:{plan.code}", f"Add {plan.name}", f"{price}") for plan, price in found.offered]
    rows += [(f"drop:{one.plan.code}", f"Drop {one.plan.name}", "had") for one in found.had]
    rows += [(f"part:{one.code}", f"Drop {one.name}", "of the bundle") for one in found.parts]
    return [
        {"value": value, "words": words, "note": note, "on": value == chosen}
        for value, words, note in rows
    ]
