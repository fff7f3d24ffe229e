"""Uganda: excise on internet data (not for medical or education use) and airtime, then VAT."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from waya.catalog.rules.packs.rows import Row, Worked, WorkedLine
from waya.catalog.rules.rates import Category, Kind

_EXCISE = "Excise Duty Act 2014, Schedule 2 (Excise Duty (Amendment) Act 2021)"
_VAT = "Value Added Tax Act, Cap. 344"


def _excise(percent: str, customer_class: str = "") -> Row:
    return Row(
        jurisdiction="UG", tax="excise", name="Excise duty", kind=Kind.EXCISE,
        tax_class="internet", rate_percent=Decimal(percent), valid_from=date(2021, 7, 1),
        customer_class=customer_class,
        category=Category.EXEMPT if customer_class else Category.STANDARD,
        law=f"{_EXCISE}: not for {customer_class} use" if customer_class else _EXCISE,
    )  # fmt: skip


def _airtime() -> Row:
    return Row(
        jurisdiction="UG", tax="excise", name="Excise duty", kind=Kind.EXCISE,
        tax_class="voice", rate_percent=Decimal(12), valid_from=date(2018, 7, 1),
        law="Excise Duty Act 2014, Schedule 2: airtime (Excise Duty (Amendment) Act 2018)",
    )  # fmt: skip


def _vat(tax_class: str) -> Row:
    return Row(
        jurisdiction="UG", tax="vat", name="VAT", kind=Kind.VAT, tax_class=tax_class,
        sequence=2, rate_percent=Decimal(18), on=("excise",), valid_from=date(2005, 7, 1), law=_VAT,
    )  # fmt: skip


ROWS = (
    _excise("12"),
    _excise("0", "medical"),
    _excise("0", "education"),
    _airtime(),
    *(_vat(one) for one in ("internet", "voice", "labour", "goods")),
)


def _worked(name: str, customer_class: str, excise: int, vat: int) -> Worked:
    return Worked(
        name=name, place="UG", day=date(2026, 3, 1), currency="UGX",
        lines=(WorkedLine("internet", 100_000, {"excise": excise, "vat": vat}),),
        total_minor=100_000 + excise + vat, customer_class=customer_class,
    )  # fmt: skip


WORKED = (
    _worked("100,000 of data", "", 12_000, 20_160),
    _worked("100,000 of data for a school", "education", 0, 18_000),
)
