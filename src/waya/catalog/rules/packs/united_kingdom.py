"""United Kingdom: VAT, and the domestic reverse charge on wholesale telecommunication."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from waya.catalog.rules.packs.rows import Row, Worked, WorkedLine
from waya.catalog.rules.rates import Kind, Reverse

_ACT = "Value Added Tax Act 1994, section 2"
_ABROAD = "Reverse charge: Value Added Tax Act 1994, section 8"
_WHOLESALE = "Reverse charge: VAT (Section 55A) (Specified Services) Order 2016"


def _rows(tax_class: str, reverse: Reverse, reverse_law: str) -> list[Row]:
    return [
        Row(
            jurisdiction="GB", tax="vat", name="VAT", kind=Kind.VAT, tax_class=tax_class,
            rate_percent=Decimal(percent), valid_from=since, end=end, law=_ACT, reverse=reverse,
            reverse_law=reverse_law,
        )
        for percent, since, end in (
            ("17.5", date(2010, 1, 1), date(2011, 1, 4)),
            ("20", date(2011, 1, 4), None),
        )
    ]  # fmt: skip


ROWS = (
    *(
        row
        for one in ("internet", "voice", "labour", "goods")
        for row in _rows(one, Reverse.ABROAD, _ABROAD)
    ),
    *_rows("wholesale", Reverse.BUSINESS, _WHOLESALE),
)


def _worked(name: str, tax_class: str, vat: int, number: str = "") -> Worked:
    return Worked(
        name=name, place="GB", day=date(2026, 3, 1), currency="GBP",
        lines=(WorkedLine(tax_class, 50_00, {"vat": vat}),), total_minor=50_00 + vat,
        seller="GB", tax_number=number,
    )  # fmt: skip


WORKED = (
    _worked("broadband of 50", "internet", 10_00),
    _worked("broadband of a business", "internet", 10_00, "GB123456789"),
    _worked("wholesale airtime between carriers", "wholesale", 0, "GB123456789"),
)
