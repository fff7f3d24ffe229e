"""Plans: what is sold, for how much from when, and who has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.html import format_html
from django.utils.safestring import SafeString

from waya.billing.queries.lives import price_changes
from waya.catalog import commands
from waya.catalog.models import Plan, PlanVersion
from waya.catalog.queries import Priced
from waya.console import drafts
from waya.console.forms import MoneyField
from waya.console.pieces import Confirm, Sum, Then
from waya.console.staff import StaffRequest, staff
from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.network.rules.access import plan_profile
from waya.org.actors import Actor
from waya.org.words import words
from waya.reports.queries import plans as reads

_EVERY = {("month", 3): "quarter", ("month", 12): "year"}


class PlanForm(forms.Form):
    """A speed, a way of paying and a first price."""

    name = forms.CharField(label="Name", max_length=80, help_text="As customers read it.")
    code = forms.SlugField(label="Code", max_length=40, help_text="Short, such as home-10.")
    mode = forms.ChoiceField(
        label="Paid", choices=[(Plan.PREPAID, "Before each period"),
                               (Plan.POSTPAID, "After an invoice, with grace")],
    )  # fmt: skip
    down_mbps = forms.IntegerField(label="Mbps down", min_value=1, max_value=10_000)
    up_mbps = forms.IntegerField(label="Mbps up", min_value=1, max_value=10_000)
    price = MoneyField(label="Price a month", help_text="With tax.")
    valid_from = forms.DateField(
        label="Sold from", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )


class PriceForm(forms.Form):
    """A new price, from a date on."""

    price = MoneyField(label="New price", help_text="With tax, for a whole period.")
    valid_from = forms.DateField(
        label="For new customers from",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )


@staff("customers.view")
def listed(request: StaffRequest, by: Actor) -> HttpResponse:
    """Every plan with its price now and the next one."""
    sold = reads.plans(request.entity, clock.today(request.entity.zone))
    on_sale = sum(one.plan.on_sale for one in sold)
    context = {"total": f"{on_sale} on sale", "rows": [_row(one) for one in sold]}
    return render(request, "console/plans.html", context)


def _row(one: reads.Sold) -> dict[str, Any]:
    plan = one.plan
    paid = "paid before" if plan.mode == Plan.PREPAID else "invoiced after"
    starts = f", from day {plan.calendar_day}" if plan.calendar_day else ""
    return {
        "name": plan.name,
        "url": f"/plans/{plan.code}",
        "words": f"{plan.code}, {paid}{starts}",
        "down_kbps": plan.down_kbps,
        "up_kbps": plan.up_kbps,
        "price": one.now.amount if one.now else None,
        "every": _every(plan),
        "tax": one.taxes,
        "profile": plan_profile(plan.down_kbps, plan.up_kbps).name,
        "customers": one.customers,
        "state": "published" if plan.on_sale else "withdrawn",
        "new_price": one.ahead.amount if one.ahead else None,
        "new_price_on": one.ahead.valid_from if one.ahead else None,
    }


def _every(plan: Plan) -> str:
    known = _EVERY.get((plan.unit, plan.count))
    return known or (plan.unit if plan.count == 1 else f"{plan.count} {plan.unit}s")


def _link(plan: Plan, versions: Sequence[Priced]) -> str | SafeString:
    """Who keeps what, and the way to the price change when there is an older version."""
    kept = "Those who have the plan keep their version"
    if len(versions) < 2:
        return kept
    newest = versions[0].number
    return format_html(
        '{}. <a href="/plans/{}/{}">Move everybody to version {}</a>',
        kept, plan.code, newest, newest,
    )  # fmt: skip


@staff("catalog.change")
def add(request: StaffRequest, by: Actor) -> HttpResponse:
    """Put a plan on sale with its first price."""
    entity = request.entity
    initial = {"valid_from": clock.today(entity.zone), "mode": Plan.PREPAID}
    form = PlanForm(request.POST or None, initial=initial | drafts.take(request))
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        try:
            commands.add_plan(
                entity_id=entity.pk, code=told["code"], name=told["name"], mode=told["mode"],
                down_kbps=told["down_mbps"] * 1000, up_kbps=told["up_mbps"] * 1000,
                price_minor=told["price"].minor, valid_from=told["valid_from"], by=by,
            )  # fmt: skip
        except Refused as refusal:
            form.add_error(None, words(refusal))
        else:
            return redirect("/plans")
    confirm = Confirm(
        title="New plan",
        text="A speed, a price and a profile on the routers.",
        action="/plans/new",
        verb="Put on sale",
        back="/plans",
        keep="Leave",
        form=form,
        then=[
            Then("world", "New customers can choose it at once, here and on the portal"),
            Then("router", "Its profile goes to a router with the first customer who has it"),
        ],
    )
    return _shown(request, confirm)


@staff("customers.view")
def price(request: StaffRequest, by: Actor, code: str) -> HttpResponse:
    """A plan's versions; whoever may publishes a new one of one flat price from a date on."""
    entity = request.entity
    today = clock.today(entity.zone)
    sold = next((one for one in reads.plans(entity, today) if one.plan.code == code), None)
    if sold is None:
        raise Http404
    may = by.can("catalog.change")
    form = PriceForm(request.POST or None, initial={"valid_from": today} | drafts.take(request))
    if request.method == "POST" and form.is_valid():
        try:
            commands.publish_price(
                plan_id=sold.plan.pk, amount_minor=form.cleaned_data["price"].minor,
                valid_from=form.cleaned_data["valid_from"], by=by,
            )  # fmt: skip
        except Refused as refusal:
            form.add_error(None, words(refusal))
        else:
            return redirect("/plans")
    confirm = Confirm(
        title=sold.plan.name,
        text=f"{sold.customers:,} customers have it. A version once published never changes.",
        action=f"/plans/{code}",
        verb="Publish the version" if may else "",
        back="/plans",
        keep="Leave it" if may else "Close",
        form=form if may else None,
        money_words="Versions",
        money=[
            Sum(f"Version {one.number}, from {one.valid_from:%-d %b %Y}",
                one.amount, "with tax" if one.tax_inclusive else "before tax")
            for one in sold.prices
        ],
        then=[
            Then("calendar", "New customers have it from that day"),
            Then("users", _link(sold.plan, sold.prices)),
        ] if may else (),
    )  # fmt: skip
    return _shown(request, confirm)


class MoveForm(forms.Form):
    """From when on everybody has a version."""

    on = forms.DateField(
        label="For periods that begin from",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )


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
        try:
            commands.change_price(version_id=version.pk, on=on, by=by)
            return redirect("/plans")
        except Refused as refusal:
            form.add_error(None, words(refusal))
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
            Sum(f"{one.many:,} with version {one.version.number}", one.difference,
                f"each from {one.now} to {one.then}")
            for one in shown.groups
        ],
        total=shown.difference,
        total_words="All together, each period",
        total_note=f"from {shown.now} to {shown.then}",
        then=[
            Then("calendar", "Periods that begin on that day or later; never one that is billed"),
            *(Then("users", f"{one.customer}, {one.account}: {one.now} to {one.then}")
              for one in shown.payers[:5]),
        ],
    )  # fmt: skip


def _shown(request: StaffRequest, confirm: Confirm) -> HttpResponse:
    context = {"confirm": confirm, "crumb": {"url": "/plans", "words": "Plans"}}
    status = 422 if request.method == "POST" else 200
    return render(request, "console/confirm.html", context, status=status)
