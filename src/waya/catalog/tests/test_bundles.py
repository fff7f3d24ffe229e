"""Bundles share out one price, and add-ons go by the cycles of what they are on: pure."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waya.catalog.rules.add_ons import fitted, goes_by
from waya.catalog.rules.bundles import Part, alone, bundled, off
from waya.catalog.rules.plans import Charge, Interval, Phase, PlanTerms
from waya.catalog.rules.versions import checked, flat, price_of, read, written
from waya.kernel.errors import Refused

MONTH = Interval("month")
LINE = Part(PlanTerms("home-10", MONTH, flat(2500_00), name="Home 10"), "internet", True)
BOX = Charge("box", "deposit", Fraction(1000_00))
TV = Part(PlanTerms("tv", MONTH, (*flat(600_00), BOX), name="TV"), "goods", True)


def bundle(parts: list[Part], price_minor: int) -> PlanTerms:
    return bundled(parts, price_minor, code="both", name="Both", interval=MONTH)


def test_a_price_is_shared_out_by_what_each_costs_alone() -> None:
    terms = bundle([LINE, TV], 2790_00)
    told = [
        (one.code, str(one.kind), int(one.amount), one.name, one.tax_class) for one in terms.charges
    ]
    assert told == [
        ("home-10", "flat", 2250_00, "Home 10", "internet"),
        ("tv", "flat", 540_00, "TV", "goods"),
        ("tv/box", "deposit", 1000_00, "TV, box", "goods"),
    ]
    assert (alone([LINE, TV]), off([LINE, TV], Fraction(10))) == (3100_00, 2790_00)
    again = read(written(checked(terms)), code="both", name="Both", interval=MONTH)
    assert again == terms


@given(
    prices=st.lists(st.integers(0, 10**8), min_size=2, max_size=10).filter(any),
    price=st.integers(0, 10**9),
)
def test_the_parts_add_up_to_the_price_to_the_cent(prices: list[int], price: int) -> None:
    parts = [
        Part(PlanTerms(f"part-{place}", MONTH, flat(minor)), "internet", True)
        for place, minor in enumerate(prices)
    ]
    terms = bundle(parts, price)
    shares = [one.amount for one in terms.charges]
    assert sum(shares) == price == price_of(terms)
    for share, minor in zip(shares, prices, strict=True):
        assert abs(share - Fraction(price * minor, sum(prices))) < 1


def test_what_cannot_be_a_bundle_is_refused() -> None:
    yearly = Part(PlanTerms("year", Interval("month", 12), flat(1)), "internet", True)
    phased = Part(PlanTerms("phased", MONTH, flat(1), (Phase("trial", MONTH), Phase())), "x", True)
    free = Part(PlanTerms("free", MONTH, flat(0)), "internet", True)
    for parts, code in (
        ([LINE], "bundle_too_small"),
        ([LINE] * 11, "bundle_too_small"),
        ([LINE, yearly], "bundle_parts_differ"),
        ([LINE, Part(TV.terms, "goods", False)], "bundle_parts_differ"),
        ([LINE, phased], "bundle_part_phased"),
        ([free, free], "bundle_price_wrong"),
    ):
        with pytest.raises(Refused, match=code):
            bundle(parts, 100)
    with pytest.raises(Refused, match="bundle_price_wrong"):
        bundle([LINE, TV], -1)


def test_an_add_on_goes_by_the_cycles_of_its_plan() -> None:
    year, week, hour = Interval("month", 12), Interval("week"), Interval("hour", 3)
    assert [goes_by(MONTH, one) for one in (MONTH, year, week, hour)] == [True, True, False, False]
    assert [goes_by(Interval("day"), one) for one in (MONTH, week, hour)] == [True, True, False]
    assert not goes_by(year, MONTH)
    terms = fitted(TV.terms, year, 2)
    assert (terms.interval, terms.price_per) == (year, "month")
    assert [one.amount for one in terms.charges] == [1200_00, 2000_00]
