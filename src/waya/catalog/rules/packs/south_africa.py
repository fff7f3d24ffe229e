"""South Africa: VAT. 15.5 % was announced for May 2025 and withdrawn before it began."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from waya.catalog.rules.packs.rows import Row, Worked, WorkedLine
from waya.catalog.rules.rates import Kind, Status

_ACT = "Value-Added Tax Act 89 of 1991, section 7"
_ANNOUNCED, _WITHDRAWN, _WAS_TO_BEGIN = date(2025, 3, 12), date(2025, 4, 24), date(2025, 5, 1)


def _vat(
    tax_class: str, percent: str, since: date, end: date | None = None, *,
    told_on: date | None = None, status: Status = Status.ENACTED, law: str = _ACT,
) -> Row:  # fmt: skip
    return Row(
        jurisdiction="ZA", tax="vat", name="VAT", kind=Kind.VAT, tax_class=tax_class,
        rate_percent=Decimal(percent), valid_from=since, end=end, told_on=told_on, status=status,
        law=law,
    )  # fmt: skip


ROWS = tuple(
    row
    for one in ("internet", "voice", "labour", "goods")
    for row in (
        _vat(one, "14", date(1993, 4, 7), date(2018, 4, 1)),
        _vat(one, "15", date(2018, 4, 1)),
        _vat(one, "15.5", _WAS_TO_BEGIN, told_on=_ANNOUNCED, law=f"{_ACT} (Budget 2025)"),
        _vat(one, "15.5", _WAS_TO_BEGIN, told_on=_WITHDRAWN, status=Status.REPEALED,
             law="Withdrawn by the Minister of Finance on 24 April 2025"),
    )
)  # fmt: skip


def _worked(name: str, day: date, vat: int, known_on: date | None = None) -> Worked:
    return Worked(
        name=name, place="ZA", day=day, currency="ZAR",
        lines=(WorkedLine("internet", 1000_00, {"vat": vat}),), total_minor=1000_00 + vat,
        known_on=known_on,
    )  # fmt: skip


WORKED = (
    _worked("14 % until 2018", date(2018, 3, 31), 140_00),
    _worked("15 %", date(2025, 4, 30), 150_00),
    _worked("as announced, before it was withdrawn", date(2025, 5, 2), 155_00, date(2025, 4, 1)),
    _worked("the rate that never began", date(2025, 5, 2), 150_00),
)
