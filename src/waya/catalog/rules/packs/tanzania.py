"""Tanzania: excise on electronic communication services, then VAT on the sum."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from waya.catalog.rules.packs.rows import Row, Worked, WorkedLine
from waya.catalog.rules.rates import Kind


def _excise(tax_class: str) -> Row:
    return Row(
        jurisdiction="TZ", tax="excise", name="Excise duty", kind=Kind.EXCISE,
        tax_class=tax_class, rate_percent=Decimal(17), valid_from=date(2014, 7, 1),
        law="Excise (Management and Tariff) Act, Cap. 147, Fourth Schedule",
    )  # fmt: skip


def _vat(tax_class: str) -> Row:
    return Row(
        jurisdiction="TZ", tax="vat", name="VAT", kind=Kind.VAT, tax_class=tax_class,
        sequence=2, rate_percent=Decimal(18), on=("excise",), valid_from=date(2015, 7, 1),
        law="Value Added Tax Act 2014, section 5",
    )  # fmt: skip


ROWS = (
    _excise("internet"),
    _excise("voice"),
    *(_vat(one) for one in ("internet", "voice", "labour", "goods")),
)

WORKED = (
    Worked(
        name="100,000 of data", place="TZ", day=date(2026, 3, 1), currency="TZS",
        lines=(WorkedLine("internet", 100_000_00, {"excise": 17_000_00, "vat": 21_060_00}),),
        total_minor=138_060_00,
    ),
)  # fmt: skip
