"""The words of a document's lines in the customer's language.

A line keeps its words in English from the day it was issued; what a company named itself (a plan,
a charge) stays as it is, and the words that are ours are read in the language of the reader.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils import translation
from django.utils.dateformat import format as formatted
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_noop as _

from waya.billing.models import ProForma
from waya.kernel.money import Money
from waya.kernel.periods import Period

_MONTHS = {date(2000, month, 1).strftime("%b"): month for month in range(1, 13)}
_DAY = re.compile(rf"\b(\d{{1,2}}) ({'|'.join(_MONTHS)})\b")
_LENGTH = re.compile(r"(?:(\d+) hours?)? ?(?:(\d+) minutes?)?")
_WORDS = {
    "once": _("once"),
    "minimum": _("minimum"),
    "deposit": _("deposit"),
    "installation": _("installation"),
    "Deposit": _("Deposit"),
    "Late fee": _("Late fee"),
    "Discount": _("Discount"),
}
_TAXES = {"Excise duty": _("Excise duty"), "VAT": _("VAT")}


def said(description: str) -> str:
    """The words of a line as they are read: `Static IP, once` is `Static IP, mara moja`."""
    if _english():
        return description
    parts = [_part(part) for part in description.split(", ")]
    return _DAY.sub(_day, ", ".join(parts))


@dataclass(frozen=True, slots=True)
class AskedLine:
    """A line of a pro forma: what it is for, its sum with taxes, and why; None for one that was
    asked for before reasons were kept."""

    words: str
    amount: Money
    why: dict[str, Any] | None


def asked_lines(row: ProForma) -> list[AskedLine]:
    """What is asked for one service, line by line."""
    told = [
        AskedLine(said(one["description"]), Money(one["gross_minor"], row.currency), one["why"])
        for one in row.why.get("lines", ())
        if one["description"]
    ]
    words = f"{row.subscription.plan.name}, {days_said(Period(row.start, row.end))}"
    return told or [AskedLine(words, Money(row.total_minor, row.currency), None)]


def days_said(period: Period) -> str:
    """As people say it: paid until the last one begins."""
    start = formatted(period.start, "j M" if period.start.year == period.end.year else "j M Y")
    return f"{start} – {formatted(period.end, 'j M Y')}"


def tax_name(name: str) -> str:
    """A tax as people call it; of a law that nobody translated, as it was kept."""
    return gettext(_TAXES[name]) if name in _TAXES else name


def length_said(seconds: int) -> str:
    """So many hours and minutes in words."""
    hours, minutes = divmod(seconds // 60, 60)
    told = []
    if hours:
        told.append(ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours})
    if minutes:
        words = ngettext("%(count)d minute", "%(count)d minutes", minutes)
        told.append(words % {"count": minutes})
    return " ".join(told)


def _english() -> bool:
    return (translation.get_language() or "en").partition("-")[0] == "en"


def _part(part: str) -> str:
    if part in _WORDS:
        return gettext(_WORDS[part])
    if part.startswith("Discount "):
        return f"{gettext(_WORDS['Discount'])} {part.removeprefix('Discount ')}"
    length = _LENGTH.fullmatch(part)
    if length and any(length.groups()):
        hours, minutes = (int(found or 0) for found in length.groups())
        return length_said((hours * 60 + minutes) * 60)
    return part


def _day(found: re.Match[str]) -> str:
    return f"{found[1]} {formatted(date(2000, _MONTHS[found[2]], 1), 'M')}"
