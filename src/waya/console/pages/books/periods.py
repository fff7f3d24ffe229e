"""The months of the books: open, soft-closed or locked, and what to look at before closing."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from waya.console.pages.books.tabs import Shown, day_in
from waya.console.pieces import Confirm, Then
from waya.console.staff import StaffRequest, staff
from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.ledger.commands.periods import close_period, reopen_period, soft_close
from waya.org.actors import Actor
from waya.org.words import words
from waya.reports.queries.books.closing import LOCKED, OPEN, SOFT_CLOSED, Month, checklist, months

# How a month is brought to a state, and what happens then.
_TO = {
    SOFT_CLOSED: ("Soft-close", "Soft-close the month", (
        Then("lock", "Only adjusting entries of an accountant go into it"),
        Then("calendar", "Money and invoices dated in it go to its next day"),
        Then("arrow-back-up", "It can be reopened"),
    )),
    LOCKED: ("Lock", "Lock the month", (
        Then("lock", "The database refuses every entry in it"),
        Then("alert-triangle", "It stays locked for good"),
    )),
    OPEN: ("Reopen", "Reopen the month", (
        Then("lock-open", "Entries dated in it are posted in it again"),
    )),
}  # fmt: skip


def periods(request: StaffRequest) -> Shown:
    """A year of months with their state; and the checklist of one, the oldest that is open and
    over unless another is asked for."""
    today = clock.today(request.entity.zone)
    known = months(request.entity.pk, today)
    asked = day_in(request, "month")
    over = [one for one in known if one.state == OPEN and one.end <= today]
    looked_at = next((one for one in known if one.start == asked), over[-1] if over else known[0])
    looks = checklist(request.entity, looked_at)
    return Shown({
        "balanced": not looks[-1].missing,
        "months": [
            {
                "words": f"{one.start:%B %Y}",
                "url": f"/books?tab=periods&month={one.start}",
                "state": f"books_{one.state}",
                "on": one == looked_at,
                "acts": [(f"/books/periods/{one.start}?to={to}", _TO[to][0]) for to in _ways(one)],
            }
            for one in known
        ],
        "looked_at": f"{looked_at.start:%B %Y}",
        "looks": looks,
    })  # fmt: skip


def _ways(month: Month) -> tuple[str, ...]:
    return {OPEN: (SOFT_CLOSED, LOCKED), SOFT_CLOSED: (OPEN, LOCKED)}.get(month.state, ())


@staff("ledger.close")
def period(request: StaffRequest, by: Actor, start: str) -> HttpResponse:
    """Soft-close, lock or reopen a month, with what it means in sight."""
    today = clock.today(request.entity.zone)
    month = next((one for one in months(request.entity.pk, today) if f"{one.start}" == start), None)
    to = request.POST.get("to", "") or request.GET.get("to", "")
    if month is None or to not in _TO:
        raise Http404
    refusal = ""
    if request.method == "POST":
        try:
            _bring(month, to, request.entity.pk, by)
        except Refused as refused:
            refusal = words(refused)
        else:
            return redirect(f"/books?tab=periods&month={start}")
    verb, title, then = _TO[to]
    confirm = Confirm(
        title=title,
        text=f"{month.start:%B %Y}",
        action=f"/books/periods/{start}",
        hidden={"to": to},
        verb=verb,
        harm=to == LOCKED,
        back=f"/books?tab=periods&month={start}",
        then=then,
        refusal=refusal,
    )
    crumb = {"url": "/books?tab=periods", "words": "Periods"}
    status = 422 if refusal else 200
    return render(
        request, "console/confirm.html", {"confirm": confirm, "crumb": crumb}, status=status
    )


def _bring(month: Month, to: str, entity_id: int, by: Actor) -> None:
    if to == OPEN:
        reopen_period(entity_id=entity_id, start=month.start, by=by)
    elif to == LOCKED:
        close_period(entity_id=entity_id, start=month.start, end=month.end, by=by)
    else:
        soft_close(entity_id=entity_id, start=month.start, end=month.end, by=by)
