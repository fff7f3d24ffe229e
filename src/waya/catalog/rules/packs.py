"""Tax packs as facts: each rate with its dates and its law."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Pack:
    """A tax on a class of supply, in percent, from a date up to and not including `end`."""

    country: str
    tax: str
    name: str
    tax_class: str
    sequence: int
    percent: str
    valid_from: date
    end: date | None
    law: str


_EXCISE = "Excise Duty Act 2015, First Schedule, Part II"
_VAT = "VAT Act 2013, section 5"

# Kenya: excise on telephone and internet data services, then VAT on the sum of both
# (Excise Duty Act s.9(4)-(5); VAT Act s.13). Labour and goods carry VAT alone.
KENYA = (
    Pack("KE", "excise", "Excise duty", "internet", 1, "15", date(2018, 9, 21), date(2021, 7, 1),
         f"{_EXCISE} (Finance Act 2018)"),
    Pack("KE", "excise", "Excise duty", "internet", 1, "20", date(2021, 7, 1), date(2023, 7, 1),
         f"{_EXCISE} (Finance Act 2021)"),
    Pack("KE", "excise", "Excise duty", "internet", 1, "15", date(2023, 7, 1), None,
         f"{_EXCISE} (Finance Act 2023)"),
    Pack("KE", "vat", "VAT", "internet", 2, "16", date(2021, 1, 1), None, _VAT),
    Pack("KE", "vat", "VAT", "labour", 2, "16", date(2021, 1, 1), None, _VAT),
    Pack("KE", "vat", "VAT", "goods", 2, "16", date(2021, 1, 1), None, _VAT),
)  # fmt: skip

PACKS = KENYA
