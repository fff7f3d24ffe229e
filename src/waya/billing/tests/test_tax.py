"""Stacked taxes, with the worked numbers of Kenya and the net always exact."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waya.billing.rules.tax import Rate, inside, on_top
from waya.kernel.money import Money
from waya.kernel.rates import percent

EXCISE = Rate("excise", "Excise duty", percent("15"), "Excise Duty Act")
VAT = Rate("vat", "VAT", percent("16"), "VAT Act")
KENYA = (EXCISE, VAT)


def kes(minor: int) -> Money:
    return Money(minor, "KES")


@pytest.mark.parametrize(
    ("net", "excise", "vat", "gross"),
    [(1000_00, 150_00, 184_00, 1334_00), (2999_00, 449_85, 551_82, 4000_67)],
)
def test_taxes_on_top_of_a_price(net: int, excise: int, vat: int, gross: int) -> None:
    taxed = on_top(kes(net), KENYA)
    assert [row.amount.minor for row in taxed.rows] == [excise, vat]
    assert taxed.gross == kes(gross)


@pytest.mark.parametrize(
    ("gross", "net", "excise", "vat"),
    [
        (2500_00, 1874_06, 281_11, 344_83),
        (1500_00, 1124_43, 168_67, 206_90),
        (50_00, 37_48, 5_62, 6_90),
        (20_00, 14_99, 2_25, 2_76),
        (10_00, 7_50, 1_12, 1_38),
    ],
)
def test_taxes_inside_a_price(gross: int, net: int, excise: int, vat: int) -> None:
    taxed = inside(kes(gross), KENYA)
    assert taxed.net == kes(net)
    assert [row.amount.minor for row in taxed.rows] == [excise, vat]
    assert taxed.gross == kes(gross)


def test_the_rate_of_the_years_before() -> None:
    twenty = Rate("excise", "Excise duty", percent("20"), "Finance Act 2021")
    assert on_top(kes(1000_00), (twenty, VAT)).gross == kes(1392_00)


def test_no_tax_leaves_the_price() -> None:
    assert inside(kes(100), ()).net == kes(100)


rates = st.lists(
    st.fractions(min_value=Fraction(0), max_value=Fraction(1), max_denominator=1000), max_size=4
).map(lambda ratios: [Rate(f"t{n}", "tax", ratio, "law") for n, ratio in enumerate(ratios)])


@given(gross=st.integers(0, 10**10), stack=rates)
def test_net_and_taxes_add_up_to_the_price(gross: int, stack: list[Rate]) -> None:
    taxed = inside(kes(gross), stack)
    assert taxed.gross == kes(gross)
    assert all(row.amount.minor >= 0 for row in taxed.rows)
    assert taxed.net.minor >= 0
