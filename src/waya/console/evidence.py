"""Suggestions in words: who the money could belong to, what speaks for it and against it."""

from __future__ import annotations

from typing import Any

from django import forms

from waya.console.pieces import Confirm, Then
from waya.kernel import ids
from waya.kernel.money import Money
from waya.payments.models import Payment
from waya.payments.rules.matching import Evidence, Likelihood, normalise
from waya.reports.queries.suspense import Suggested

_FOR = {
    "account_exact": "The account number is exactly this one",
    "alias_exact": "The username is exactly this one",
    "phone_typed": "Their phone was typed as the account",
    "digits_swapped": "Two digits changed place: %(slip)s",
    "digit_wrong": "One digit is wrong: %(slip)s",
    "digit_missing": "One digit is missing: %(slip)s",
    "digit_extra": "One digit too many: %(slip)s",
    "account_close": "The account number is close: %(slip)s",
    "phone_fits": "The payer's phone is theirs",
    "paid_before": "This phone has paid for them before",
    "phone_end_fits": "The end of the phone fits",
    "name_fits": "The payer's name is theirs",
    "name_typed": "Their name was typed as the account",
    "first_name_fits": "One name fits",
    "amount_owed": "It is exactly what they have to pay",
    "amount_usual": "It is what they usually pay",
}
_AGAINST = {
    "typed_number_valid": "The typed number has no slip in it",
    "phone_differs": "The payer's phone is not theirs",
    "name_differs": "The payer has another name",
    "ended": "Their service has ended",
    "owes_nothing": "Owes nothing now: it would become credit",
    "amount_differs": "They usually pay %(usual)s",
}


class SomeoneForm(forms.Form):
    """Whose it is, by account number, phone or username."""

    account_number = forms.CharField(
        label="Account number or phone",
        max_length=40,
        help_text="Find the customer first if you know only a name: press / and type it.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


def verdict(found: list[Suggested]) -> dict[str, str]:
    """What the queue says about a payment at a glance."""
    likely = [one for one in found if one.candidate.likelihood == Likelihood.VERY_LIKELY]
    if len(likely) == 1:
        return {"match": "one clear match", "tone": "ok"}
    if found:
        many = len(found)
        return {"match": f"{many} candidate{'s' if many > 1 else ''}", "tone": "warn"}
    return {"match": "nobody close", "tone": "off"}


def doubt(typed: str) -> str | None:
    """Why what was typed is nobody's number."""
    number = normalise(typed)
    if not number:
        return None
    if not number.isdigit():
        return "this is no account number"
    if len(number) == 7 and not ids.check_digit_ok(number):
        return "its check digit fails, so it is a slip and nobody's number"
    return "nobody has this number"


def candidate(one: Suggested, typed: str, amount: Money, action: str) -> dict[str, Any]:
    """A candidate with the evidence in words, and what matching would do."""
    likely = one.candidate.likelihood == Likelihood.VERY_LIKELY
    account = one.candidate.account_number
    shown = ids.in_threes(account)
    slip = f"{typed} is {account}"
    does = f"Credit {amount} to {shown}" if likely else f"Match to {shown}"
    return {
        "name": one.name,
        "account": account,
        "url": f"/customers/{account}",
        "likely": "Very likely" if likely else "Possible",
        "tone": "ok" if likely else "off",
        "evidence": [
            *[{"for": True, "text": _words(_FOR, each, amount, slip)}
              for each in one.candidate.evidence_for],
            *[{"for": False, "text": _words(_AGAINST, each, amount, slip)}
              for each in one.candidate.evidence_against],
        ],
        "verb": does,
        "action": action,
    }  # fmt: skip


def _words(known: dict[str, str], one: Evidence, amount: Money, slip: str) -> str:
    usual = Money(int(one.detail), amount.currency) if one.detail.isdigit() else one.detail
    said = known.get(one.code, one.code.replace("_", " "))
    return said % {"slip": slip, "usual": str(usual)}


def someone_else(payment: Payment, typed: str = "", refused: str = "") -> dict[str, Any]:
    """The dialog that matches a payment to somebody nobody suggested."""
    form = SomeoneForm({"account_number": typed}) if refused else SomeoneForm()
    if refused:
        form.is_valid()
        form.add_error("account_number" if "number" in refused else None, refused)
    amount = Money(payment.amount_minor, payment.currency)
    confirm = Confirm(
        title="Whose money is it?",
        text=f"{amount}, {payment.transaction}, from {payment.payer_name or 'an unknown payer'}.",
        action=f"/payments/{payment.receipt_number}/match",
        verb=f"Match {amount}",
        back=f"/payments?state=suspense&chosen={payment.receipt_number}",
        form=form,
        then=[
            Then("arrows-left-right", "It moves from suspense to the customer, by a second entry"),
            Then("file-check", "Oldest invoices first, then the renewal; the rest is credit"),
            Then("router", "If they were walled and it covers, the service comes back at once"),
        ],
    )
    return {"confirm": confirm, "crumb": {"url": confirm.back, "words": "Suspense"}}
