"""Taking money: cash over the counter, and prompts to a customer's phone."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.html import format_html, format_html_join

from waya.billing.queries.accounts import Account, account
from waya.console import drafts
from waya.console.forms import MoneyField, refused_on
from waya.console.pieces import Confirm, Sum, Then
from waya.console.staff import StaffRequest, staff
from waya.kernel import clock, ids
from waya.kernel.errors import Refused
from waya.kernel.money import Money
from waya.kernel.phone import e164, national
from waya.org.actors import Actor
from waya.org.models import Entity
from waya.org.words import words
from waya.parties.models import Customer
from waya.parties.queries import customers_by_reference, phones_of
from waya.payments.commands import counter, prompts
from waya.payments.models import Prompt


class _Form(forms.Form):
    """A form for one customer, or for one whose account is typed in it."""

    account_number = forms.CharField(
        label="Account number", max_length=20, help_text="Seven digits, on every SMS and invoice.",
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )  # fmt: skip

    def __init__(self, entity: Entity, customer: Customer | None, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.entity = entity
        self.customer = customer
        amount = self.fields["amount"]
        assert isinstance(amount, MoneyField)
        amount.currency = entity.currency
        amount.label = f"Amount, {entity.currency}"
        if customer:
            del self.fields["account_number"]

    def clean_account_number(self) -> str:
        """Find the customer; a slip in the number is told, never guessed at."""
        typed: str = self.cleaned_data["account_number"]
        found = customers_by_reference(self.entity.pk, [typed])
        if typed not in found:
            hint = "" if ids.check_digit_ok(ids.normal(typed)) else " There is a slip in it."
            raise forms.ValidationError(f"No account has this number.{hint}")
        self.customer = Customer.objects.get(pk=found[typed])
        return typed


class CashForm(_Form):
    """Cash and the slip it came with."""

    amount = MoneyField()
    slip = forms.CharField(
        label="Slip number", max_length=40,
        help_text="Of the receipt book. The same slip again is the same payment.",
    )  # fmt: skip


class PromptForm(_Form):
    """A prompt, to the customer's phone or another's."""

    amount = MoneyField()
    phone = forms.CharField(
        label="Phone", max_length=20, required=False, help_text="Theirs, unless you write another.",
        widget=forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"}),
    )  # fmt: skip

    def clean_phone(self) -> str:
        """A phone that M-PESA can ask, or nothing."""
        typed: str = self.cleaned_data["phone"]
        if not typed:
            return ""
        try:
            return e164(typed, self.entity.country)
        except Refused as refusal:
            raise forms.ValidationError(words(refusal)) from refusal


@staff("payments.take")
def cash(request: StaffRequest, by: Actor, account: str = "") -> HttpResponse:
    """Take cash over the counter; the answer is the payment's page, with where it went."""
    customer = _customer(request, account)
    if request.method != "POST":
        initial = _asked(request, customer) | drafts.take(request)
        form = CashForm(request.entity, customer, initial=initial)
        return _shown(request, _cash_confirm(request, form, customer))
    form = CashForm(request.entity, customer, request.POST)
    if form.is_valid() and form.customer:
        with refused_on(form):
            payment = counter.take_cash(
                entity_id=request.entity.pk,
                customer_id=form.customer.pk,
                amount_minor=form.cleaned_data["amount"].minor,
                slip=form.cleaned_data["slip"].strip(),
                on=clock.today(request.entity.zone),
                by=by,
            )
            return redirect(f"/payments/{payment.receipt_number}")
    return _shown(request, _cash_confirm(request, form, customer), 422)


@staff("payments.prompt")
def prompt(request: StaffRequest, by: Actor, account: str = "") -> HttpResponse:
    """Ask for money on a phone; the answer is the customer's page, where it is waited for."""
    customer = _customer(request, account)
    if request.method != "POST":
        initial = _asked(request, customer) | drafts.take(request)
        form = PromptForm(request.entity, customer, initial=initial)
        return _shown(request, _prompt_confirm(request, form, customer))
    form = PromptForm(request.entity, customer, request.POST)
    if form.is_valid() and form.customer:
        owner = form.customer
        phone = form.cleaned_data["phone"] or phones_of([owner.pk]).get(owner.pk, "")
        with refused_on(form):
            sent = prompts.prompt(
                customer_id=owner.pk,
                phone=phone,
                amount_minor=form.cleaned_data["amount"].minor,
                by=by,
            )
            if sent.state != Prompt.FAILED:
                return redirect(f"/customers/{owner.account_number}")
            form.add_error(None, f"Not sent: {sent.result_text}. Nothing was taken.")
    return _shown(request, _prompt_confirm(request, form, customer), 422)


_WAYS = (("payments.take", "pay", "take it"), ("payments.prompt", "prompt", "send a prompt"))


def missing(amount: Money, account: str, by: Actor, then: str) -> Then:
    """What has to be paid before something can be done, with the ways there that are theirs."""
    ways = format_html_join(
        " or ", '<a href="/customers/{}/{}?amount={}">{}</a>',
        [(account, where, amount.plain(), said) for may, where, said in _WAYS if by.can(may)],
    )  # fmt: skip
    how = format_html(": {}", ways) if ways else ""
    return Then("cash", format_html("{} is missing first{}, then {}", amount, how, then))


def _customer(request: StaffRequest, account: str) -> Customer | None:
    if not account:
        return None
    found = Customer.objects.filter(entity=request.entity, account_number=ids.normal(account))
    customer = found.first()
    if customer is None:
        raise Http404
    return customer


def _asked(request: StaffRequest, customer: Customer | None) -> dict[str, Any]:
    """The amount that is asked with; without one, what brings everything in order."""
    if asked := request.GET.get("amount"):
        return {"amount": asked}
    if customer is None:
        return {}
    to_pay = account(customer.pk, request.entity.pk).to_pay
    return {"amount": to_pay} if to_pay else {}


def _shown(request: StaffRequest, confirm: Confirm, status: int = 200) -> HttpResponse:
    crumb = {"url": confirm.back, "words": "Payments" if confirm.back == "/payments" else "Back"}
    context = {"confirm": confirm, "crumb": crumb}
    return render(request, "console/confirm.html", context, status=status)


def _money(known: Account) -> list[Sum]:
    lines = [
        Sum("Owed on invoices", known.owed),
        Sum("Asked for renewals", known.asked),
        Sum("Credit", -known.credit),
    ]
    return [line for line in lines if line.amount]


def _cash_confirm(request: StaffRequest, form: CashForm, customer: Customer | None) -> Confirm:
    known = account(customer.pk, request.entity.pk) if customer else None
    then = [
        Then("receipt", "A receipt with its own number"),
        Then("file-check", "Oldest invoices first, then the renewal; the rest is credit"
             if known is None or known.to_pay else "Nothing is owed: it becomes credit"),
        Then("router", "If it was walled and this covers it, the service comes back at once"),
        Then("message", "An SMS says thanks"),
    ]  # fmt: skip
    if customer is None:
        asked = ("Take cash", "Over the counter, for any customer.", "Take the cash")
    else:
        asked = (f"Take cash from {customer.name}", _account(customer), "Take the cash")
    return _confirm(request, form, customer, known, asked, then)


def _prompt_confirm(request: StaffRequest, form: PromptForm, customer: Customer | None) -> Confirm:
    known = account(customer.pk, request.entity.pk) if customer else None
    phone = phones_of([customer.pk]).get(customer.pk, "") if customer else ""
    to = national(phone) if phone else "the customer's phone"
    then = [
        Then("device-mobile", f"M-PESA asks on {to}; it can be refused there"),
        Then("clock", "Nothing is booked before M-PESA says that it was paid"),
    ]
    if customer is None:
        rings = "M-PESA asks on the phone; the customer enters the PIN there."
        asked = ("Send a prompt", rings, "Send the prompt")
    else:
        asked = (f"Send {customer.name} a prompt", _account(customer), "Send the prompt")
    return _confirm(request, form, customer, known, asked, then)


def _account(customer: Customer) -> str:
    return f"Account {ids.in_threes(customer.account_number)}"


def _confirm(
    request: StaffRequest, form: CashForm | PromptForm, customer: Customer | None,
    known: Account | None, asked: tuple[str, str, str], then: list[Then],
) -> Confirm:  # fmt: skip
    """Money is asked for with what the customer owes beside it; `asked` is title, text, verb."""
    title, text, verb = asked
    to_pay = known.to_pay if known and known.to_pay else None
    return Confirm(
        title=title,
        text=text,
        action=request.path,
        verb=verb,
        back=f"/customers/{customer.account_number}" if customer else "/payments",
        form=form,
        money=_money(known) if known else (),
        total=to_pay,
        total_words="Brings everything in order" if to_pay else "",
        then=then,
    )
