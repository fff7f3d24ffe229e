"""What customers type: forms that come back filled, with the fault beside the field."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from waya.kernel import money, phone
from waya.kernel.errors import Refused
from waya.org.words import words

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

# Beside which field a refusal stands; others stand above the form.
FIELDS = {
    "phone_unreadable": "phone",
    "amount_out_of_range": "amount",
    "name_missing": "name",
    "code_wrong": "code",
    "account_unknown": "account_number",
}


class Typed(forms.Form):
    """A form whose refusals speak the house's words."""

    use_required_attribute = False

    def refuse(self, refusal: Refused) -> None:
        """Put a command's refusal where it belongs."""
        field = FIELDS.get(refusal.code)
        self.add_error(field if field in self.fields else None, words(refusal))


def _phone(label: _StrPromise, help_text: _StrPromise | str = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=help_text,
        max_length=30,
        error_messages={"required": _("The phone number is missing.")},
        widget=forms.TextInput(
            attrs={"inputmode": "tel", "type": "tel", "autocomplete": "tel", "class": "in tab"}
        ),
    )


def as_typed(number: str) -> str:
    """A phone (E.164) as people write it: `0700 000 418`."""
    digits = "".join(filter(str.isdigit, phone.national(number)))
    return f"{digits[:-6]} {digits[-6:-3]} {digits[-3:]}"


class JoinForm(Typed):
    """About the new customer."""

    name = forms.CharField(
        label=_("Your name"),
        max_length=120,
        error_messages={"required": _("Say whose account it will be.")},
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    phone = _phone(_("M-PESA phone"), _("The prompt and your account number come here."))
    place = forms.CharField(
        label=_("Where is the house?"),
        max_length=120,
        help_text=_("As you would say it to a driver: estate, gate, landmark."),
        error_messages={"required": _("Say where, so that we find you.")},
        widget=forms.TextInput(attrs={"autocomplete": "street-address"}),
    )
    agree = forms.BooleanField(
        error_messages={"required": _("We need your yes before we keep these.")}
    )


class PhoneForm(Typed):
    """Who wants to sign in."""

    phone = _phone(_("Your phone number"))


class CodeForm(Typed):
    """The six digits."""

    code = forms.CharField(
        label=_("The code"),
        max_length=12,
        error_messages={"required": _("The code is missing.")},
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "class": "in code"}
        ),
    )


class PayForm(Typed):
    """From which phone, and how much."""

    phone = _phone(_("M-PESA phone"), _("The prompt comes here."))
    amount = forms.CharField(
        label=_("Amount in shillings"),
        max_length=12,
        error_messages={"required": _("Say how much.")},
        widget=forms.TextInput(attrs={"inputmode": "numeric", "class": "in tab"}),
    )

    def clean_amount(self) -> money.Money:
        """Whole shillings, because M-PESA moves no cents."""
        try:
            amount = money.parse(self.cleaned_data["amount"], "KES")
        except ValueError:
            amount = money.Money(0, "KES")
        if amount.minor <= 0 or amount.minor % 100:
            raise forms.ValidationError(gettext("An amount is whole shillings, such as 2,500."))
        return amount


class AccountForm(Typed):
    """Pay for an account without signing in."""

    account_number = forms.CharField(
        label=_("Account number"),
        max_length=20,
        error_messages={"required": _("The account number is missing.")},
        widget=forms.TextInput(attrs={"inputmode": "numeric", "class": "in tab"}),
    )
    phone = _phone(_("M-PESA phone"), _("The prompt comes here."))
