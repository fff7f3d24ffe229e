"""A price change: those who have an older version of a plan move to a newer one."""

from __future__ import annotations

from fractions import Fraction

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from waya.billing.queries.lives import price_changes
from waya.catalog import commands
from waya.catalog.models import PlanVersion
from waya.console.forms import refused_on
from waya.console.pages.plans.words import every
from waya.console.pieces import Confirm, Sum, Then
from waya.console.sheets.fields import DayField
from waya.console.staff import StaffRequest, staff
from waya.kernel import clock
from waya.org.actors import Actor


class MoveForm(forms.Form):
    """From when on everybody has a version."""

    on = DayField(label="For periods that begin from")


@staff("catalog.change")
def move(request: StaffRequest, by: Actor, code: str, number: int) -> HttpResponse:
    """Move those who have an older version of a plan to this one: who pays what, before it is
    done; what was shown is done, and shown again if it has changed."""
    version = PlanVersion.objects.filter(
        plan__entity=request.entity, plan__code=code, number=number
    ).select_related("plan").first()  # fmt: skip
    if version is None:
        raise Http404
    today = clock.today(request.entity.zone)
    form = MoveForm(request.POST or None, initial={"on": today})
    on = form.cleaned_data["on"] if request.method == "POST" and form.is_valid() else today
    shown = price_changes.preview(version.pk, on)
    seen = f"{on}:{shown.many}:{shown.difference.minor}"
    if request.method == "POST" and form.is_valid() and request.POST.get("seen") == seen:
        with refused_on(form):
            commands.change_price(version_id=version.pk, on=on, by=by)
            return redirect(f"/plans/{code}")
    return _shown(request, _moving(version, shown, form, seen))


def _moving(
    version: PlanVersion, shown: price_changes.Preview, form: MoveForm, seen: str
) -> Confirm:
    """A price change with every consequence."""
    plan = version.plan
    return Confirm(
        title=f"Everybody on {plan.name} to version {version.number}",
        text=f"{shown.many:,} have an older version.",
        action=f"/plans/{plan.code}/{version.number}",
        verb=f"Change the price of {shown.many:,}" if shown.many else "",
        back=f"/plans/{plan.code}",
        form=form,
        hidden={"seen": seen},
        money_words="For one period",
        money=[
            Sum(_who(one), one.difference.times(Fraction(one.many)),
                f"each {every(one.interval)} from {one.now} to {one.then}")
            for one in shown.groups
        ],
        total=shown.difference,
        total_words="All together, for a period of each",
        total_note=f"from {shown.now} to {shown.then}",
        then=[
            Then("calendar", "Periods that begin on that day or later; never one that is billed"),
            *(Then("users", f"{one.customer}, {one.account}: {one.now} to {one.then}")
              for one in shown.payers[:5]),
            *(Then("circle-check", f"{one.many:,} have it in {one.plan.name} and go on paying"
                   f" {one.price}: a bundle has a price of its own") for one in shown.bundles),
        ],
    )  # fmt: skip


def _who(group: price_changes.Moved) -> str:
    times = f", {group.quantity} of it" if group.quantity > 1 else ""
    return f"{group.many:,} with version {group.version.number}{times}"


def _shown(request: StaffRequest, confirm: Confirm) -> HttpResponse:
    context = {"confirm": confirm, "crumb": {"url": "/plans", "words": "Plans"}}
    status = 422 if request.method == "POST" else 200
    return render(request, "console/confirm.html", context, status=status)
