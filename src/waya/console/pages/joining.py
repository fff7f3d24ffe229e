"""A new customer over the counter: who, where, which plan, and a prompt to pay for it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render

from waya.catalog.queries import on_day, plans_on_sale, prices
from waya.console import drafts
from waya.console.pieces import Confirm, Then
from waya.console.staff import StaffRequest, staff
from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.orders.commands import join as join_commands
from waya.org.actors import Actor
from waya.org.models import Entity
from waya.org.words import words


class JoinForm(forms.Form):
    """Who they are and what they want."""

    plan = forms.ChoiceField(label="Plan")
    name = forms.CharField(label="Name", max_length=200)
    phone = forms.CharField(
        label="Phone",
        max_length=20,
        help_text="M-PESA asks on this phone, and messages go to it.",
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"}),
    )
    site_name = forms.CharField(
        label="Place", max_length=120, help_text="As people there say it: Plot 14, Lanet Estate."
    )
    directions = forms.CharField(label="Directions", max_length=300, required=False)
    language = forms.ChoiceField(
        label="Language of messages", choices=[("en", "English"), ("sw", "Swahili")]
    )

    def __init__(self, entity: Entity, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        plans = list(plans_on_sale(entity.pk))
        known = prices([plan.pk for plan in plans])
        today = clock.today(entity.zone)
        choices = [
            (str(plan.pk), f"{plan.name}, {on_day(known[plan.pk], today).amount} a month")
            for plan in plans
            if plan.pk in known and known[plan.pk][-1].valid_from <= today
        ]
        self.fields["plan"].choices = choices  # type: ignore[attr-defined]  # it is a ChoiceField


@staff("orders.join")
def join(request: StaffRequest, by: Actor) -> HttpResponse:
    """Write down a customer and ask for the first period on their phone."""
    entity = request.entity
    if request.method != "POST":
        form = JoinForm(entity, initial=drafts.take(request))
        return _shown(request, form, 200)
    form = JoinForm(entity, request.POST)
    if not form.is_valid():
        return _shown(request, form, 422)
    told = form.cleaned_data
    try:
        joined = join_commands.join(
            entity_id=entity.pk,
            plan_id=int(told["plan"]),
            name=told["name"],
            phone=told["phone"],
            site_name=told["site_name"],
            directions=told["directions"],
            language=told["language"],
            by=by,
        )
    except Refused as refusal:
        form.add_error("phone" if refusal.code == "phone_unreadable" else None, words(refusal))
        return _shown(request, form, 422)
    return redirect(f"/customers/{joined.customer.account_number}")


def _shown(request: StaffRequest, form: JoinForm, status: int) -> HttpResponse:
    confirm = Confirm(
        title="New customer",
        text="They get an account number at once, and are online when the first period is paid.",
        action="/customers/new",
        verb="Write down and ask for payment",
        back="/customers",
        keep="Leave",
        form=form,
        then=[
            Then("user-plus", "An account number, which works as the paybill's account"),
            Then("file-invoice", "A pro forma for the first period, from today"),
            Then("device-mobile", "An M-PESA prompt goes to the phone"),
            Then("router", "When it is paid, the router gets the plan and an SMS the login"),
        ],
    )
    context = {"confirm": confirm, "crumb": {"url": "/customers", "words": "Customers"}}
    return render(request, "console/confirm.html", context, status=status)
