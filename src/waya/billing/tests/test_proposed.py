"""What somebody would pay on terms that are not sold yet: as they would be billed."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest

from waya.billing.queries.lives.proposed import Proposed, Terms, proposed
from waya.billing.tests.make import home_10, isp, office_20
from waya.catalog.models import Plan
from waya.catalog.queries import interval_of
from waya.catalog.rules.plans import Charge, Interval, Phase, PlanTerms, Tier
from waya.catalog.rules.versions import flat

pytestmark = pytest.mark.django_db

JULY = date(2027, 7, 1)


def told(plan: Plan, terms: PlanTerms, on: date = JULY, **options: object) -> Proposed:
    return proposed(plan.entity, Terms(plan, terms), on, **options)  # type: ignore[arg-type]  # any


def terms(plan: Plan, *charges: Charge, **more: object) -> PlanTerms:
    return PlanTerms(plan.code, interval_of(plan), charges or flat(2500_00), name=plan.name,
                     **more)  # type: ignore[arg-type]  # any field  # fmt: skip


def test_a_flat_price_is_paid_before_each_month() -> None:
    plan = home_10(isp())
    found = told(plan, terms(plan))
    assert found.first is not None
    assert (found.first.on, str(found.first.total)) == (JULY, "KES 2,500")
    assert found.usual is not None
    assert (str(found.usual.total), str(found.usual.month)) == ("KES 2,500", "KES 2,500")
    assert (len(found.bills), str(found.year)) == (12, "KES 30,000")


def test_a_trial_then_cheaper_months_then_the_price_and_a_deposit_once() -> None:
    plan = home_10(isp())
    phases = (
        Phase("trial", Interval("day", 14)),
        Phase("discount", Interval("month", 2), percent_off=Fraction(1, 2)),
        Phase(),
    )
    charges = (*flat(2000_00), Charge("router", "deposit", Fraction(1500_00)))
    found = told(plan, terms(plan, *charges, phases=phases))
    assert found.free_until == date(2027, 7, 15)
    bills = [(one.on, str(one.total)) for one in found.bills[:4]]
    assert bills == [
        (JULY, "KES 1,500"), (date(2027, 7, 15), "KES 1,000"), (date(2027, 8, 15), "KES 1,000"),
        (date(2027, 9, 15), "KES 2,000"),
    ]  # fmt: skip
    assert found.usual is not None
    assert (found.usual.period.start, str(found.usual.total)) == (date(2027, 9, 15), "KES 2,000")
    assert str(found.deposit) == "KES 1,500"
    assert str(found.year) == "KES 23,500"


def test_what_is_used_is_invoiced_after_the_month_with_a_minimum() -> None:
    plan = office_20(isp())
    tiers = (Tier(Fraction(100), Fraction(0)), Tier(None, Fraction(1250)))
    metered = Charge("gb", "graduated", tiers=tiers, metric="gb")
    offer = terms(plan, *flat(2000_00), metered, minimum=Fraction(2400_00))
    found = told(plan, offer, used={"gb": Fraction(140)})
    assert found.usual is not None
    assert str(found.usual.total) == "KES 2,500"
    assert found.first is not None
    assert found.first.on == date(2027, 8, 1)
    little = told(plan, offer, used={"gb": Fraction(10)}).usual
    assert little is not None
    assert str(little.total) == "KES 2,400"


def test_terms_that_end_have_no_month_after() -> None:
    plan = home_10(isp())
    found = told(plan, terms(plan, phases=(Phase("fixed_term", Interval("month", 6)),)))
    assert (found.ends, len(found.bills)) == (date(2028, 1, 1), 6)
    assert found.usual is not None
    short = told(plan, terms(plan, phases=(Phase("fixed_term", Interval("week", 2)),)))
    assert (short.usual, short.ends) == (None, date(2027, 7, 15))


def test_a_calendar_day_prorates_the_first_and_nothing_else() -> None:
    plan = office_20(isp(), calendar_day=1)
    found = told(plan, terms(plan), date(2027, 6, 16))
    assert found.first is not None
    assert str(found.first.total) == "KES 1,250"
    assert found.usual is not None
    assert str(found.usual.total) == "KES 2,500"


def test_weeks_are_told_by_the_month_too() -> None:
    plan = Plan(entity=isp(), code="w", name="W", mode="prepaid", unit="week", count=1,
                tax_class="internet")  # fmt: skip
    found = told(plan, terms(plan, *flat(700_00)))
    assert found.usual is not None
    assert (str(found.usual.total), found.usual.month.minor) == ("KES 700", 3041_67)
    assert len(found.bills) == 53
