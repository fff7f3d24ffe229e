"""European Union: VAT where the fixed line lies, and reverse charge across a border.

Telecommunication over a fixed line is supplied where the installation is (Implementing
Regulation 282/2011, article 24b), so the place of a supply is its site's country. A business
with a VAT number that buys from another country accounts for the tax itself.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from waya.catalog.rules.packs.rows import Row, Worked, WorkedLine
from waya.catalog.rules.rates import Kind, Reverse

_DIRECTIVE = "Directive 2006/112/EC"
REVERSE_CHARGE = f"Reverse charge: {_DIRECTIVE}, article 196"

# Standard rates: from a date on, each until the next.
_RATES: dict[str, tuple[tuple[str, date], ...]] = {
    "AT": (("20", date(1984, 1, 1)),),
    "BE": (("21", date(1996, 1, 1)),),
    "BG": (("20", date(1999, 1, 1)),),
    "CY": (("19", date(2014, 1, 13)),),
    "CZ": (("21", date(2013, 1, 1)),),
    "DE": (("19", date(2007, 1, 1)), ("16", date(2020, 7, 1)), ("19", date(2021, 1, 1))),
    "DK": (("25", date(1992, 1, 1)),),
    "EE": (("20", date(2009, 7, 1)), ("22", date(2024, 1, 1)), ("24", date(2025, 7, 1))),
    "ES": (("21", date(2012, 9, 1)),),
    "FI": (("24", date(2013, 1, 1)), ("25.5", date(2024, 9, 1))),
    "FR": (("20", date(2014, 1, 1)),),
    "GR": (("23", date(2010, 7, 1)), ("24", date(2016, 6, 1))),
    "HR": (("25", date(2012, 3, 1)),),
    "HU": (("27", date(2012, 1, 1)),),
    "IE": (("23", date(2012, 1, 1)), ("21", date(2020, 9, 1)), ("23", date(2021, 3, 1))),
    "IT": (("22", date(2013, 10, 1)),),
    "LT": (("21", date(2009, 9, 1)),),
    "LU": (("17", date(2015, 1, 1)), ("16", date(2023, 1, 1)), ("17", date(2024, 1, 1))),
    "LV": (("21", date(2012, 7, 1)),),
    "MT": (("18", date(2004, 1, 1)),),
    "NL": (("21", date(2012, 10, 1)),),
    "PL": (("23", date(2011, 1, 1)),),
    "PT": (("23", date(2011, 1, 1)),),
    "RO": (
        ("24", date(2010, 7, 1)),
        ("20", date(2016, 1, 1)),
        ("19", date(2017, 1, 1)),
        ("21", date(2025, 8, 1)),
    ),
    "SE": (("25", date(1990, 7, 1)),),
    "SI": (("22", date(2013, 7, 1)),),
    "SK": (("20", date(2011, 1, 1)), ("23", date(2025, 1, 1))),
}


def _rows(country: str) -> list[Row]:
    dated = _RATES[country]
    ends: list[date | None] = [*(since for _, since in dated[1:]), None]
    return [
        Row(
            jurisdiction=country, tax="vat", name="VAT", kind=Kind.VAT, tax_class=one,
            rate_percent=Decimal(percent), valid_from=since, end=end,
            law=f"{_DIRECTIVE}, article 96; {country} standard rate",
            reverse=Reverse.ABROAD, reverse_law=REVERSE_CHARGE,
        )
        for one in ("internet", "voice", "labour", "goods")
        for (percent, since), end in zip(dated, ends, strict=True)
    ]  # fmt: skip


ROWS = tuple(row for country in _RATES for row in _rows(country))


def _worked(name: str, place: str, day: date, vat: int, *, seller: str, number: str = "") -> Worked:
    return Worked(
        name=name, place=place, day=day, currency="EUR",
        lines=(WorkedLine("internet", 100_00, {"vat": vat}),), total_minor=100_00 + vat,
        seller=seller, tax_number=number,
    )  # fmt: skip


_DAY = date(2026, 3, 1)

WORKED = (
    _worked("a household in Germany", "DE", _DAY, 19_00, seller="IE"),
    _worked("a business in Germany buys from Ireland", "DE", _DAY, 0, seller="IE",
            number="DE123456789"),
    _worked("a business in Germany buys at home", "DE", _DAY, 19_00, seller="DE",
            number="DE123456789"),
    _worked("the half year of 16 %", "DE", date(2020, 12, 31), 16_00, seller="DE"),
    _worked("Finland from September 2024", "FI", _DAY, 25_50, seller="FI"),
    _worked("a German line of a household in Hungary lies in Hungary", "HU", _DAY, 27_00,
            seller="DE"),
)  # fmt: skip
