"""United States: a sample of stacked taxes with tax on tax; two states that do not exist.

Broadband access is taxed by nobody (Internet Tax Freedom Act); interconnected voice carries the
federal universal service charge on its interstate share (64.9 % by the safe harbour of FCC
06-94), whose factor is new each quarter. The state, county and 911 rates are illustrations:
a real address needs an outside tax service.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from waya.catalog.rules.packs.rows import Row, Worked, WorkedLine
from waya.catalog.rules.rates import Category, How, Kind

_FUSF = "47 CFR 54.706; FCC contribution factor"
_SURCHARGES = ("fusf", "state_usf")
_SINCE = date(2020, 1, 1)

# The factor of each quarter of a year, as the FCC announced it.
_FACTORS = {
    2019: ("20.0", "18.8", "24.4", "25.0"),
    2020: ("21.2", "19.6", "26.5", "27.1"),
    2021: ("31.8", "33.4", "31.8", "29.1"),
    2022: ("25.2", "23.8", "33.0", "28.9"),
    2023: ("32.6", "29.0", "29.2", "34.5"),
    2024: ("34.6", "32.8", "34.4", "35.8"),
    2025: ("36.3", "36.6", "36.0", "38.1"),
    2026: ("37.6",),
}


def _fusf(since: date, percent: str) -> Row:
    return Row(
        jurisdiction="US", tax="fusf", name="Federal universal service",
        kind=Kind.UNIVERSAL_SERVICE, tax_class="voice", rate_percent=Decimal(percent),
        share_percent=Decimal("64.9"), valid_from=since, law=_FUSF,
    )  # fmt: skip


def _sales(jurisdiction: str, tax: str, name: str, tax_class: str, percent: str, seq: int) -> Row:
    return Row(
        jurisdiction=jurisdiction, tax=tax, name=name, kind=Kind.SALES, tax_class=tax_class,
        sequence=seq, rate_percent=Decimal(percent), on=_SURCHARGES, valid_from=_SINCE,
        law="Illustration: communications sales tax on service and surcharges",
    )  # fmt: skip


ROWS = (
    *(
        _fusf(date(year, 3 * quarter + 1, 1), percent)
        for year, percents in _FACTORS.items()
        for quarter, percent in enumerate(percents)
    ),
    Row(
        jurisdiction="US", tax="sales", name="Internet access, not taxed", kind=Kind.SALES,
        tax_class="internet", category=Category.EXEMPT, valid_from=date(2016, 2, 24),
        law="Permanent Internet Tax Freedom Act, 47 U.S.C. 151 note",
    ),
    Row(
        jurisdiction="US-ZZ", tax="state_usf", name="State universal service",
        kind=Kind.UNIVERSAL_SERVICE, tax_class="voice", sequence=2, rate_percent=Decimal(2),
        share_percent=Decimal("35.1"), valid_from=_SINCE,
        law="Illustration: on the intrastate share",
    ),
    _sales("US-ZZ", "state_sales", "State tax", "voice", "6", 3),
    _sales("US-ZZ", "state_sales", "State tax", "goods", "6", 3),
    _sales("US-ZZ-Lake", "county_sales", "Lake county tax", "voice", "2.25", 4),
    _sales("US-ZZ-Lake", "county_sales", "Lake county tax", "goods", "2.25", 4),
    Row(
        jurisdiction="US-ZZ-Lake", tax="e911", name="911 fee", kind=Kind.LEVY, tax_class="voice",
        sequence=5, how=How.PER_UNIT, per_unit_minor=Decimal(100), valid_from=_SINCE,
        law="Illustration: for each line",
    ),
    Row(
        jurisdiction="US-ZY", tax="gross_receipts", name="Gross receipts, passed on",
        kind=Kind.GROSS_RECEIPTS, tax_class="line", how=How.GROSS_UP, rate_percent=Decimal("2.5"),
        valid_from=_SINCE, law="Illustration: recovered on itself",
    ),
)  # fmt: skip

_Q1 = date(2026, 2, 1)

WORKED = (
    Worked(
        name="broadband and a voice line", place="US-ZZ-Lake", day=_Q1, currency="USD",
        lines=(
            WorkedLine("internet", 100_00, {"sales": 0}),
            WorkedLine("voice", 30_00, {
                "fusf": 7_32, "state_usf": 21, "state_sales": 2_25, "county_sales": 84,
                "e911": 1_00,
            }),
        ),
        total_minor=141_62,
    ),
    Worked(
        name="gross receipts recovered on themselves", place="US-ZY", day=_Q1, currency="USD",
        lines=(WorkedLine("line", 30_00, {"gross_receipts": 77}),), total_minor=30_77,
    ),
    Worked(
        name="the factor of the third quarter of 2020", place="US", day=date(2020, 8, 1),
        currency="USD", lines=(WorkedLine("voice", 100_00, {"fusf": 17_20}),),
        total_minor=117_20,
    ),
)  # fmt: skip
