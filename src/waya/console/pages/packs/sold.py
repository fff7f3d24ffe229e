"""Sell something on top of plans, or several plans as one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render

from waya.catalog.commands import add_add_on, add_bundle
from waya.catalog.models import Plan
from waya.catalog.queries import tax_classes
from waya.console.forms import MoneyField, refused_on
from waya.console.pages.plans.sheet import UNITS
from waya.console.pieces import Confirm, Then
from waya.console.sheets.fields import DayField
from waya.console.staff import StaffRequest, staff
from waya.kernel import clock
from waya.org.actors import Actor
from waya.org.models import Entity


class AddOnForm(forms.Form):
    """Its price each period, what it costs once, and which plans it goes on top of."""

    name = forms.CharField(label="Name", max_length=80, help_text="As customers read it.")
    code = forms.SlugField(label="Code", max_length=40, help_text="Short, such as static-ip.")
    price = MoneyField(label="Price a period", help_text="With tax.")
    count = forms.IntegerField(label="A period is", min_value=1, max_value=366, required=False)
    unit = forms.ChoiceField(
        label="Of", choices=list(UNITS.items()), required=False,
        help_text="Months go with plans by the month, days with any; others with their like.",
    )  # fmt: skip
    once = MoneyField(label="Once, when it begins", required=False)
    deposit = MoneyField(label="Deposit", required=False, help_text="Given back at its end.")
    tax_class = forms.ChoiceField(label="Taxed as")
    down_mbps = forms.IntegerField(
        label="Mbps down on top", min_value=0, max_value=10_000, required=False
    )
    up_mbps = forms.IntegerField(
        label="Mbps up on top", min_value=0, max_value=10_000, required=False
    )
    to = forms.MultipleChoiceField(
        label="On top of", required=False, widget=forms.CheckboxSelectMultiple,
        help_text="None: any plan.",
    )  # fmt: skip
    valid_from = DayField(label="Sold from")

    def __init__(self, entity: Entity, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        _in_currency(self, entity)
        known = sorted(tax_classes(entity.country)) or ["internet"]
        _choose(self, "tax_class", [(one, one.capitalize()) for one in known])
        sold = Plan.objects.filter(entity=entity, on_sale=True, add_on=False).order_by("name")
        _choose(self, "to", list(sold.values_list("code", "name")))


class BundleForm(forms.Form):
    """A line, what goes on top of it, and one price or so much less than alone."""

    name = forms.CharField(label="Name", max_length=80, help_text="As customers read it.")
    code = forms.SlugField(label="Code", max_length=40, help_text="Short, such as home-tv.")
    line = forms.ChoiceField(label="Plan")
    on_top = forms.MultipleChoiceField(
        label="With", widget=forms.CheckboxSelectMultiple, help_text="Add-ons that go with it."
    )
    price = MoneyField(label="Price a period", required=False, help_text="With tax.")
    percent_off = forms.DecimalField(
        label="Or percent off", min_value=0, max_value=100, decimal_places=4, required=False
    )
    valid_from = DayField(label="Sold from")

    def __init__(self, entity: Entity, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        _in_currency(self, entity)
        sold = Plan.objects.filter(entity=entity, on_sale=True).order_by("name")
        lines = sold.filter(add_on=False, parts=None)
        _choose(self, "line", list(lines.values_list("code", "name")))
        _choose(self, "on_top", list(sold.filter(add_on=True).values_list("code", "name")))


def _in_currency(form: forms.Form, entity: Entity) -> None:
    """Sums are in the company's currency, which may have no cents."""
    for field in form.fields.values():
        if isinstance(field, MoneyField):
            field.currency, field.label = entity.currency, f"{field.label}, {entity.currency}"


def _choose(form: forms.Form, name: str, choices: list[tuple[str, str]]) -> None:
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)
    field.choices = choices


@staff("catalog.change")
def add_on(request: StaffRequest, by: Actor) -> HttpResponse:
    """Put an add-on on sale."""
    entity = request.entity
    initial = {"valid_from": clock.today(entity.zone), "tax_class": "internet", "count": 1,
               "unit": "month"}  # fmt: skip
    form = AddOnForm(entity, request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        with refused_on(form):
            add_add_on(
                entity_id=entity.pk, code=told["code"], name=told["name"],
                price_minor=told["price"].minor, valid_from=told["valid_from"],
                once_minor=told["once"].minor if told["once"] else 0,
                deposit_minor=told["deposit"].minor if told["deposit"] else 0,
                tax_class=told["tax_class"], to=sorted(told["to"]), unit=told["unit"] or "month",
                count=told["count"] or 1,
                down_kbps=(told["down_mbps"] or 0) * 1000, up_kbps=(told["up_mbps"] or 0) * 1000,
                by=by,
            )  # fmt: skip
            return redirect("/plans")
    then = [
        Then("users", "Customers can take it on the portal; staff on their service"),
        Then("receipt", "It is charged by the cycles and on the bill of what it is on"),
        Then("calendar", "It ends, and is paused, with what it is on"),
    ]
    text = "Something on top of a plan: an address, a box, more speed."
    return _asked(request, "New add-on", text, "add-ons", form, then)


@staff("catalog.change")
def bundle(request: StaffRequest, by: Actor) -> HttpResponse:
    """Put a bundle on sale."""
    entity = request.entity
    form = BundleForm(
        entity, request.POST or None, initial={"valid_from": clock.today(entity.zone)}
    )
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        with refused_on(form):
            add_bundle(
                entity_id=entity.pk, code=told["code"], name=told["name"],
                parts=[told["line"], *told["on_top"]], valid_from=told["valid_from"],
                price_minor=told["price"].minor if told["price"] else None,
                percent_off=told["percent_off"] or Decimal(0), by=by,
            )  # fmt: skip
            return redirect("/plans")
    then = [
        Then("users", "Customers choose it as they choose a plan"),
        Then("receipt", "Each part is a line of the bill, with its own taxes"),
        Then("calendar", "Its price is shared out by what each part costs alone"),
    ]
    text = "A plan and what goes on top of it, at one price."
    return _asked(request, "New bundle", text, "bundles", form, then)


def _asked(
    request: StaffRequest, title: str, text: str, where: str, form: forms.Form, then: list[Then]
) -> HttpResponse:
    confirm = Confirm(
        title=title, text=text, action=f"/plans/{where}/new", verb="Put on sale", back="/plans",
        keep="Leave", form=form, then=then,
    )  # fmt: skip
    context = {"confirm": confirm, "crumb": {"url": "/plans", "words": "Plans"}}
    status = 422 if request.method == "POST" else 200
    return render(request, "console/confirm.html", context, status=status)
