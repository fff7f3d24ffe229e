"""A night's run is stopped and let go on, and a parked customer is tried again."""

from __future__ import annotations

from datetime import date

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from waya.billing.commands import runs
from waya.billing.commands.renewals import try_again
from waya.billing.models import BillingRun, Parked
from waya.console.pages.billing.words import because
from waya.console.pieces import Confirm, Sum, Then
from waya.console.staff import StaffRequest, staff
from waya.console.words import many
from waya.kernel.money import Money
from waya.org.actors import Actor

_BACK = "/billing"


@staff("billing.steer")
def stopping(request: StaffRequest, by: Actor, on: str) -> HttpResponse:
    """Stop a run that is at work, after its chunk."""
    row = _run(request, on)
    if row.state != BillingRun.RUNNING:
        messages.info(request, "It is not at work, so there is nothing to stop.")
        return redirect(_BACK)
    if request.method == "POST":
        runs.stop(entity_id=row.entity_id, on=row.on, by=by)
        return redirect(_BACK)
    so_far = Money(row.total_minor, request.entity.currency)
    confirm = Confirm(
        title="Stop tonight's billing",
        text=f"{many(row.done, 'subscription')} of {max(row.due, row.done):,} were looked at.",
        action=request.path,
        verb="Stop the run",
        back=_BACK,
        keep="Let it run",
        money=[Sum("Invoiced and asked for so far", so_far)],
        money_words="So far",
        then=[
            Then("player-pause", "Those at work this moment are finished, and nobody after them"),
            Then("file-invoice", "What was issued stays issued"),
            Then("cash", "Whoever pays is served as ever"),
            Then("player-play", "It goes on where it was when somebody lets it"),
        ],
        harm=True,
    )
    return _shown(request, confirm)


@staff("billing.steer")
def going_on(request: StaffRequest, by: Actor, on: str) -> HttpResponse:
    """Let a stopped run go on where it was."""
    row = _run(request, on)
    if row.state != BillingRun.STOPPED:
        messages.info(request, "It is not stopped.")
        return redirect(_BACK)
    if request.method == "POST":
        runs.go_on(entity_id=row.entity_id, on=row.on, by=by)
        return redirect(_BACK)
    confirm = Confirm(
        title="Go on with tonight's billing",
        text=f"{row.stopped_by} stopped it. "
        f"{many(max(row.due - row.done, 0), 'subscription')} may be due still.",
        action=request.path,
        verb="Go on",
        back=_BACK,
        keep="Leave it stopped",
        then=[
            Then("player-play", "It takes up where it was, within seconds"),
            Then("circle-check", "Nobody is billed twice"),
        ],
    )
    return _shown(request, confirm)


@require_POST
@staff("billing.steer")
def again(request: StaffRequest, by: Actor, parked_id: int) -> HttpResponse:
    """Bill one customer now who could not be billed."""
    row = Parked.objects.filter(entity=request.entity, pk=parked_id).select_related("customer")
    parked = row.first()
    if parked is None:
        raise Http404
    name = parked.customer.name
    if try_again(parked_id=parked.pk, by=by):
        messages.info(request, f"{name} is billed.")
    else:
        parked.refresh_from_db()
        messages.warning(request, f"{name} could still not be billed. {because(parked.reason)}")
    return redirect(_BACK)


def _run(request: StaffRequest, on: str) -> BillingRun:
    try:
        day = date.fromisoformat(on)
    except ValueError as unreadable:
        raise Http404 from unreadable
    row = BillingRun.objects.filter(entity=request.entity, on=day).first()
    if row is None:
        raise Http404
    return row


def _shown(request: StaffRequest, confirm: Confirm) -> HttpResponse:
    context = {"confirm": confirm, "crumb": {"url": _BACK, "words": "Billing"}}
    return render(request, "console/confirm.html", context)
