"""Fields that stand in rows: exact amounts, counts and names."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from django import forms

from waya.kernel.money import decimals

_MOST = Decimal(10) ** 12
DAY = {"type": "date"}


def redraws(form: str) -> dict[str, str]:
    """The attributes of a choice on which other fields depend: the form is drawn again."""
    return {
        "hx-post": "", "hx-trigger": "change consume", "hx-vals": '{"step": "redraw"}',
        "hx-target": form, "hx-select": form, "hx-swap": "outerHTML",
        "hx-sync": f"{form}:queue all",
    }  # fmt: skip


def day_input() -> forms.DateInput:
    """The browser's own calendar."""
    return forms.DateInput(attrs=DAY, format="%Y-%m-%d")


class DayField(forms.DateField):
    """A day of the calendar that we bill by: from 1970 to 2199."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("widget", day_input())
        super().__init__(**options)

    def clean(self, value: Any) -> Any:
        """Refuse days that no bill reaches, in words."""
        day = super().clean(value)
        if day is not None and not 1970 <= day.year < 2200:
            raise forms.ValidationError("Dates are from 1970 to 2199.")
        return day


class ExactField(forms.CharField):
    """A number from zero up, as people write it: `2,500` or `0.35`; exact, never rounded.

    Cleans to a Fraction, or None when it is optional and empty. With a currency it is an amount
    in major units, and cleans to minor ones.
    """

    def __init__(self, currency: str = "", *, whole: bool = False, **options: Any) -> None:
        self.currency = currency
        self.whole = whole
        options.setdefault("max_length", 30)
        attributes = {"inputmode": "decimal", "autocomplete": "off"}
        options.setdefault("widget", forms.TextInput(attrs=attributes))
        super().__init__(**options)

    def clean(self, value: Any) -> Any:
        """Refuse what is no number, in words."""
        typed = super().clean(value)
        if not typed:
            return None
        bare = typed.upper().removeprefix(self.currency or " ").replace(",", "").strip()
        try:
            number = Decimal(bare)
        except InvalidOperation as error:
            example = "2,500" if self.currency else "100"
            raise forms.ValidationError(f"Write a number such as {example}.") from error
        if not number.is_finite() or not 0 <= number <= _MOST:
            raise forms.ValidationError("It is zero or more.")
        exact = Fraction(number)
        if self.currency:
            exact *= Fraction(10) ** decimals(self.currency)
        if self.whole and exact.denominator != 1:
            what = f"More decimals than {self.currency} has." if self.currency else "Whole numbers."
            raise forms.ValidationError(what)
        return exact


def written(exact: Fraction, currency: str = "") -> str | None:
    """An exact number as people type it; None for one that no decimals write. Minor units of a
    currency are written as major ones."""
    if currency:
        exact /= Fraction(10) ** decimals(currency)
    for places in range(13):
        scaled = exact * 10**places
        if scaled.denominator == 1:
            number = Decimal(scaled.numerator).scaleb(-places)
            return f"{number:,f}"
    return None
