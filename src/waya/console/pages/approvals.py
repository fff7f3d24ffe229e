"""Approvals: what waits for my decision, and what happens if I say yes?"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from waya.console import story
from waya.console.pieces import Chip, Line, Then, Why, address, earlier, newest
from waya.console.staff import StaffRequest, staff
from waya.console.words import many
from waya.kernel.errors import Refused
from waya.kernel.money import Money, total
from waya.org.actors import Actor
from waya.org.commands.approvals import decide as decide_command
from waya.org.models import Approval
from waya.org.words import words
from waya.reports.queries.paging import ROWS, before, cut

_STATES = {
    Approval.WAITING: ("waits", "Waits for a person"),
    Approval.GRANTED: ("running", "Granted, being carried out"),
    Approval.DENIED: ("rejected", "Turned down"),
    Approval.DONE: ("done", "Carried out"),
}
_KINDS = {
    "billing_run": "A night's billing",
    "cut_off": "A night's cut-offs",
    "network.remove": "Removals from a router",
    "write_off": "A debt to be given up",
}
_MOST_NAMED = 40
_FEW = 8


@staff("org.approve")
def listed(request: StaffRequest, by: Actor) -> HttpResponse:
    """What waits, or with `show=decided` what was decided."""
    decided = request.GET.get("show") == "decided"
    found = Approval.objects.filter(entity=request.entity).order_by("-pk" if decided else "pk")
    found = (
        found.exclude(state=Approval.WAITING) if decided else found.filter(state=Approval.WAITING)
    )
    if (last := before(request.GET.get("from", ""))) is not None:
        found = found.filter(pk__lt=last) if decided else found.filter(pk__gt=last)
    page = cut(list(found[: ROWS + 1]), lambda row: str(row.pk))
    context = {
        "chips": [
            Chip("Waiting", address(request, show=""), on=not decided, stays=True),
            Chip("Decided", address(request, show="decided"), on=decided, stays=True),
        ],
        "rows": [_row(row, by) for row in page.rows],
        "earlier": earlier(request, page.next_key),
        "later": newest(request),
    }
    return render(request, "console/approvals.html", context)


def _row(row: Approval, by: Actor) -> dict[str, Any]:
    mine = by.kind == "person" and row.asked_by_id == by.id
    open_ = row.state == Approval.WAITING and not mine
    state, state_words = _STATES[row.state]
    facts = _facts(row)
    opened = row.state == Approval.WAITING and len(facts) < _FEW
    if row.decided_at:
        state_words = f"{state_words}, {row.decided_by}"
    return {
        "id": row.pk,
        "title": row.title,
        "kind": _KINDS.get(row.kind, row.kind.replace(".", " ").replace("_", " ").capitalize()),
        "asked_by": row.asked_by,
        "asked_at": row.asked_at,
        "state": state,
        "state_words": state_words,
        "text": _together(row),
        "amount": None,
        "then": _then(row) if row.state == Approval.WAITING else (),
        "why": Why(facts, "Facts", open=opened) if facts else None,
        "approve_url": f"/approvals/{row.pk}" if open_ else None,
        "reject_url": f"/approvals/{row.pk}" if open_ else None,
        "mine": mine and row.state == Approval.WAITING,
        "approve_words": "Let it happen",
        "reject_words": "Turn it down",
        "harm": "_off" in row.kind or "remov" in row.kind,
    }


def _facts(row: Approval) -> list[Line]:
    """What was true when it was asked: single facts, then whom it concerns, by name."""
    if row.kind == "billing_run":
        return []
    lines = [
        Line(name.replace("_", " "), story.said(value))
        for name, value in row.why.items()
        if value not in ("", None, []) and not name.endswith("_id") and name != "customers"
    ]
    people = _people(row)
    for one in people[:_MOST_NAMED]:
        due = f", due {story.said(one['due'])}" if one.get("due") else ""
        lines.append(Line(one["name"], f"{_owed(one)}{due}", f"/customers/{one['account']}"))
    if len(people) > _MOST_NAMED:
        lines.append(Line("and", f"{len(people) - _MOST_NAMED} more"))
    return lines


def _people(row: Approval) -> list[dict[str, Any]]:
    named = row.why.get("customers")
    return named if isinstance(named, list) else []


def _owed(one: dict[str, Any]) -> Money:
    return Money(int(one.get("owed_minor") or 0), str(one.get("currency") or "KES"))


def _together(row: Approval) -> str:
    """How many are concerned, of how many, and what they owe together."""
    people = _people(row)
    if row.kind == "billing_run":
        return _night(row.why)
    if not people:
        return ""
    owed = total((_owed(one) for one in people), _owed(people[0]).currency)
    serves = f" of the {row.why['serves']} it serves" if "serves" in row.why else ""
    return f"{many(len(people), 'customer')}{serves}, who owe {owed} together."


def _night(why: dict[str, Any]) -> str:
    """A night's billing, beside the night a month before."""
    comes_to = Money(int(why["expected_minor"]), str(why["currency"]))
    bound = "the night a month before" if why["bound"] == "change" else "may pass in one night"
    told = f"{many(int(why['due']), 'subscription')} come to about {comes_to}: more than {bound}."
    if "month_before_due" not in why:
        return told
    past = Money(int(why["month_before_minor"]), comes_to.currency)
    return f"{told} A month before it was {int(why['month_before_due']):,}, {past}."


def _then(row: Approval) -> list[Then]:
    """What happens after a yes."""
    if "cut_off" in row.kind:
        return [
            Then("scale", "Each is judged again first: who has paid meanwhile is left alone"),
            Then("lock", "The others are walled: only the pay page opens for them"),
            Then("message", "Each gets an SMS that says how much, and how to pay"),
            Then("arrow-back-up", "Whoever pays is back within a second"),
        ]
    if "remov" in row.kind:
        return [
            Then("router", "The router is read again, and what should go still goes"),
            Then("wifi-off", "Those names are removed and their sessions end"),
        ]
    if row.kind == "billing_run":
        return [
            Then("file-invoice", "Whoever is due is billed, each once; it begins within seconds"),
            Then("player-pause", "While it is at work it can be stopped, on the page of billing"),
        ]
    if row.kind == "write_off":
        ends = (
            [Then("circle-minus", "Its walled service ends")] if row.why.get("ends_service") else []
        )
        return [
            Then("scale", "What was paid meanwhile is looked at again first"),
            Then("book-2", "A loss in the books: bad debts, against what they owe"),
            *ends,
        ]
    return [Then("scale", "The facts are checked again, then it is carried out")]


@require_POST
@staff("org.approve")
def decide(request: StaffRequest, by: Actor, approval_id: int) -> HttpResponse:
    """Grant or turn down; the facts are checked again by whatever carries it out."""
    if not Approval.objects.filter(pk=approval_id, entity=request.entity).exists():
        raise Http404
    grant = request.POST.get("decision") == "grant"
    try:
        done = decide_command(approval_id=approval_id, grant=grant, by=by)
    except Refused as refusal:
        messages.warning(request, words(refusal))
        return redirect("/approvals")
    messages.info(request, f"{'Granted' if grant else 'Turned down'}: {done.title}")
    return redirect("/approvals?show=decided")
