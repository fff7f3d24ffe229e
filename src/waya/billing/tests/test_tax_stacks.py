"""Stacks of any shape: shares, gross-ups, units, bounds, exemptions, and rounding by document."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waya.billing.rules.tax import Rate, Stack, inside, on_top
from waya.billing.rules.tax.documents import (
    Line,
    RoundedBy,
    largest_remainder,
    sums,
    taxes_inside,
    taxes_on_top,
)
from waya.billing.rules.tax.rates import Exemption, exempted
from waya.catalog.rules.rates import Category, How
from waya.kernel.errors import Refused
from waya.kernel.money import Money, rounded
from waya.kernel.rates import percent

EXCISE = Rate("excise", "Excise duty", percent("15"), "law", on=(), sequence=1, kind="excise")
VAT = Rate("vat", "VAT", percent("16"), "law", on=("excise",), sequence=2)
LEVY = Rate("levy", "Levy", Fraction(0), "law", how=How.PER_UNIT, per_unit_minor=Fraction(100),
            sequence=3, on=())  # fmt: skip
JUNE = date(2027, 6, 1)


def kes(minor: int) -> Money:
    return Money(minor, "KES")


# ---- one stack --------------------------------------------------------------------------------


def test_a_tax_on_itself_is_refused_but_for_a_gross_up() -> None:
    circular = Rate("levy", "Levy", percent("2.5"), "law", on=("levy",))
    with pytest.raises(ValueError, match="charged on itself"):
        Stack([circular])
    with pytest.raises(ValueError, match="after it"):
        Stack([replace(EXCISE, on=("vat",)), VAT])
    with pytest.raises(ValueError, match="twice"):
        Stack([VAT, VAT])
    grossed = Stack([replace(circular, how=How.GROSS_UP)])
    assert on_top(kes(30_00), grossed).tax == kes(77)
    assert inside(kes(30_77), grossed).net == kes(30_00)


def test_taxes_by_the_unit() -> None:
    stack = Stack([VAT, LEVY])
    taxed = on_top(kes(1000_00), stack, 3)
    assert taxed.amounts == (160_00, 3_00)
    assert inside(taxed.gross, stack, 3).net == kes(1000_00)
    with pytest.raises(Refused, match="price_below_taxes"):
        inside(kes(2_99), stack, 3)


def test_a_least_and_a_most() -> None:
    stack = Stack([replace(VAT, least_minor=5_00, most_minor=100_00)])
    assert [on_top(kes(net), stack).tax.minor for net in (1_00, 100_00, 9999_00)] == [
        5_00, 16_00, 100_00,
    ]  # fmt: skip
    assert inside(kes(9999_00), stack).amounts == (100_00,)
    assert inside(kes(116_00), stack).amounts == (16_00,)
    assert inside(kes(6_00), stack).amounts == (5_00,)


def test_exempt_by_certificate_wholly_in_part_and_not_after_it_ends() -> None:
    whole = Exemption("KRA/EX/7", date(2027, 1, 1), tax="excise", end=date(2028, 1, 1))
    half = Exemption("NGO-3", date(2027, 1, 1), kind="vat", ratio=Fraction(1, 2))
    stack = Stack([exempted(rate, (whole, half), JUNE) for rate in (EXCISE, VAT)])
    taxed = on_top(kes(1000_00), stack)
    assert taxed.amounts == (0, 80_00)
    assert [row.base.minor for row in taxed.rows] == [0, 500_00]
    assert [rate.reason for rate in stack] == [
        "exempt by certificate KRA/EX/7", "50 % exempt by certificate NGO-3",
    ]  # fmt: skip
    assert [rate.category for rate in stack] == [Category.EXEMPT, Category.STANDARD]
    assert exempted(EXCISE, (whole,), date(2028, 1, 1)) is EXCISE


ratios = st.fractions(min_value=0, max_value=1, max_denominator=1000)


@st.composite
def stacks(draw: st.DrawFn, units: bool = True) -> Stack:
    """Up to five taxes, each on any of those before it, on a share, grossed up or by the unit."""
    rates: list[Rate] = []
    for place in range(draw(st.integers(0, 5))):
        below = tuple(rate.tax for rate in rates if draw(st.booleans()))
        how = draw(st.sampled_from([How.RATIO, How.RATIO, How.GROSS_UP, How.PER_UNIT]))
        ratio = draw(ratios)
        if how is How.GROSS_UP:
            ratio = min(ratio, Fraction(9, 10))
        if how is How.PER_UNIT and not units:
            how = How.RATIO
        rates.append(Rate(
            f"t{place}", "tax", ratio, "law", how=how, on=below, share=draw(ratios),
            per_unit_minor=draw(st.fractions(0, 500, max_denominator=4)), sequence=place,
        ))  # fmt: skip
    return Stack(rates)


@given(net=st.integers(0, 10**10), stack=stacks(), quantity=st.integers(1, 20))
def test_what_was_put_on_comes_off_but_for_a_cent_a_tax(
    net: int, stack: Stack, quantity: int
) -> None:
    taxed = on_top(kes(net), stack, quantity)
    back = inside(taxed.gross, stack, quantity)
    assert back.gross == taxed.gross
    assert abs(back.net_minor - net) <= len(stack)


@given(gross=st.integers(0, 10**10), stack=stacks(units=False))
def test_net_and_taxes_add_up_to_the_price_and_are_never_negative(gross: int, stack: Stack) -> None:
    taxed = inside(kes(gross), stack)
    assert taxed.net_minor + taxed.tax_minor == gross
    assert min((taxed.net_minor, *taxed.amounts)) >= 0


@given(minor=st.integers(0, 10**10), stack=stacks(units=False))
def test_a_credit_mirrors_its_charge(minor: int, stack: Stack) -> None:
    for work in (on_top, inside):
        there, back = work(kes(minor), stack), work(kes(-minor), stack)
        assert (back.net_minor, back.amounts) == (
            -there.net_minor, tuple(-amount for amount in there.amounts),
        )  # fmt: skip


@given(minor=st.integers(0, 10**10), first=ratios, second=ratios)
def test_the_fast_way_and_the_general_way_agree(
    minor: int, first: Fraction, second: Fraction
) -> None:
    chain = Stack([replace(EXCISE, ratio=first), replace(VAT, ratio=second)])
    general = Stack([chain[0], replace(chain[1], most_minor=10**15)])
    assert (chain.chained, general.chained) == (True, False)
    assert chain.on_top(minor) == general.on_top(minor)
    assert chain.inside(minor) == general.inside(minor)


# ---- documents --------------------------------------------------------------------------------


def test_by_line_and_by_document() -> None:
    """Three lines of 0.33 at 16 %: 0.05 each, or 0.16 on the 0.99 of the document."""
    lines = [Line(kes(33), Stack([VAT]))] * 3
    by_line = taxes_on_top(lines, RoundedBy.LINE)
    by_document = taxes_on_top(lines, RoundedBy.DOCUMENT)
    assert [one.tax_minor for one in by_line] == [5, 5, 5]
    assert [one.tax_minor for one in by_document] == [6, 5, 5]
    (table,) = sums(by_document)
    assert (table.base.minor, table.amount.minor) == (99, 16)


def test_the_tax_table_of_a_document() -> None:
    lines = [Line(kes(2000_00), Stack([EXCISE, VAT])), Line(kes(3000_00), Stack([VAT]))]
    for rounding in RoundedBy:
        table = sums(taxes_on_top(lines, rounding))
        assert [(one.rate.tax, one.base.minor, one.amount.minor) for one in table] == [
            ("excise", 2000_00, 300_00), ("vat", 5300_00, 848_00),
        ]  # fmt: skip


def test_a_document_with_bounds_and_inclusive_prices_is_refused() -> None:
    lines = [Line(kes(100), Stack([replace(VAT, most_minor=5)]))]
    with pytest.raises(Refused, match="bounds_by_line"):
        taxes_inside(lines, RoundedBy.DOCUMENT)
    assert taxes_on_top(lines, RoundedBy.DOCUMENT)[0].amounts == (5,)


documents = st.lists(
    st.tuples(st.integers(0, 10**7), st.sampled_from([(EXCISE, VAT), (VAT,), ()])),
    min_size=1, max_size=8,
).map(lambda found: [Line(kes(minor), Stack(rates)) for minor, rates in found])  # fmt: skip


@given(lines=documents)
def test_lines_add_up_to_the_document_and_stay_within_a_cent(lines: list[Line]) -> None:
    taxed = taxes_on_top(lines, RoundedBy.DOCUMENT)
    for row in sums(taxed):
        assert row.amount.minor == rounded(row.base.minor * row.rate.ratio)
    for one, alone in zip(taxed, taxes_on_top(lines, RoundedBy.LINE), strict=True):
        assert all(abs(a - b) <= 1 for a, b in zip(one.amounts, alone.amounts, strict=True))


@given(lines=documents)
def test_a_document_of_inclusive_prices_keeps_every_price(lines: list[Line]) -> None:
    taxed = taxes_inside(lines, RoundedBy.DOCUMENT)
    assert [one.gross for one in taxed] == [line.price for line in lines]


@given(st.lists(st.fractions(-1000, 1000, max_denominator=97), max_size=20))
def test_largest_remainder_adds_up_and_moves_nobody_by_one(exact: list[Fraction]) -> None:
    whole = rounded(sum(exact, Fraction(0)))
    parts = largest_remainder(exact, whole)
    assert sum(parts) == whole
    assert all(abs(part - one) < 1 or part == one for part, one in zip(parts, exact, strict=True))


# ---- another rounding ---------------------------------------------------------------------------


QUARTER = Rate("quarter", "Quarter", percent("25"), "law")


@pytest.mark.parametrize(
    ("rounding", "quantum", "tax"),
    [("half_up", 1, 13), ("half_even", 1, 12), ("up", 1, 13), ("down", 1, 12),
     ("half_up", 5, 15), ("down", 5, 10), ("up", 100, 100), ("down", 100, 0)],
)  # fmt: skip
def test_a_tax_is_rounded_as_its_rate_says(rounding: Any, quantum: int, tax: int) -> None:
    # 25 % of 0.50 is 0.125.
    rate = replace(QUARTER, rounding=rounding, quantum_minor=quantum)
    assert on_top(Money(50, "KES"), [rate]).amounts == (tax,)
    assert on_top(Money(-50, "KES"), [rate]).amounts == (-tax,)


def test_taxes_rounded_up_come_off_a_price_that_has_them() -> None:
    up = replace(QUARTER, rounding="up")
    assert inside(Money(63, "KES"), [up]).amounts == (13,)  # 12.6 exactly
    assert inside(Money(63, "KES"), [replace(QUARTER, rounding="down")]).amounts == (12,)
    with pytest.raises(Refused, match="price_below_taxes"):
        inside(Money(63, "KES"), [replace(up, quantum_minor=100)])


def test_a_document_rounds_each_tax_as_its_rate_says() -> None:
    def taxes(**rounding: Any) -> list[int]:
        lines = [Line(Money(51, "KES"), Stack([replace(QUARTER, **rounding)]))] * 3
        return [one.amounts[0] for one in taxes_on_top(lines, RoundedBy.DOCUMENT)]

    assert taxes() == [13, 13, 12]  # 38.25
    assert taxes(rounding="up") == [13, 13, 13]
    assert taxes(rounding="down") == [13, 13, 12]
    assert taxes(quantum_minor=5) == [14, 13, 13]  # 40
    assert taxes(quantum_minor=100) == [0, 0, 0]
    assert taxes(quantum_minor=100, rounding="up") == [34, 33, 33]
