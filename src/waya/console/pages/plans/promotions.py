"""Promotions: less to pay for who has a code; given out, ended, and who uses them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from waya.billing.queries.lives.promoted import Held, granted_counts, grants_of, held
from waya.catalog.commands import add_promotion, end_promotion
from waya.catalog.models import Plan, Promotion
from waya.console import drafts
from waya.console.forms import MoneyField, refused_on
from waya.console.pieces import Confirm, Then, earlier, newest
from waya.console.sheets.fields import DayField, ExactField
from waya.console.staff import StaffRequest, staff
from waya.console.words import many
from waya.kernel import clock, ids
from waya.kernel.money import Money
from waya.org.actors import Actor
from waya.org.models import Entity
from waya.reports.queries.paging import ROWS, before, cut
from waya.subscriptions.commands.lives import grant
from waya.subscriptions.models import Subscription

_LIST = "/plans/promotions"


class PromotionForm(forms.Form):
    """How much off, for whom, and how long."""

    code = forms.RegexField(
        r"^[A-Za-z0-9_-]{1,20}$", label="Code", help_text="What is told to customers: WELCOME.",
        error_messages={"invalid": "Letters, digits and dashes."},
    )  # fmt: skip
    name = forms.CharField(label="Name", max_length=80, help_text="For staff.")
    percent = ExactField(label="Off, %", required=False)
    amount = MoneyField(required=False)
    periods = forms.IntegerField(
        label="For periods", min_value=1, max_value=1200, required=False, help_text="Empty: all."
    )
    plans = forms.MultipleChoiceField(
        label="Of these plans", required=False, widget=forms.CheckboxSelectMultiple,
        help_text="None chosen: of all.",
    )  # fmt: skip
    valid_from = DayField(label="Given out from")
    end = DayField(label="And no more from", required=False)

    def __init__(self, entity: Entity, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        amount = self.fields["amount"]
        assert isinstance(amount, MoneyField)
        amount.currency, amount.label = entity.currency, f"Or off, {entity.currency} a period"
        plans = self.fields["plans"]
        assert isinstance(plans, forms.MultipleChoiceField)
        sold = Plan.objects.filter(entity=entity, on_sale=True).order_by("name")
        plans.choices = list(sold.values_list("code", "name"))

    def clean(self) -> dict[str, Any]:
        """A percentage or an amount, and not both."""
        told = self.cleaned_data
        percent: Fraction | None = told.get("percent")
        if "percent" in self.errors or "amount" in self.errors:
            return told
        if bool(percent) == bool(told.get("amount")):
            self.add_error("percent", "Give a percentage or an amount.")
        elif percent and (percent > 100 or (percent * 10_000).denominator != 1):
            self.add_error("percent", "At most 100 %, with four decimals.")
        start, end = told.get("valid_from"), told.get("end")
        if start and end and end <= start:
            self.add_error("end", "It would end before it begins.")
        return told


class EndForm(forms.Form):
    """From when on nobody is given it."""

    on = DayField(label="Given out no more from")


@staff("customers.view")
def listed(request: StaffRequest, by: Actor) -> HttpResponse:
    """Every promotion, the newest first, and how many have it."""
    entity = request.entity
    today = clock.today(entity.zone)
    rows = list(Promotion.objects.filter(entity=entity).order_by("-pk"))
    counts = granted_counts(entity.pk)
    given = sum(_state(one, today) == "open" for one in rows)
    context = {
        "tab": "promotions",
        "total": f"{given} given out now",
        "rows": [_row(one, counts.get(one.pk, 0), today) for one in rows],
    }
    return render(request, "console/plans/promotions.html", context)


@staff("catalog.change")
def add(request: StaffRequest, by: Actor) -> HttpResponse:
    """Offer a promotion."""
    entity = request.entity
    initial = {"valid_from": clock.today(entity.zone)} | drafts.take(request)
    form = PromotionForm(entity, request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        percent: Fraction = told["percent"] or Fraction(0)
        with refused_on(form):
            made = add_promotion(
                entity_id=entity.pk, code=told["code"], name=told["name"],
                percent=Decimal(percent.numerator) / Decimal(percent.denominator),
                amount_minor=told["amount"].minor if told["amount"] else 0,
                periods=told["periods"], valid_from=told["valid_from"], end=told["end"],
                plans=sorted(told["plans"]), by=by,
            )  # fmt: skip
            return redirect(f"{_LIST}/{made.code}")
    confirm = Confirm(
        title="New promotion",
        text="Less to pay on what recurs, for who has its code.",
        action=f"{_LIST}/new",
        verb="Offer it",
        back=_LIST,
        form=form,
        then=[
            Then("users", "Nobody has it until a person or a program gives it to a service"),
            Then("receipt", "It is a line of its own on each invoice"),
            Then("lock", "What it takes off never changes; it can be ended"),
        ],
    )
    return _shown(request, confirm, "Promotions", _LIST)


@staff("customers.view")
def record(request: StaffRequest, by: Actor, code: str) -> HttpResponse:
    """One promotion: what it takes off, and who uses it."""
    one, today = _promotion(request, code), clock.today(request.entity.zone)
    rows = grants_of(one)
    count = rows.count()
    if (last := before(request.GET.get("from", ""))) is not None:
        rows = rows.filter(pk__lt=last)
    page = cut(list(rows[: ROWS + 1]), lambda row: str(row.pk))
    context = {
        "promotion": _row(one, count, today),
        "ends": _state(one, today) != "ended",
        "money": by.can("money.view"),
        "rows": [_held(each) for each in held(one, page.rows, request.entity.currency)],
        "earlier": earlier(request, page.next_key),
        "later": newest(request),
    }
    return render(request, "console/plans/promotion.html", context)


class GiveForm(forms.Form):
    """Whose service gets it."""

    service = forms.CharField(
        label="Username or account number", max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip


@staff("subscriptions.grant")
def give(request: StaffRequest, by: Actor, code: str) -> HttpResponse:
    """Give a promotion to a service, from today on."""
    one = _promotion(request, code)
    form = GiveForm(request.POST or None, initial=drafts.take(request))
    if request.method == "POST" and form.is_valid():
        found = _services(request.entity, form.cleaned_data["service"])
        if len(found) == 1:
            with refused_on(form):
                today = clock.today(request.entity.zone)
                grant(subscription_id=found[0].pk, code=one.code, on=today, by=by)
                messages.info(request, f"{found[0].customer.name} has {one.code}.")
                return redirect(f"{_LIST}/{one.code}")
        else:
            form.add_error("service", "They have several services: type a username." if found
                           else "No running service has this.")  # fmt: skip
    confirm = Confirm(
        title=f"Give {one.code}",
        text=one.name,
        action=f"{_LIST}/{one.code}/give",
        verb="Give it",
        back=f"{_LIST}/{one.code}",
        form=form,
        then=[Then("calendar", "It comes off periods that begin today or later"),
              Then("receipt", "As a line of its own on each invoice")],
    )  # fmt: skip
    return _shown(request, confirm, one.code, f"{_LIST}/{one.code}")


def _services(entity: Entity, typed: str) -> list[Subscription]:
    """The services that a username or an account number names."""
    rows = Subscription.objects.filter(entity=entity).exclude(state=Subscription.ENDED)
    known = Q(username__iexact=typed) | Q(customer__account_number=ids.normal(typed))
    return list(rows.filter(known).select_related("customer", "plan")[:2])


@staff("catalog.change")
def end(request: StaffRequest, by: Actor, code: str) -> HttpResponse:
    """Give a promotion out no more."""
    one = _promotion(request, code)
    form = EndForm(request.POST or None, initial={"on": clock.today(request.entity.zone)})
    if request.method == "POST" and form.is_valid():
        with refused_on(form):
            end_promotion(promotion_id=one.pk, on=form.cleaned_data["on"], by=by)
            messages.info(request, f"{one.code} ends.")
            return redirect(f"{_LIST}/{one.code}")
    have = granted_counts(request.entity.pk).get(one.pk, 0)
    confirm = Confirm(
        title=f"End {one.code}",
        text=one.name,
        action=f"{_LIST}/{one.code}/end",
        verb="Give it out no more",
        back=f"{_LIST}/{one.code}",
        form=form,
        then=[
            Then("lock", "From that day on nobody is given it"),
            Then("users", f"{many(have, 'service')} keep what they have of it"),
        ],
        harm=True,
    )
    return _shown(request, confirm, one.code, f"{_LIST}/{one.code}")


def _promotion(request: StaffRequest, code: str) -> Promotion:
    row = Promotion.objects.filter(entity=request.entity, code=code).select_related("entity")
    found = row.first()
    if found is None:
        raise Http404
    return found


def _state(one: Promotion, today: date) -> str:
    if one.end is not None and one.end <= today:
        return "ended"
    return "open" if one.valid_from <= today else "ahead"


_WORDS = {"ended": ("ended", "Ended"), "open": ("published", "Given out"),
          "ahead": ("pending_install", "Not yet")}  # fmt: skip


def _row(one: Promotion, have: int, today: date) -> dict[str, Any]:
    state, state_words = _WORDS[_state(one, today)]
    off = f"{one.percent.normalize():f} %" if one.percent else \
        str(Money(one.amount_minor, one.entity.currency))  # fmt: skip
    return {
        "code": one.code,
        "name": one.name,
        "url": f"{_LIST}/{one.code}",
        "off": off,
        "periods": many(one.periods, "period") if one.periods else "every period",
        "plans": ", ".join(one.plans) or "all plans",
        "from": one.valid_from,
        "end": one.end,
        "have": have,
        "state": state,
        "state_words": state_words,
    }


def _held(one: Held) -> dict[str, Any]:
    row = one.grant.subscription
    return {
        "name": row.customer.name,
        "account": row.customer.account_number,
        "url": f"/customers/{row.customer.account_number}",
        "plan": row.plan.name,
        "since": one.grant.start,
        "had": one.had,
        "left": "all to come" if one.left is None else f"{one.left} to come",
        "over": one.left == 0,
        "off": one.off,
    }


def _shown(request: StaffRequest, confirm: Confirm, crumb: str, url: str) -> HttpResponse:
    context = {"confirm": confirm, "crumb": {"url": url, "words": crumb}}
    status = 422 if request.method == "POST" else 200
    return render(request, "console/confirm.html", context, status=status)
