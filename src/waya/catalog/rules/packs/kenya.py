"""Kenya: excise on telephone and internet data services, then VAT on the sum of both.

Labour and goods carry VAT alone. Excise is due on the charge excluding VAT (Excise Duty Act
s.9(4)-(5)); VAT on the consideration with all duties but itself (VAT Act s.13). The Finance Act
2023 was voided by the Court of Appeal on 2024-07-31, stayed, and upheld by the Supreme Court on
2024-10-29: its 15 % was charged throughout.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from waya.catalog.rules.packs.rows import Row, Worked, WorkedLine
from waya.catalog.rules.rates import Kind

_EXCISE = "Excise Duty Act 2015, First Schedule, Part II"
_VAT = "VAT Act 2013, section 5"


def _excise(tax_class: str, percent: str, since: date, end: date | None, act: str) -> Row:
    return Row(
        jurisdiction="KE", tax="excise", name="Excise duty", kind=Kind.EXCISE,
        tax_class=tax_class, rate_percent=Decimal(percent), valid_from=since, end=end,
        law=f"{_EXCISE} ({act})",
    )  # fmt: skip


def _vat(tax_class: str, percent: str, since: date, end: date | None, law: str = _VAT) -> Row:
    return Row(
        jurisdiction="KE", tax="vat", name="VAT", kind=Kind.VAT, tax_class=tax_class,
        sequence=2, rate_percent=Decimal(percent), on=("excise",), valid_from=since, end=end,
        law=law,
    )  # fmt: skip


def _withheld(tax_class: str) -> Row:
    return Row(
        jurisdiction="KE", tax="withholding_vat", name="Withholding VAT", kind=Kind.WITHHOLDING,
        tax_class=tax_class, sequence=9, rate_percent=Decimal(2), on=("excise",),
        customer_class="withholding_agent", valid_from=date(2019, 11, 7),
        law="Tax Procedures Act 2015, section 42A (Finance Act 2019)",
    )  # fmt: skip


_CLASSES = ("internet", "voice", "labour", "goods")
_CUT = "Legal Notice 35 of 2020"

ROWS = (
    _excise("voice", "10", date(2015, 12, 1), date(2018, 9, 21), "2015"),
    *(
        row
        for one in ("internet", "voice")
        for row in (
            _excise(one, "15", date(2018, 9, 21), date(2021, 7, 1), "Finance Act 2018"),
            _excise(one, "20", date(2021, 7, 1), date(2023, 7, 1), "Finance Act 2021"),
            _excise(one, "15", date(2023, 7, 1), None, "Finance Act 2023"),
        )
    ),
    *(
        row
        for one in _CLASSES
        for row in (
            _vat(one, "16", date(2013, 9, 2), date(2020, 4, 1)),
            _vat(one, "14", date(2020, 4, 1), date(2021, 1, 1), f"{_VAT}; {_CUT}"),
            _vat(one, "16", date(2021, 1, 1), None),
        )
    ),
    *(_withheld(one) for one in _CLASSES),
)

_JUNE = date(2027, 6, 1)


def _internet(name: str, minor: int, excise: int, vat: int, day: date = _JUNE) -> Worked:
    line = WorkedLine("internet", minor, {"excise": excise, "vat": vat})
    return Worked(
        name=name, place="KE", day=day, currency="KES", lines=(line,),
        total_minor=minor + excise + vat,
    )  # fmt: skip


def _inside(minor: int, excise: int, vat: int) -> Worked:
    line = WorkedLine("internet", minor, {"excise": excise, "vat": vat})
    return Worked(
        name=f"inclusive {minor}", place="KE", day=_JUNE, currency="KES", lines=(line,),
        total_minor=minor, inclusive=True,
    )  # fmt: skip


WORKED = (
    _internet("list 1,000", 1000_00, 150_00, 184_00),
    _internet("list 2,999", 2999_00, 449_85, 551_82),
    _internet("1,000 at 20 % excise", 1000_00, 200_00, 192_00, date(2022, 6, 1)),
    _internet("the last day of 20 %", 1000_00, 200_00, 192_00, date(2023, 6, 30)),
    _internet("the first day of 15 %", 1000_00, 150_00, 184_00, date(2023, 7, 1)),
    _internet("VAT cut in 2020", 1000_00, 150_00, 161_00, date(2020, 6, 1)),
    _inside(2500_00, 281_11, 344_83),
    _inside(1500_00, 168_67, 206_90),
    _inside(50_00, 5_62, 6_90),
    _inside(20_00, 2_25, 2_76),
    _inside(10_00, 1_12, 1_38),
    Worked(
        name="corporate 50,000 of a withholding agent", place="KE", day=_JUNE, currency="KES",
        lines=(WorkedLine("internet", 50_000_00, {"excise": 7_500_00, "vat": 9_200_00}),),
        total_minor=66_700_00, customer_class="withholding_agent", withheld_minor=1_150_00,
    ),
    Worked(
        name="internet and a router", place="KE", day=_JUNE, currency="KES",
        lines=(
            WorkedLine("internet", 2000_00, {"excise": 300_00, "vat": 368_00}),
            WorkedLine("goods", 3000_00, {"vat": 480_00}),
        ),
        total_minor=6148_00,
    ),
)  # fmt: skip
