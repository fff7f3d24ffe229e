"""Promises, and customers whom a person should call."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from waya.billing.commands.dunning.follow_ups import resolve
from waya.billing.models import FollowUp
from waya.billing.queries.promises import Given, promises, words_of
from waya.billing.rules.promises import Word
from waya.console.pages.dunning.tabs import tabs
from waya.console.pieces import earlier, newest
from waya.console.staff import StaffRequest, staff
from waya.console.words import many
from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.kernel.money import Money
from waya.org.actors import Actor
from waya.org.words import words
from waya.parties.queries import phones_of
from waya.reports.queries.paging import ROWS, before, cut

_STATES = {Word.OPEN: ("open", "Open"), Word.KEPT: ("paid", "Kept"),
           Word.BROKEN: ("overdue", "Broken"), Word.WITHDRAWN: ("void", "Taken back")}  # fmt: skip
_LOOK_BACK = timedelta(days=30)


@staff("money.view")
def promised(request: StaffRequest, by: Actor) -> HttpResponse:
    """What was promised for the last month's days and later, with what became of it."""
    today = clock.today(request.entity.zone)
    rows = promises(request.entity.pk, today - _LOOK_BACK)
    if (last := before(request.GET.get("from", ""))) is not None:
        rows = rows.filter(pk__lt=last)
    page = cut(list(rows[: ROWS + 1]), lambda row: str(row.pk))
    given = words_of(page.rows, today)
    context = {
        "tabs": tabs("promises"),
        "rows": [_promise(one, today) for one in given],
        "open": many(sum(one.word is Word.OPEN for one in given), "open promise"),
        "earlier": earlier(request, page.next_key),
        "later": newest(request),
    }
    return render(request, "console/dunning/promises.html", context)


def _promise(one: Given, today: date) -> dict[str, Any]:
    row = one.promise
    state, state_words = _STATES[one.word]
    return {
        "id": row.pk if one.word is Word.OPEN else None,
        "name": row.customer.name,
        "url": f"/customers/{row.customer.account_number}",
        "account": row.customer.account_number,
        "amount": Money(row.amount_minor, row.currency),
        "until": row.until,
        "today": row.until == today,
        "state": state,
        "state_words": state_words,
        "by": row.taken_by,
        "on": row.made_on,
    }


@staff("money.view")
def calls(request: StaffRequest, by: Actor) -> HttpResponse:
    """Customers whom the ladder wants a person to call, the longest waiting first."""
    rows = FollowUp.objects.filter(entity=request.entity, resolved_at=None).order_by("pk")
    count = rows.count()
    if (last := before(request.GET.get("from", ""))) is not None:
        rows = rows.filter(pk__gt=last)
    page = cut(list(rows.select_related("customer")[: ROWS + 1]), lambda row: str(row.pk))
    phones = phones_of([row.customer_id for row in page.rows])
    context = {
        "tabs": tabs("calls"),
        "count": many(count, "customer"),
        "rows": [
            {
                "id": row.pk,
                "name": row.customer.name,
                "url": f"/customers/{row.customer.account_number}",
                "account": row.customer.account_number,
                "phone": phones.get(row.customer_id, ""),
                "words": row.words,
                "owed": Money(row.owed_minor, row.currency),
                "on": row.made_on,
            }
            for row in page.rows
        ],
        "earlier": earlier(request, page.next_key),
        "earlier_words": "More",
        "later": newest(request),
    }
    return render(request, "console/dunning/calls.html", context)


@require_POST
@staff("billing.follow_up")
def called(request: StaffRequest, by: Actor, follow_up_id: int) -> HttpResponse:
    """Say what came of a call."""
    row = FollowUp.objects.filter(entity=request.entity, pk=follow_up_id).first()
    if row is None:
        raise Http404
    try:
        resolve(follow_up_id=row.pk, note=request.POST.get("note", ""), by=by)
    except Refused as refusal:
        messages.error(request, words(refusal))
    return redirect("/collections/calls")
