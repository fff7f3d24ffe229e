"""Settings: the company as documents show it, and the choices it made."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from waya.billing.policy import (
    AllowancePolicy,
    BillingPolicy,
    BoundsPolicy,
    DunningPolicy,
    HoursPolicy,
    PromisePolicy,
    RecognitionPolicy,
    RenewalPolicy,
    SparingPolicy,
    WriteOffPolicy,
)
from waya.console import drafts
from waya.console.forms import MoneyField
from waya.console.staff import StaffRequest, staff
from waya.kernel.money import Money
from waya.network.policy import NetworkPolicy
from waya.org.actors import Actor
from waya.org.commands.policies import choose
from waya.org.policy import Choices, chosen
from waya.payments.policy import BrakePolicy, PaymentPolicy

# Each policy with its words, and the words of its fields.
_GROUPS: tuple[tuple[type[Any], str, str], ...] = (
    (DunningPolicy, "When somebody is behind", "Reminders, grace and what may stay unpaid."),
    (PromisePolicy, "Promises to pay", "Who may promise, how much, and what it is good for."),
    (SparingPolicy, "Who is spared", "Holidays and routers that are away."),
    (WriteOffPolicy, "Write-offs", "What may be given up without asking somebody else."),
    (AllowancePolicy, "Expected losses", "What part of unpaid invoices is not expected to come."),
    (BillingPolicy, "How bills are worked out", "Parts of periods, changes, and what is left."),
    (RecognitionPolicy, "Revenue billed in advance", "When it is earned."),
    (RenewalPolicy, "Renewals", "When they are asked for, and what a late payment does."),
    (HoursPolicy, "Plans by the hour", "What is said when paid hours are over."),
    (BoundsPolicy, "A night of billing", "Which night's run waits for a person."),
    (BrakePolicy, "The brake", "Which cut-offs wait for a person, and for money in flight."),
    (PaymentPolicy, "Payments", "How long we wait for M-PESA, and how often a phone rings."),
    (NetworkPolicy, "Routers", "How often they are read, and what the walled may reach."),
)
# What each choice is called, and what helps to make it.
_WORDS: dict[str, tuple[str, str]] = {
    "grace_days": ("Days of grace after an invoice's due day", ""),
    "prepaid_grace_days": ("Days of grace after a prepaid period", ""),
    "remind_days_before": ("Remind, days before", "Several with commas; the due day is 0."),
    "remind_days_after": ("Remind, days after", "Several with commas."),
    "tolerance_minor": ("May stay unpaid", "This much is let be, without anything happening."),
    "one_time_walls": ("Wall for invoices of no subscription", "Work, equipment and late fees."),
    "most_days": ("A promise is good for, days", ""),
    "least_percent": ("Of at least, % of what is to be paid", ""),
    "broken_at_most": ("Promises broken before no other is taken: at most", ""),
    "within_days": ("Counted within, days", ""),
    "restores": ("A promise brings back whoever is walled", ""),
    "yearly": ("Holidays each year beside the country's", "As 07-04, with commas."),
    "dates": ("Holidays by date", "As 2027-03-26, with commas: Easter, Idd."),
    "outage_minutes": ("A router spares its customers after, minutes away", ""),
    "limit_minor": ("Written off without asking: at most", ""),
    "recovers": ("What is left over pays what was written off", "Otherwise it is their credit."),
    "not_due_percent": ("Of what is not due yet, %", "All 0: losses are booked when given up."),
    "to_30_percent": ("Of what is 1–30 days past due, %", ""),
    "to_60_percent": ("31–60 days past due, %", ""),
    "to_90_percent": ("61–90 days past due, %", ""),
    "over_90_percent": ("More than 90 days past due, %", ""),
    "ask_days_before": ("Ask for a renewal, days before", ""),
    "basis": ("A part of a period is charged", ""),
    "month_days": ("Months of, days", "Where parts are charged by months of so many days."),
    "inclusion": ("The day on which something ends", ""),
    "rounding": ("A part of a cent", ""),
    "upgrade": ("A dearer plan begins", ""),
    "downgrade": ("A cheaper plan begins", ""),
    "change_credit": ("Give back unused days when a plan changes", ""),
    "cancel_credit": ("Give back unused days when a service ends", ""),
    "pause": ("A pause", ""),
    "leftover": ("What is left over when a plan changes becomes",
                 "Data: so much of what the new plan meters; one that meters nothing is refused."),
    "one_bill": ("Put what a customer owes on a day on one bill", ""),
    "minimum_minor": ("An invoice waits until it comes to", ""),
    "zero_invoices": ("Issue invoices of nothing", ""),
    "most_lines": ("Waits for a person: more lines of one service than", ""),
    "one_pro_forma": ("Money that does not reach for all on a pro forma pays", ""),
    "credit": ("Credit that comes of a change or a credit note pays", ""),
    "align": ("A further service of a customer renews",
              "With their others, its first period is a part; it may be chosen when it is added."),
    "bundle_part": ("A bundle that loses a part", ""),
    "exempt_keeps": ("Whoever is exempt from a tax pays",
                     "Of plans whose price has the tax inside."),
    "spread": ("Each period is earned", "The books follow with the next month that is recognised."),
    "late": ("A renewal that is paid late", ""),
    "say_over": ("Send an SMS when paid hours are over", "Nobody is reminded before."),
    "due_days": ("An invoice is due after, days", ""),
    "most_minor": ("Bill in one night without asking: at most", "Empty: no bound."),
    "change_percent": ("Or at most, % more than a month before", "0: whatever."),
    "few": ("A night of no more than so many is not compared", ""),
    "one_most_minor": ("Bill one service without asking: at most",
                       "Who is beyond it waits in Billing; everybody else is billed."),
    "one_percent": ("Or at most, % more than its last bill", "0: whatever."),
    "customers": ("Cut off without asking: at most, on one router", "And no more than the next."),
    "percent": ("Or at most, % of a router's customers", ""),
    "night": ("Cut off in one night without asking: at most", ""),
    "prompt_minutes": ("A prompt counts as money on its way for, minutes", ""),
    "paid_prompt_hours": ("One that was said to be paid, for hours", ""),
    "silent_hours": ("Ask M-PESA what is wrong after silence of, hours", ""),
    "join_minutes": ("A call-back waits for its prompt, minutes", ""),
    "prompt_again_seconds": ("Ask a phone again after, seconds", ""),
    "prompt_same_amount_seconds": ("For the same sum after, seconds", "M-PESA allows 120."),
    "prompt_silent_seconds": ("Ask about a silent prompt after, seconds", ""),
    "validation_rejects_unknown": ("Refuse wrong account numbers while they are typed",
                                   "Otherwise the money is taken, and stands in suspense."),
    "tell_refused_prompts": ("Send an SMS when a prompt is not paid", ""),
    "sweep_every_seconds": ("Read a router back whole every, seconds", ""),
    "poll_every_seconds": ("Look who is online every, seconds", ""),
    "remove_at_most": ("Remove without asking: at most, on one router", ""),
    "open_to_walled": ("Open to the walled", "Addresses, ranges and names, with commas."),
}  # fmt: skip
_WHEN = [("at_once", "At once"), ("term_end", "When the term ends")]
_CHOICES = {
    "late": [("restart", "Its period begins when it is paid"),
             ("keep", "Its period stays as it was")],
    "basis": [("actual", "By the days of the period"), ("fixed", "By months of so many days"),
              ("30/360", "30/360"), ("actual/360", "Days by 360"), ("actual/365", "Days by 365"),
              ("by_month", "Each month by its days"), ("none", "As a whole"), ("free", "Free")],
    "inclusion": [("half_open", "The last day is free"), ("charge_first_day", "At least a day"),
                  ("charge_last_day", "The last day counts")],
    "rounding": [("half_up", "Halves up"), ("half_even", "Halves to even"), ("up", "Up"),
                 ("down", "Down")],
    "upgrade": _WHEN,
    "downgrade": _WHEN,
    "pause": [("credit", "Unused days are given back"), ("no_credit", "Unused days pass"),
              ("charge", "It is charged on")],
    "leftover": [("money", "Money: a credit"), ("time", "Time of the new plan"),
                 ("data", "Data of the new plan")],
    "one_pro_forma": [("whole", "All of them, or none"), ("each", "The oldest first")],
    "credit": [("at_once", "At once"), ("next_payment", "With the next payment")],
    "align": [("own", "On a day of its own"), ("customer", "With their others")],
    "bundle_part": [("standalone", "The rest at its own prices"), ("whole", "All of it ends"),
                    ("refuse", "It is refused")],
    "exempt_keeps": [("net", "The price without the tax"), ("gross", "The whole price")],
    "spread": [("day", "Every day alike"), ("month", "Every month alike")],
}  # fmt: skip


class PolicyForm(forms.Form):
    """Every choice of every policy, as fields named `policy:choice`."""

    def __init__(self, policies: list[Any], currency: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.policies = policies
        for policy in policies:
            for one in fields(policy):
                name = _name(policy, one.name)
                self.fields[name] = _field(one.name, getattr(policy, one.name), currency)

    def changed(self) -> list[Any]:
        """The policies as they were filled in."""
        return [
            replace(
                policy,
                **{
                    one.name: _read(
                        one.name,
                        self.cleaned_data[_name(policy, one.name)],
                        getattr(policy, one.name),
                    )
                    for one in fields(policy)
                },
            )
            for policy in self.policies
        ]  # fmt: skip


def _name(policy: Choices, field: str) -> str:
    return f"{policy.policy_name}:{field}"


def _field(name: str, value: Any, currency: str) -> forms.Field:
    """The field that fits a choice's type."""
    label, help_text = _WORDS.get(name, (name.replace("_", " ").capitalize(), ""))
    common: dict[str, Any] = {"label": label, "help_text": help_text, "initial": value}
    if name.endswith("_minor"):
        common |= {"initial": Money(value, currency) if value else "", "required": False}
        return MoneyField(currency, **common | {"label": f"{label}, {currency}"})
    if name in _CHOICES:
        return forms.ChoiceField(choices=_CHOICES[name], **common)
    if isinstance(value, bool):
        choices = [("yes", "Yes"), ("no", "No")]
        return forms.TypedChoiceField(
            choices=choices,
            coerce=lambda chosen: chosen == "yes",
            **common | {"initial": "yes" if value else "no"},
        )
    if isinstance(value, int):
        return forms.IntegerField(min_value=0, **common)
    if isinstance(value, tuple):
        common["initial"] = ", ".join(map(str, value))
        if name.startswith("remind"):
            return forms.RegexField(r"^[\d, ]*$", required=False, **common)
    return forms.CharField(required=False, **common)


def _read(name: str, given: Any, before: Any) -> Any:
    """A field's value in the type that the policy has."""
    if name.endswith("_minor"):
        return given.minor if given else 0
    if not isinstance(before, tuple):
        return given
    parts = [part.strip() for part in str(given).split(",") if part.strip()]
    return tuple(map(int, parts)) if name.startswith("remind") else tuple(parts)


@staff("org.policy")
def business(request: StaffRequest, by: Actor) -> HttpResponse:
    """The company's choices; what changes goes to the audit, with both values."""
    entity = request.entity
    policies = [chosen(kind, entity.pk) for kind, _, _ in _GROUPS]
    form = PolicyForm(policies, entity.currency, request.POST or None, initial=drafts.take(request))
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
        ("Phone", entity.phone), ("Address", entity.address),
    ]  # fmt: skip
    context = {"form": form, "groups": groups, "facts": facts, "action": "/settings/business"}
    status = 422 if request.method == "POST" else 200
    return render(request, "console/settings.html", context, status=status)
