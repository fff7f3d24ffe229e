"""Fields that read what people type: money, and the account it is for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django import forms

from waya.kernel.errors import Refused
from waya.kernel.money import Money, parse
from waya.org.words import words


@contextmanager
def refused_on(form: forms.BaseForm) -> Iterator[None]:
    """Do what a form wishes; what is refused stands on the form in words, to be shown again."""
    try:
        yield
    except Refused as refusal:
        form.add_error(None, words(refusal))


class MoneyField(forms.CharField):
    """An amount in the company's currency, above zero: `2,500` or `633.34`.

    Cleans to `Money`, or None when it is optional and empty.
    """

    def __init__(self, currency: str = "KES", **options: Any) -> None:
        self.currency = currency
        options.setdefault("max_length", 20)
        options.setdefault(
            "widget", forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
        )
        super().__init__(**options)

    def clean(self, value: Any) -> Any:
        """Refuse what is no amount, in words."""
        typed = super().clean(value)
        if not typed:
            return None
        try:
            money = parse(typed.upper().removeprefix(self.currency), self.currency)
        except ValueError as error:
            raise forms.ValidationError("Write an amount such as 2,500.") from error
        if money.minor <= 0:
            raise forms.ValidationError("The amount is above zero.")
        return money

    def prepare_value(self, value: Any) -> Any:
        """Show a sum as people type it."""
        return value.plain() if isinstance(value, Money) else value
