"""A promise taken, an invoice disputed or given up: each with its consequences in sight."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from waya.billing.commands.disputes import close_dispute, open_dispute
from waya.billing.commands.dunning.recoveries import recover
from waya.billing.commands.dunning.write_offs import write_off as give_up
from waya.billing.commands.promises import promise
from waya.billing.models import Dispute, Invoice, WriteOff
from waya.billing.policy import PromisePolicy, WriteOffPolicy
from waya.billing.queries.accounts import account as account_of
from waya.console import drafts
from waya.console.forms import MoneyField, refused_on
from waya.console.pieces import Confirm, Sum, Then
from waya.console.staff import StaffRequest, staff
from waya.kernel import ids
from waya.kernel.errors import Refused
from waya.kernel.money import Money
from waya.org.actors import Actor
from waya.org.models import Approval
from waya.org.policy import chosen
from waya.org.words import words
from waya.parties.models import Customer


class PromiseForm(forms.Form):
    """How much, by when."""

    amount = MoneyField()
    until = forms.DateField(
        label="They pay by", widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Through the end of this day.",
    )  # fmt: skip

    def __init__(self, currency: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        amount = self.fields["amount"]
        assert isinstance(amount, MoneyField)
        amount.currency = currency
        amount.label = f"Amount, {currency}"


class ReasonForm(forms.Form):
    """Why, in a sentence."""

    reason = forms.CharField(label="Why", max_length=300)


@staff("billing.promise")
def promising(request: StaffRequest, by: Actor, account: str) -> HttpResponse:
    """Take a customer's word; the answer is their page."""
    entity = request.entity
    rows = Customer.objects.filter(entity=entity, account_number=ids.normal(account))
    customer = rows.first()
    if customer is None:
        raise Http404
    to_pay = account_of(customer.pk, entity.pk).to_pay
    posted = request.POST if request.method == "POST" else None
    initial = {"amount": to_pay} | drafts.take(request)
    form = PromiseForm(entity.currency, posted, initial=initial)
    back = f"/customers/{customer.account_number}"
    if posted is not None and form.is_valid():
        with refused_on(form):
            promise(customer=customer, amount=form.cleaned_data["amount"],
                    until=form.cleaned_data["until"], by=by)  # fmt: skip
            return redirect(back)
    policy = chosen(PromisePolicy, entity.pk)
    brings = "Whoever is walled is back at once" if policy.restores else \
        "Whoever is walled already stays so until the money is there"  # fmt: skip
    confirm = Confirm(
        title=f"{customer.name} promises to pay",
        text=f"Account {ids.in_threes(customer.account_number)}",
        action=request.path,
        verb="Take the promise",
        back=back,
        form=form,
        money=[Sum("To be paid now", to_pay)],
        then=[
            Then("clock", "Nobody is walled, fined or reminded until that day has passed"),
            Then("router", brings),
            Then("calendar-due", f"It is good for {policy.most_days} days at most"),
        ],
    )
    return _shown(request, confirm, posted is not None)


@staff("billing.dispute")
def disputing(request: StaffRequest, by: Actor, number: str) -> HttpResponse:
    """Say that an invoice is not accepted; the answer is its page."""
    invoice = _invoice(request, number)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        with refused_on(form):
            open_dispute(invoice_id=invoice.pk, reason=form.cleaned_data["reason"], by=by)
            return redirect(f"/invoices/{invoice.number}")
    confirm = Confirm(
        title=f"Dispute {invoice.number}",
        text=f"{invoice.customer.name} does not accept it.",
        action=request.path,
        verb="Open the dispute",
        back=f"/invoices/{invoice.number}",
        form=form,
        money=[Sum("Missing on it", _left(invoice))],
        then=[
            Then("hand-stop", "It does not count until the dispute is closed: no wall, no fee"),
            Then("router", "Whoever was walled for it alone is back at once"),
        ],
    )
    return _shown(request, confirm, form.is_bound)


@require_POST
@staff("billing.dispute")
def settling(request: StaffRequest, by: Actor, number: str) -> HttpResponse:
    """Close an invoice's dispute: upheld or rejected."""
    invoice = _invoice(request, number)
    found = Dispute.objects.filter(invoice=invoice, state=Dispute.OPEN).first()
    if found is None:
        raise Http404
    upheld = request.POST.get("verdict") == "upheld"
    close_dispute(dispute_id=found.pk, upheld=upheld, by=by)
    return redirect(f"/invoices/{invoice.number}")


@staff("billing.write_off")
def losing(request: StaffRequest, by: Actor, number: str) -> HttpResponse:
    """Give up what is missing on an invoice, or ask whether it may be."""
    invoice = _invoice(request, number)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        with refused_on(form):
            done = give_up(invoice_id=invoice.pk, reason=form.cleaned_data["reason"], by=by)
            if isinstance(done, Approval):
                messages.info(request, "It is more than policy lets one person give up: "
                              "somebody else decides.")  # fmt: skip
            return redirect(f"/invoices/{invoice.number}")
    limit = Money(chosen(WriteOffPolicy, request.entity.pk).limit_minor, invoice.currency)
    asks = f"More than {limit} waits for somebody else" if limit < _left(invoice) else \
        "It is booked at once"  # fmt: skip
    confirm = Confirm(
        title=f"Write off {invoice.number}",
        text=f"{invoice.customer.name} will not pay it.",
        action=request.path,
        verb="Write it off",
        back=f"/invoices/{invoice.number}",
        form=form,
        money=[Sum("Given up", _left(invoice))],
        then=[
            Then("book-2", "A loss: bad debts, against what they owe"),
            Then("hand-stop", asks),
            Then("router", "Whoever was walled for it alone is back at once"),
        ],
        harm=True,
    )
    return _shown(request, confirm, form.is_bound)


@staff("billing.write_off")
def recovering(request: StaffRequest, by: Actor, number: str) -> HttpResponse:
    """Pay what was written off of an invoice out of its customer's credit."""
    invoice, refusal = _invoice(request, number), ""
    lost = WriteOff.objects.filter(invoice=invoice).first()
    if lost is None:
        raise Http404
    if request.method == "POST":
        try:
            recover(invoice_id=invoice.pk, by=by)
            return redirect(f"/invoices/{invoice.number}")
        except Refused as refused:
            refusal = words(refused)
    missing = Money(lost.amount_minor - lost.recovered_minor, lost.currency)
    credit = account_of(invoice.customer_id, request.entity.pk).credit
    taken = min(missing, credit, key=lambda one: one.minor)
    confirm = Confirm(
        title=f"{invoice.number} was written off",
        text=f"{invoice.customer.name} has a credit, which can make it good.",
        action=request.path,
        verb=f"Take {taken} from their credit",
        back=f"/invoices/{invoice.number}",
        money=[Sum("Written off and not paid since", missing), Sum("Their credit", credit)],
        then=[
            Then("book-2", "Income: bad debts recovered, against their credit"),
            Then("file-check", "The invoice stays as it is, and says that it was paid after all"),
        ],
        refusal=refusal,
    )
    return _shown(request, confirm, bool(refusal))


def _invoice(request: StaffRequest, number: str) -> Invoice:
    rows = Invoice.objects.filter(entity=request.entity, number=number).select_related("customer")
    found = rows.first()
    if found is None:
        raise Http404
    return found


def _left(invoice: Invoice) -> Money:
    return Money(invoice.total_minor - invoice.paid_minor, invoice.currency)


def _shown(request: StaffRequest, confirm: Confirm, refused: bool) -> HttpResponse:
    context = {"confirm": confirm, "crumb": {"url": confirm.back, "words": "Back"}}
    return render(request, "console/confirm.html", context, status=422 if refused else 200)
