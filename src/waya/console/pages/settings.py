"""Settings: the company as documents show it, and the choices it made."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from waya.billing.policy import DunningPolicy, RenewalPolicy
from waya.console import drafts
from waya.console.staff import StaffRequest, staff
from waya.network.policy import NetworkPolicy
from waya.org.actors import Actor
from waya.org.commands.policies import choose
from waya.org.policy import Choices, chosen
from waya.payments.policy import BrakePolicy, PaymentPolicy

# Each policy with its words, and the words of its fields.
_GROUPS: tuple[tuple[type[Any], str, str], ...] = (
    (DunningPolicy, "When somebody is behind", "Reminders, grace and what may stay unpaid."),
    (RenewalPolicy, "Renewals", "When they are asked for, and what a late payment does."),
    (BrakePolicy, "The brake", "Which cut-offs wait for a person, and for money in flight."),
    (PaymentPolicy, "Payments", "How long we wait for M-PESA, and how often a phone rings."),
    (NetworkPolicy, "Routers", "How often they are read, and what the walled may reach."),
)
_HELP = {
    "tolerance_minor": "In cents: this much may stay unpaid without anything happening.",
    "remind_days_before": "Days before the due day, with commas.",
    "remind_days_after": "Days after the due day, with commas.",
    "open_to_walled": "Addresses, ranges and names, with commas.",
    "late": "restart: the period begins when it is paid. keep: it begins when it was due.",
}


class PolicyForm(forms.Form):
    """Every choice of every policy, as fields named `policy:choice`."""

    def __init__(self, policies: list[Any], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.policies = policies
        for policy in policies:
            for one in fields(policy):
                name = _name(policy, one.name)
                self.fields[name] = _field(one.name, getattr(policy, one.name))

    def changed(self) -> list[Any]:
        """The policies as they were filled in."""
        return [
            replace(
                policy,
                **{
                    one.name: _read(self.cleaned_data[_name(policy, one.name)],
                                    getattr(policy, one.name))
                    for one in fields(policy)
                },
            )
            for policy in self.policies
        ]  # fmt: skip


def _name(policy: Choices, field: str) -> str:
    return f"{policy.policy_name}:{field}"


def _field(name: str, value: Any) -> forms.Field:
    label = name.removesuffix("_minor").replace("_", " ").capitalize()
    common: dict[str, Any] = {"label": label, "help_text": _HELP.get(name, "")}
    if name == "late":
        choices = [("restart", "Restart"), ("keep", "Keep")]
        return forms.ChoiceField(choices=choices, initial=value, **common)
    if isinstance(value, bool):
        return forms.BooleanField(initial=value, required=False, **common)
    if isinstance(value, int):
        return forms.IntegerField(initial=value, min_value=0, **common)
    if isinstance(value, tuple):
        numbers = all(isinstance(one, int) for one in value) and name.startswith("remind")
        shown = ", ".join(map(str, value))
        if numbers:
            return forms.RegexField(r"^[\d, ]*$", initial=shown, required=False, **common)
        return forms.CharField(initial=shown, required=False, **common)
    return forms.CharField(initial=value, required=False, **common)


def _read(given: Any, before: Any) -> Any:
    """A field's value in the type that the policy has."""
    if not isinstance(before, tuple):
        return given
    parts = [part.strip() for part in str(given).split(",") if part.strip()]
    numbers = bool(before) and all(isinstance(one, int) for one in before)
    return tuple(int(part) for part in parts) if numbers else tuple(parts)


@staff("org.policy")
def business(request: StaffRequest, by: Actor) -> HttpResponse:
    """The company's choices; what changes goes to the audit, with both values."""
    entity = request.entity
    policies = [chosen(kind, entity.pk) for kind, _, _ in _GROUPS]
    form = PolicyForm(policies, request.POST or None, initial=drafts.take(request))
    if request.method == "POST" and form.is_valid():
        for policy in form.changed():
            choose(entity_id=entity.pk, choices=policy, by=by)
        messages.info(request, "Kept. They hold from the next judgement on.")
        return redirect("/settings/business")
    groups = [
        {"title": title, "text": text,
         "fields": [form[_name(policy, one.name)] for one in fields(policy)]}
        for (_, title, text), policy in zip(_GROUPS, policies, strict=True)
    ]  # fmt: skip
    facts = [
        ("Name", entity.name), ("Legal name", entity.legal_name), ("Tax number", entity.tax_number),
        ("Country", entity.country), ("Currency", entity.currency), ("Time zone", entity.zone),
        ("Phone", entity.phone),
    ]  # fmt: skip
    context = {"form": form, "groups": groups, "facts": facts, "action": "/settings/business"}
    status = 422 if request.method == "POST" else 200
    return render(request, "console/settings.html", context, status=status)
