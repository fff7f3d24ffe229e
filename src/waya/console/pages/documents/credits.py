"""Give money of an invoice back: what it would do is shown before it is done, and after."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Any
from uuid import uuid4

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from waya.billing.commands import credits
from waya.billing.models import CreditNote, Invoice, InvoiceLine
from waya.billing.queries.credits import Effect, effect
from waya.billing.queries.fiscal import fiscal_of_credits
from waya.billing.rules.credits import LineCredit, Reason
from waya.console import drafts, story
from waya.console.forms import MoneyField
from waya.console.pages.billing.authority import recorded
from waya.console.pieces import Confirm, Sum, Then, why_of
from waya.console.staff import StaffRequest, staff
from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.kernel.money import Money
from waya.kernel.periods import Period
from waya.org.actors import Actor
from waya.org.words import words
from waya.reports.documents.papers import reason
from waya.reports.documents.whys import of_credit
from waya.reports.queries import documents as reads
from waya.reports.queries import timeline
from waya.reports.queries.books.journal import entries_of

ALL, AMOUNT, DAYS = "all", "amount", "days"
_AGAIN = {"data-preview": ""}


class CreditForm(forms.Form):
    """How much of which line, why, and what the customer reads about it."""

    what = forms.ChoiceField(
        label="Give back",
        choices=[
            (ALL, "All that is left"),
            (AMOUNT, "An amount, with its taxes"),
            (DAYS, "Days that were not used"),
        ],
        widget=forms.Select(attrs=_AGAIN),
    )
    line = forms.ChoiceField(label="Of", required=False, widget=forms.Select(attrs=_AGAIN))
    amount = MoneyField(
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", **_AGAIN}),
    )
    since = forms.DateField(
        label="From", required=False,
        widget=forms.DateInput(attrs={"type": "date", **_AGAIN}, format="%Y-%m-%d"),
    )  # fmt: skip
    until = forms.DateField(
        label="Until", required=False, help_text="The first day that was used again, or the end.",
        widget=forms.DateInput(attrs={"type": "date", **_AGAIN}, format="%Y-%m-%d"),
    )  # fmt: skip
    reason = forms.ChoiceField(label="Because")
    note = forms.CharField(
        label="Note", required=False, max_length=200, help_text="The customer reads it."
    )

    def __init__(self, lines: list[InvoiceLine], *told: Any, **options: Any) -> None:
        super().__init__(*told, **options)
        self.lines = {str(row.pk): row for row in lines}
        chosen = (str(self.data.get("what", ALL)) if self.is_bound else ALL) or ALL
        line = self.fields["line"]
        reasons = self.fields["reason"]
        assert isinstance(line, forms.ChoiceField)
        assert isinstance(reasons, forms.ChoiceField)
        line.choices = [(key, row.description) for key, row in self.lines.items()]
        reasons.choices = [(one.value, reason(one.value)) for one in Reason]
        if chosen == ALL or len(lines) == 1:
            line.widget = forms.HiddenInput()
        for name, kind in (("amount", AMOUNT), ("since", DAYS), ("until", DAYS)):
            self.fields[name].required = chosen == kind
            if chosen != kind:
                self.fields[name].widget = forms.HiddenInput()

    def wishes(self) -> list[LineCredit]:
        """What is wished of which line; nothing is all that is left of the invoice."""
        told = self.cleaned_data
        if told["what"] == ALL:
            return []
        key = int(told["line"] or next(iter(self.lines)))
        why = Reason(told["reason"])
        if told["what"] == AMOUNT:
            return [LineCredit(key, why, gross_minor=told["amount"].minor)]
        since, until = told["since"], told["until"]
        if since >= until:
            raise Refused("credit_days_outside")
        return [LineCredit(key, why, days=Period(since, until))]


@staff("billing.credit")
def give_back(request: StaffRequest, by: Actor, number: str) -> HttpResponse:
    """Show what a credit would do; when that is what was seen, do it, once."""
    invoice = Invoice.objects.filter(entity=request.entity, number=number).first()
    if invoice is None:
        raise Http404
    today = clock.today(request.entity.zone)
    lines = list(invoice.lines.select_related("subscription").order_by("pk"))
    told = request.POST if request.method == "POST" else _first(request, lines, today)
    form = CreditForm(lines, told)
    refusal, would, pin = "", None, ""
    if form.is_valid():
        try:
            wishes = form.wishes()
            would = effect(invoice, wishes, today)
            pin = _pin(wishes, would)
            if request.method == "POST" and told.get("seen") == pin:
                return redirect(f"/credit-notes/{_issue(invoice, wishes, form, told, by)}")
        except Refused as refused:
            refusal, would = words(refused), None
    elif request.method != "POST":
        form.errors.clear()  # a choice was made, and what belongs to it is not typed yet
    hidden = {"once": told.get("once") or uuid4().hex, "seen": pin}
    confirm = _confirm(invoice, form, would, hidden, refusal)
    crumb = {"url": confirm.back, "words": invoice.number}
    status = 422 if request.method == "POST" and (refusal or form.errors) else 200
    context = {"confirm": confirm, "crumb": crumb}
    return render(request, "console/confirm.html", context, status=status)


def _first(request: StaffRequest, lines: list[InvoiceLine], today: date) -> dict[str, str]:
    """The form as it is opened, and as its own choices change it."""
    chosen = {
        "what": ALL,
        "reason": Reason.MISTAKE.value,
        "line": str(lines[0].pk) if lines else "",
    }
    end = lines[0].end if lines else None
    if end and end > today:
        chosen |= {"since": today.isoformat(), "until": end.isoformat()}
    return chosen | drafts.take(request) | {name: str(value) for name, value in request.GET.items()}


def _pin(wishes: list[LineCredit], would: Effect) -> str:
    """What was shown, in short: the same again is what was agreed to."""
    return hashlib.sha256(repr((wishes, would)).encode()).hexdigest()[:24]


def _issue(
    invoice: Invoice, wishes: list[LineCredit], form: CreditForm, told: Any, by: Actor
) -> str:
    on = clock.today(invoice.entity.zone)
    once, note = f"console:{told.get('once', '')}"[:80], form.cleaned_data["note"]
    if wishes:
        (issued,) = credits.give_back(credits=wishes, on=on, once=once, note=note, by=by)
        return issued.number
    why = Reason(form.cleaned_data["reason"])
    issued = credits.give_back_all(
        invoice_id=invoice.pk, reason=why, once=once, on=on, note=note, by=by
    )
    return issued.number


def _confirm(
    invoice: Invoice, form: CreditForm, would: Effect | None, hidden: dict[str, str], refusal: str
) -> Confirm:
    path, currency = f"/invoices/{invoice.number}", invoice.currency
    verb, money, then = "Show what happens", [], []
    if would:
        verb = f"Credit {Money(would.total, currency)}"
        money = [Sum("Net", Money(would.net, currency)), Sum("Taxes", Money(would.tax, currency))]
        then = _then(invoice, would)
    return Confirm(
        title=f"Credit {invoice.number}",
        text=f"{invoice.customer.name}, {Money(invoice.total_minor, currency)} "
        f"of {invoice.issued_on:%-d %b %Y}",
        action=f"{path}/credit",
        address=f"{path}/credit",
        hidden=hidden,
        verb=verb,
        back=path,
        form=form,
        money=money,
        money_words="Given back",
        total=Money(would.total, currency) if would else None,
        total_words="Credit" if would else "",
        then=then,
        refusal=refusal,
    )


def _then(invoice: Invoice, would: Effect) -> list[Then]:
    currency = invoice.currency
    lines = [Then("receipt", "A credit note with its own number, which stays for good")]
    if would.applied:
        applied = Money(would.applied, currency)
        lines.append(Then("file-check", f"{applied} settles what is open of {invoice.number}"))
    if would.rest:
        rest = Money(would.rest, currency)
        lines.append(Then("cash", f"{rest} is the customer's credit: it pays the next bill"))
    if would.unearned:
        unearned = Money(would.unearned, currency)
        lines.append(Then("calendar", f"{unearned} was not earned yet, and will not be"))
    lines.append(Then("router", "The service stays as it is; who is no longer behind comes back"))
    return lines


@staff("money.view")
def page(request: StaffRequest, by: Actor, number: str) -> HttpResponse:
    """One credit note: what it credits, its taxes, where it went and what it booked."""
    row = reads.credit_note(request.entity.pk, number)
    if row is None:
        raise Http404
    context = _page(row) | {
        "fiscal": recorded(fiscal_of_credits([row.pk]).get(row.pk)),
        "booked": entries_of(row.entity_id, [f"credit_note:{row.number}"])
        if by.can("books.view") else [],
        "entries": [story.entry(one, by) for one in timeline.of_subject("credit_note", row.pk)],
    }  # fmt: skip
    return render(request, "console/credit_note.html", context)


def _page(row: CreditNote) -> dict[str, Any]:
    def money(minor: int) -> Money:
        return Money(minor, row.currency)

    account = row.customer.account_number
    return {
        "note": row,
        "reason": reason(row.reason),
        "invoice_url": f"/invoices/{row.invoice.number}",
        "customer": {
            "name": row.customer_as_issued.get("name", row.customer.name),
            "account": account,
            "url": f"/customers/{account}",
        },
        "lines": [
            {"words": line.description, "net": money(line.net_minor), "tax": money(line.tax_minor),
             "days": Period(line.start, line.end) if line.start and line.end else None,
             "amount": money(line.total_minor),
             "why": why_of(of_credit(line, line.taxes.all(), row.currency))}
            for line in row.lines.all()
        ],
        "taxes": [
            {"words": f"{tax.name} {tax.percent} %", "on": tax.base, "amount": tax.amount}
            for tax in reads.taxes_of(row.lines.all(), row.currency)
        ],
        "net": money(row.net_minor),
        "total": money(row.total_minor),
        "applied": money(row.applied_minor),
        "kept": money(row.total_minor - row.applied_minor),
    }  # fmt: skip
