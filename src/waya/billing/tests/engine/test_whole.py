"""The fast way bills what the one function bills."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from waya.billing.rules.engine.events import Event
from waya.billing.rules.engine.lines import lines
from waya.billing.rules.engine.terms import Anchor, BillingTerms
from waya.billing.rules.engine.whole import Due, WholePeriods
from waya.catalog.rules.plans import Charge, Interval, PlanTerms


@given(
    on=st.dates(date(2023, 1, 1), date(2025, 12, 31)),
    months=st.integers(1, 12),
    price=st.integers(0, 10**7),
    span=st.integers(0, 700),
    arrears=st.booleans(),
)
@settings(max_examples=100, deadline=None)
def test_the_same_periods_amounts_and_reasons(
    on: date, months: int, price: int, span: int, arrears: bool
) -> None:
    until = on + timedelta(days=span)
    plan = PlanTerms("p", Interval("month", months), (Charge("fee", amount=Fraction(price)),))
    terms = BillingTerms("KES", Anchor(), timing="arrears" if arrears else "advance")
    slow = lines(terms, [Event(on, "start", plan)], until)
    fast = list(
        WholePeriods("KES").lines([Due(1, on, on.day, months, price)], until, arrears=arrears)
    )
    assert [(one.start, one.end, one.amount_minor) for one in fast] == [
        (line.period.start, line.period.end, line.amount.minor) for line in slow
    ]
    shared = ("rule", "price_minor", "days", "cycle_days", "ratio", "cycle_from", "cycle_until")
    for quick, line in zip(fast, slow, strict=True):
        assert [quick.why[name] for name in shared] == [line.why[name] for name in shared]
