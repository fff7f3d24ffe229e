"""Nigeria: VAT alone. The telecom excise of 5 % was suspended in 2023 and abolished in 2025."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from waya.catalog.rules.packs.rows import Row, Worked, WorkedLine
from waya.catalog.rules.rates import Kind, Status

_ORDER = "Customs, Excise Tariff, etc. (Variation) Amendment Order 2023"


def _excise(tax_class: str, status: Status, told_on: date, law: str) -> Row:
    return Row(
        jurisdiction="NG", tax="excise", name="Excise duty", kind=Kind.EXCISE,
        tax_class=tax_class, rate_percent=Decimal(5), valid_from=date(2023, 5, 1), status=status,
        told_on=told_on, law=law,
    )  # fmt: skip


def _vat(tax_class: str, percent: str, since: date, end: date | None, law: str) -> Row:
    return Row(
        jurisdiction="NG", tax="vat", name="VAT", kind=Kind.VAT, tax_class=tax_class,
        sequence=2, rate_percent=Decimal(percent), on=("excise",), valid_from=since, end=end,
        law=law,
    )  # fmt: skip


_ACT = "Value Added Tax Act, Cap. V1, section 4"

ROWS = (
    *(
        row
        for one in ("internet", "voice")
        for row in (
            _excise(one, Status.ENACTED, date(2023, 4, 20), "Fiscal Policy Measures 2023"),
            _excise(one, Status.SUSPENDED, date(2023, 7, 6), f"Suspended: {_ORDER}"),
            _excise(one, Status.REPEALED, date(2025, 8, 1), "Abolished, August 2025"),
        )
    ),
    *(
        row
        for one in ("internet", "voice", "labour", "goods")
        for row in (
            _vat(one, "5", date(1994, 1, 1), date(2020, 2, 1), _ACT),
            _vat(one, "7.5", date(2020, 2, 1), date(2026, 1, 1), f"{_ACT} (Finance Act 2019)"),
            _vat(one, "7.5", date(2026, 1, 1), None, "Nigeria Tax Act 2025"),
        )
    ),
)


def _worked(
    name: str, day: date, vat: int, known_on: date | None = None, excise: int = 0
) -> Worked:
    taxes = {"excise": excise, "vat": vat} if excise else {"vat": vat}
    return Worked(
        name=name, place="NG", day=day, currency="NGN",
        lines=(WorkedLine("internet", 10_000_00, taxes),), total_minor=10_000_00 + excise + vat,
        known_on=known_on,
    )  # fmt: skip


WORKED = (
    _worked("VAT alone", date(2026, 3, 1), 750_00),
    _worked("the suspended excise is not charged", date(2023, 6, 1), 750_00),
    _worked("as it stood before the suspension", date(2023, 6, 1), 787_50,
            date(2023, 6, 1), 500_00),
    _worked("VAT of 5 %", date(2019, 6, 1), 500_00),
)  # fmt: skip
