"""A new customer over the counter: who, where, which plan with what on top, and a prompt to pay."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render

from waya.billing.queries.lives.beginning import Beginning, beginning
from waya.billing.queries.lives.had import sold_on_top
from waya.catalog.models import Plan
from waya.catalog.queries import on_day, plans_on_sale, prices
from waya.console import drafts
from waya.console.pages.plans.words import every
from waya.console.pieces import Confirm, Sum, Then, why_of
from waya.console.sheets.rows import hush
from waya.console.staff import StaffRequest, staff
from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.orders.commands import join as join_commands
from waya.org.actors import Actor
from waya.org.models import Entity
from waya.org.words import words
from waya.reports.documents.whys import of_charged

_WHERE = "/customers/new"
# Another plan or add-on is another sum: the server draws the form again, as it was typed.
_LOOK = {
    "hx-post": _WHERE, "hx-vals": '{"step": "look"}', "hx-trigger": "change",
    "hx-target": "#confirm", "hx-select": "#confirm", "hx-swap": "outerHTML",
    "hx-sync": "closest form:replace",
}  # fmt: skip
# What is typed while the answer is on its way is not lost to it.
_STAYS = ("name", "phone", "site_name", "directions", "language")


class JoinForm(forms.Form):
    """Who they are and what they want."""

    plan = forms.ChoiceField(label="Plan", widget=forms.Select(attrs=_LOOK))
    add_ons = forms.MultipleChoiceField(
        label="On top of it", required=False, widget=forms.CheckboxSelectMultiple(attrs=_LOOK)
    )
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
        self.today = clock.today(entity.zone)
        plans = {str(plan.pk): plan for plan in plans_on_sale(entity.pk).select_related("entity")}
        known = prices([plan.pk for plan in plans.values()])
        choices = [
            (key, f"{plan.name}, {on_day(known[plan.pk], self.today).amount} a {every(plan)}")
            for key, plan in plans.items()
            if plan.pk in known and known[plan.pk][-1].valid_from <= self.today
        ]
        self.fields["plan"].choices = choices  # type: ignore[attr-defined]  # it is a ChoiceField
        first = choices[0][0] if choices else ""
        self.chosen = plans.get(str(self["plan"].value() or first))
        sold = sold_on_top(self.chosen, self.today) if self.chosen else []
        self.on_top = {str(one.pk): one for one, _ in sold}
        for name in _STAYS:
            self.fields[name].widget.attrs["hx-preserve"] = "true"
        if not sold:
            del self.fields["add_ons"]
            return
        self.fields["add_ons"].choices = [  # type: ignore[attr-defined]  # likewise
            (str(one.pk), f"{one.name}, {price.amount} a {every(one)}") for one, price in sold
        ]

    @property
    def add_ons_chosen(self) -> list[Plan]:
        """What of that which goes on top of the plan was ticked."""
        ticked = (self["add_ons"].value() or ()) if "add_ons" in self.fields else ()
        return [one for key, one in self.on_top.items() if key in ticked]

    def begins(self) -> Beginning | None:
        """What is paid first, and then; None without a plan."""
        if self.chosen is None:
            return None
        return beginning(self.chosen, self.add_ons_chosen, self.today)


@staff("orders.join")
def join(request: StaffRequest, by: Actor) -> HttpResponse:
    """Write down a customer and ask for the first period on their phone: for the sum that was
    shown; if it is another by now, it is shown again."""
    entity = request.entity
    if request.method != "POST":
        form = JoinForm(entity, initial=drafts.take(request))
        return _shown(request, form, form.begins(), 200)
    form = JoinForm(entity, request.POST)
    begins = form.begins()
    if request.POST.get("step") == "look":
        hush(form)
        form.errors.pop("add_ons", None)  # of the plan before
        return _shown(request, form, begins, 200)
    if not form.is_valid():
        return _shown(request, form, begins, 422)
    if request.POST.get("seen", _pin(begins)) != _pin(begins):
        form.add_error(None, "The sum is another now. Look at it, and confirm.")
        return _shown(request, form, begins, 422)
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
            add_ons=[one.pk for one in form.add_ons_chosen],
            by=by,
        )
    except Refused as refusal:
        form.add_error("phone" if refusal.code == "phone_unreadable" else None, words(refusal))
        return _shown(request, form, begins, 422)
    return redirect(f"/customers/{joined.customer.account_number}")


def _pin(begins: Beginning | None) -> str:
    return f"{begins.now.minor}:{begins.each.minor}" if begins else ""


def _shown(
    request: StaffRequest, form: JoinForm, begins: Beginning | None, status: int
) -> HttpResponse:
    now = begins.now if begins else None
    alone = not request.htmx or "alone" in request.POST
    confirm = Confirm(
        title="New customer",
        text="They get an account number at once, and are online when the first period is paid.",
        action=_WHERE,
        verb=f"Write down and ask for {now}" if now else "Write down",
        back="/customers",
        keep="Leave",
        form=form,
        hidden={"seen": _pin(begins), **({"alone": "1"} if alone else {})},
        money=_money(begins),
        money_words="To begin",
        total=now,
        total_words="To pay now",
        after=_after(form, begins),
        then=_then(now is not None and bool(now)),
    )
    crumb = {"url": "/customers", "words": "Customers"}
    context = {"confirm": confirm, "crumb": crumb, "alone": alone}
    return render(request, "console/confirm.html", context, status=status)


def _money(begins: Beginning | None) -> list[Sum]:
    return [
        Sum(line.description, line.charged.taxed.gross, why=why_of(of_charged(line.charged)))
        for line in (begins.lines if begins else ())
    ]


def _after(form: JoinForm, begins: Beginning | None) -> str:
    """What comes after the beginning, in a sentence."""
    if begins is None or form.chosen is None:
        return ""
    period = f"each {every(form.chosen)}" if begins.steady else "for the next period"
    if begins.opens > form.today:
        return f"Free until {begins.opens:%-d %b}, then {begins.each} {period}."
    if form.chosen.mode == Plan.POSTPAID:
        return f"Nothing now. {begins.each} {period}, invoiced after it."
    return f"Then {begins.each} {period}."


def _then(asks: bool) -> list[Then]:
    """What happens next."""
    account = Then("user-plus", "An account number, which works as the paybill's account")
    if not asks:
        return [account, Then("router", "The router gets the plan at once, and an SMS the login")]
    return [
        account,
        Then("file-invoice", "A pro forma for the first period, from today"),
        Then("device-mobile", "An M-PESA prompt goes to the phone"),
        Then("router", "When it is paid, the router gets the plan and an SMS the login"),
    ]
