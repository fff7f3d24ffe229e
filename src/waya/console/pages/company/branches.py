"""Branches: which there are, another one, whose customers are whose; what the company is called
and where it is."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from waya.console.forms import refused_on
from waya.console.pieces import Confirm, Then
from waya.console.staff import StaffRequest, staff
from waya.kernel import ids
from waya.kernel.errors import Refused
from waya.org.actors import Actor
from waya.org.commands.branches import add_branch, change_branch, rename
from waya.org.models import Branch
from waya.org.queries import branch_of, branches_of
from waya.org.words import words
from waya.parties.commands.customers import choose_branch
from waya.parties.models import Customer

_ADDRESS_ROWS = forms.Textarea(attrs={"rows": 3})


class BranchForm(forms.Form):
    """A place of business."""

    name = forms.CharField(label="Name", max_length=80, help_text="As documents say it: Nakuru.")
    address = forms.CharField(
        label="Address", max_length=200, required=False, widget=_ADDRESS_ROWS,
        help_text="Of its own. Documents say the company's where it has none.",
    )  # fmt: skip


class NewBranchForm(BranchForm):
    """A place of business to add."""

    code = forms.CharField(
        label="Code", max_length=8,
        help_text="Letters and digits. It stands in its numbers, as INV-NKR-000001, for good.",
    )  # fmt: skip


class CompanyForm(forms.Form):
    """What the company is called."""

    name = forms.CharField(label="Name", max_length=80)
    legal_name = forms.CharField(label="Legal name", max_length=120)
    tax_number = forms.CharField(label="Tax number", max_length=40, required=False)
    phone = forms.CharField(label="Phone", max_length=20, required=False)
    address = forms.CharField(
        label="Address", max_length=200, required=False, widget=_ADDRESS_ROWS,
        help_text="A tax invoice must say it: building and street, P.O. box, town.",
    )  # fmt: skip


_FROM_NOW_ON = "Documents say so from the next one on."
_FROM_THEN_ON = [
    Then("file-invoice", "What is issued from now on says so"),
    Then("history", "What was issued before stays as it was"),
]


class ChosenForm(forms.Form):
    """One of the branches."""

    branch = forms.ChoiceField(label="Branch")


@staff("org.policy")
def listed(request: StaffRequest, by: Actor) -> HttpResponse:
    """The branches, and how many customers each has."""
    entity = request.entity
    held = Customer.objects.filter(entity=entity).values_list("branch").annotate(Count("pk"))
    many = dict(held.order_by())
    rows = [
        {"name": one.name, "code": one.code, "main": one.main, "customers": many.get(one.pk, 0),
         "address": ", ".join(one.address.splitlines()),
         "number": "INV-000001" if one.main else f"INV-{one.code}-000001"}
        for one in branches_of(entity.pk)
    ]  # fmt: skip
    return render(request, "console/branches.html", {"rows": rows})


@staff("org.branch")
def add(request: StaffRequest, by: Actor) -> HttpResponse:
    """Add a branch."""
    form = NewBranchForm(request.POST or None)
    if form.is_bound and form.is_valid():
        try:
            add_branch(entity_id=request.entity.pk, **form.cleaned_data, by=by)
            return redirect("/settings/branches")
        except Refused as refusal:
            form.add_error("code" if "code" in refusal.code else None, words(refusal))
    confirm = Confirm(
        title="Add a branch", text=f"Of {request.entity.name}.", action=request.path,
        verb="Add this branch", back="/settings/branches", form=form,
        then=[
            Then("file-invoice", "It numbers its own invoices, credit notes and receipts from 1"),
            Then("receipt", "A fiscal device of its own is set up with: waya fiscal add"),
        ],
    )  # fmt: skip
    return _shown(request, confirm, "Branches")


@staff("org.branch")
def change(request: StaffRequest, by: Actor, code: str) -> HttpResponse:
    """Change what a branch is called and where it is."""
    branch = get_object_or_404(Branch, entity=request.entity, code=code)
    told = {"name": branch.name, "address": branch.address}
    form = BranchForm(request.POST or None, initial=told)
    if form.is_bound and form.is_valid():
        with refused_on(form):
            change_branch(entity_id=request.entity.pk, code=code, **form.cleaned_data, by=by)
            messages.info(request, _FROM_NOW_ON)
            return redirect("/settings/branches")
    confirm = Confirm(
        title=branch.name, text=f"Branch {code} of {request.entity.name}.", action=request.path,
        verb="Keep this", back="/settings/branches", form=form, then=_FROM_THEN_ON,
    )  # fmt: skip
    return _shown(request, confirm, "Branches")


@staff("org.rename")
def company(request: StaffRequest, by: Actor) -> HttpResponse:
    """Change what the company is called on its documents."""
    entity = request.entity
    told = {one: getattr(entity, one) for one in CompanyForm.base_fields}
    form = CompanyForm(request.POST or None, initial=told)
    if form.is_bound and form.is_valid():
        with refused_on(form):
            rename(entity_id=entity.pk, **form.cleaned_data, by=by)
            messages.info(request, _FROM_NOW_ON)
            return redirect("/settings/business")
    confirm = Confirm(
        title="The company", text="What documents say of it.", action=request.path,
        verb="Keep this", back="/settings/business", form=form, then=_FROM_THEN_ON,
    )  # fmt: skip
    return _shown(request, confirm, "Business")


@staff("parties.branch")
def of_customer(request: StaffRequest, by: Actor, account: str) -> HttpResponse:
    """Move a customer to another branch."""
    customer = Customer.objects.filter(
        entity=request.entity, account_number=ids.normal(account)
    ).select_related("branch").first()  # fmt: skip
    if customer is None:
        raise Http404
    back = f"/customers/{customer.account_number}"
    form = ChosenForm(request.POST or None, initial={"branch": customer.branch.code})
    field = form.fields["branch"]
    assert isinstance(field, forms.ChoiceField)
    field.choices = [(one.code, one.name) for one in branches_of(request.entity.pk)]
    if form.is_bound and form.is_valid():
        chosen = branch_of(request.entity.pk, form.cleaned_data["branch"])
        choose_branch(customer_id=customer.pk, branch_id=chosen.pk, by=by)
        return redirect(back)
    confirm = Confirm(
        title=f"The branch of {customer.name}",
        text=f"Account {ids.in_threes(customer.account_number)}", action=request.path,
        verb="Move them there", back=back, form=form,
        then=[
            Then("file-invoice", "What they are given from now on has that branch's numbers"),
            Then("history", "What they were given stays where it is, and so do its credit notes"),
        ],
    )  # fmt: skip
    return _shown(request, confirm, customer.name)


def _shown(request: StaffRequest, confirm: Confirm, above: str) -> HttpResponse:
    context = {"confirm": confirm, "crumb": {"url": confirm.back, "words": above}}
    bound = confirm.form is not None and confirm.form.is_bound
    return render(request, "console/confirm.html", context, status=422 if bound else 200)
