"""What was said of a customer: tags, promises that are taken back, and invoices in dispute."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from waya.billing.commands.promises import withdraw
from waya.billing.models import Dispute, Promise
from waya.console import drafts
from waya.console.pages.dunning.tabs import tabs
from waya.console.pieces import Confirm, Sum, Then, earlier, newest
from waya.console.staff import StaffRequest, staff
from waya.console.words import many
from waya.kernel import ids
from waya.kernel.errors import Refused
from waya.kernel.money import Money
from waya.org.actors import Actor
from waya.org.words import words
from waya.parties.commands.tags import tag
from waya.parties.models import Customer
from waya.reports.queries.paging import ROWS, before, cut


class TagsForm(forms.Form):
    """All of a customer's tags."""

    tags = forms.CharField(
        label="Tags", required=False, max_length=400,
        help_text="Words of your own with commas, such as school, vip.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip


@staff("parties.tag")
def tagging(request: StaffRequest, by: Actor, account: str) -> HttpResponse:
    """Say by which words a customer is told apart; the answer is their page."""
    number = ids.normal(account)
    customer = Customer.objects.filter(entity=request.entity, account_number=number).first()
    if customer is None:
        raise Http404
    back = f"/customers/{customer.account_number}"
    initial = {"tags": ", ".join(customer.tags)} | drafts.take(request)
    form = TagsForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_bound and form.is_valid():
        try:
            tag(customer_id=customer.pk, tags=form.cleaned_data["tags"].split(","), by=by)
            return redirect(back)
        except Refused as refusal:
            form.add_error("tags", words(refusal))
    confirm = Confirm(
        title=f"Tags of {customer.name}",
        text=f"Account {ids.in_threes(customer.account_number)}",
        action=request.path,
        verb="Keep these tags",
        back=back,
        form=form,
        then=[Then("list-check", "The ladder’s segments take customers by their tags"),
              Then("history", "What they were stays in the timeline")],
    )  # fmt: skip
    return _shown(request, confirm, customer.name)


@staff("billing.promise")
def withdrawing(request: StaffRequest, by: Actor, promise_id: int) -> HttpResponse:
    """Take a promise back: a slip, or a word that will not be kept."""
    rows = Promise.objects.filter(customer__entity=request.entity, pk=promise_id)
    row = rows.select_related("customer").first()
    if row is None:
        raise Http404
    back = f"/customers/{row.customer.account_number}"
    refusal = ""
    if request.method == "POST":
        try:
            withdraw(promise_id=row.pk, by=by)
            messages.info(request, f"{row.customer.name}’s promise is taken back.")
            return redirect(back)
        except Refused as refused:
            refusal = words(refused)
    confirm = Confirm(
        title=f"Take back {row.customer.name}’s promise",
        text=f"Taken by {row.taken_by} on {row.made_on:%-d %b}",
        action=request.path,
        verb="Take it back",
        back=back,
        money=[Sum(f"Promised by {row.until:%a %-d %b}", Money(row.amount_minor, row.currency))],
        money_words="The promise",
        then=[Then("clock", "The ladder goes on with them from the next night"),
              Then("circle-check", "It does not count as broken, and they may promise again")],
        refusal=refusal,
    )  # fmt: skip
    return _shown(request, confirm, row.customer.name)


@staff("money.view")
def disputed(request: StaffRequest, by: Actor) -> HttpResponse:
    """Invoices that their customers do not accept, the longest waiting first."""
    rows = Dispute.objects.filter(invoice__entity=request.entity, state=Dispute.OPEN)
    count = rows.count()
    if (last := before(request.GET.get("from", ""))) is not None:
        rows = rows.filter(pk__gt=last)
    found = list(rows.select_related("invoice__customer").order_by("pk")[: ROWS + 1])
    page = cut(found, lambda row: str(row.pk))
    context = {
        "tabs": tabs("disputes"),
        "count": many(count, "open dispute"),
        "rows": [_dispute(row) for row in page.rows],
        "earlier": earlier(request, page.next_key),
        "earlier_words": "More",
        "later": newest(request),
    }
    return render(request, "console/dunning/disputes.html", context)


def _dispute(row: Dispute) -> dict[str, Any]:
    invoice = row.invoice
    return {
        "number": invoice.number,
        "name": invoice.customer.name,
        "url": f"/customers/{invoice.customer.account_number}",
        "account": invoice.customer.account_number,
        "left": Money(invoice.total_minor - invoice.paid_minor, invoice.currency),
        "reason": row.reason,
        "on": row.opened_on,
        "by": row.opened_by,
    }


def _shown(request: StaffRequest, confirm: Confirm, crumb: str) -> HttpResponse:
    context = {"confirm": confirm, "crumb": {"url": confirm.back, "words": crumb}}
    status = 422 if request.method == "POST" else 200
    return render(request, "console/confirm.html", context, status=status)
