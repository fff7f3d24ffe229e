"""What the tax office knows of a customer: their number, and what they need not pay."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from waya.billing.commands.taxes.exemptions import Wished, end_exemption, exempt
from waya.billing.models import Exemption
from waya.catalog.queries import tax_kinds
from waya.catalog.rules.rates import Kind
from waya.console.forms import refused_on
from waya.console.pieces import Confirm, Then
from waya.console.staff import StaffRequest, staff
from waya.kernel import clock, ids
from waya.kernel.errors import Refused
from waya.org.actors import Actor
from waya.org.words import words
from waya.parties.commands.customers import name_tax_number
from waya.parties.models import Customer


def _day(label: str, **options: Any) -> forms.DateField:
    return forms.DateField(label=label, widget=forms.DateInput(attrs={"type": "date"}), **options)


class NumberForm(forms.Form):
    """A tax number, or none."""

    tax_number = forms.CharField(label="PIN", max_length=30, required=False)


class ExemptionForm(forms.Form):
    """A certificate as it is on paper."""

    number = forms.CharField(label="Certificate", max_length=60)
    of = forms.ChoiceField(label="Exempt from")
    tax_class = forms.ChoiceField(label="On", required=False)
    percent = forms.DecimalField(
        label="Of it, %", min_value=0, max_value=100, decimal_places=4, initial=100
    )
    valid_from = _day("First day")
    last_day = _day("Last day", required=False, help_text="Empty: until it is ended.")

    def __init__(self, country: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [one for one in sorted(tax_kinds(country)) if one[1] != Kind.WITHHOLDING]
        kinds = dict.fromkeys((kind, _kind(kind)) for _, kind, _ in known)
        classes = dict.fromkeys((name, name.replace("_", " ").capitalize()) for *_, name in known)
        self._choose("of", list(kinds))
        self._choose("tax_class", [("", "Everything"), *classes])

    def _choose(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def wished(self) -> Wished:
        """The certificate, its days half-open."""
        told = self.cleaned_data
        last: date | None = told["last_day"]
        return Wished(
            told["number"], told["valid_from"], last + timedelta(days=1) if last else None,
            kind=told["of"], tax_class=told["tax_class"], percent=told["percent"],
        )  # fmt: skip


class EndForm(forms.Form):
    """From which day it holds no more."""

    on = _day("Holds no more from")


@staff("parties.tax")
def number(request: StaffRequest, by: Actor, account: str) -> HttpResponse:
    """Keep a customer's tax number; the answer is their page."""
    customer = _customer(request, account)
    form = NumberForm(request.POST or None, initial={"tax_number": customer.tax_number})
    if request.method == "POST" and form.is_valid():
        try:
            typed = form.cleaned_data["tax_number"]
            name_tax_number(customer_id=customer.pk, tax_number=typed, by=by)
            return redirect(_back(customer))
        except Refused as refusal:
            form.add_error("tax_number", words(refusal))
    then = [
        Then("file-invoice", "It stands on their documents from the next one on"),
        Then("receipt", "The tax authority is told it with each of them"),
    ]
    return _shown(request, customer, f"The tax number of {customer.name}", "Keep it", form, then)


@staff("billing.exempt")
def certify(request: StaffRequest, by: Actor, account: str) -> HttpResponse:
    """Record a certificate of exemption; the answer is the customer's page."""
    customer = _customer(request, account)
    today = clock.today(request.entity.zone)
    form = ExemptionForm(
        request.entity.country, request.POST or None, initial={"valid_from": today, "of": Kind.VAT}
    )
    if request.method == "POST" and form.is_valid():
        with refused_on(form):
            exempt(customer_id=customer.pk, wished=form.wished(), by=by)
            return redirect(_back(customer))
    then = [
        Then("calendar-due", "It counts on what is issued from its first to its last day"),
        Then("file-invoice", "Documents name it in place of the tax"),
        Then("refresh", "What is asked for and not paid is asked for anew"),
    ]
    title = f"Exempt {customer.name}"
    return _shown(request, customer, title, "Record the certificate", form, then)


@staff("billing.exempt")
def end(request: StaffRequest, by: Actor, account: str, key: int) -> HttpResponse:
    """End a certificate; the answer is the customer's page."""
    customer = _customer(request, account)
    row = Exemption.objects.filter(customer=customer, pk=key).first()
    if row is None:
        raise Http404
    form = EndForm(request.POST or None, initial={"on": clock.today(request.entity.zone)})
    if request.method == "POST" and form.is_valid():
        end_exemption(exemption_id=row.pk, on=form.cleaned_data["on"], by=by)
        return redirect(_back(customer))
    then = [
        Then("receipt", "What is issued from that day on carries the tax"),
        Then("history", "What was issued before stays as it was"),
    ]
    title = f"End certificate {row.certificate}"
    return _shown(request, customer, title, "End it", form, then)


def taxed(customer: Customer, today: date) -> dict[str, Any]:
    """A customer's branch, tax number and certificates, for their page; two queries."""
    rows = Exemption.objects.filter(customer=customer).order_by("-valid_from", "-pk")
    return {
        "branch": customer.branch.name,
        "tax_number": customer.tax_number,
        "certificates": [
            {"id": row.pk, "number": row.certificate, "of": _kind(row.kind), "days": _days(row),
             "ends": row.end is None or row.end > today,
             "part": "" if row.percent == 100 else f"{row.percent.normalize():f} %",
             "on": row.tax_class.replace("_", " ")}
            for row in rows
            if row.end is None or row.end > row.valid_from
        ],
    }  # fmt: skip


def _kind(kind: str) -> str:
    """What a kind of tax is called: short ones are abbreviations."""
    return kind.upper() if len(kind) <= 3 else kind.replace("_", " ").capitalize()


def _days(row: Exemption) -> str:
    since = f"{row.valid_from:%-d %b %Y}"
    if row.end is None:
        return f"from {since}"
    return f"{since} – {row.end - timedelta(days=1):%-d %b %Y}"


def _customer(request: StaffRequest, account: str) -> Customer:
    rows = Customer.objects.filter(entity=request.entity, account_number=ids.normal(account))
    customer = rows.first()
    if customer is None:
        raise Http404
    return customer


def _back(customer: Customer) -> str:
    return f"/customers/{customer.account_number}"


def _shown(
    request: StaffRequest, customer: Customer, title: str, verb: str, form: forms.Form,
    then: list[Then],
) -> HttpResponse:  # fmt: skip
    text = f"Account {ids.in_threes(customer.account_number)}"
    confirm = Confirm(title=title, text=text, action=request.path, verb=verb,
                      back=_back(customer), form=form, then=then)  # fmt: skip
    context = {"confirm": confirm, "crumb": {"url": confirm.back, "words": customer.name}}
    status = 422 if request.method == "POST" else 200
    return render(request, "console/confirm.html", context, status=status)
