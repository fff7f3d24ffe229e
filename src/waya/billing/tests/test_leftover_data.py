"""Value left over at a change becomes data: shown, granted, used before anything costs."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from waya.billing.commands.lives.changes import change_plan
from waya.billing.commands.lives.usage import Count, record_usage
from waya.billing.models import CreditNote, Invoice, InvoiceLine
from waya.billing.rules.engine.events import Event, Usage
from waya.billing.rules.engine.lines import lines as engine_lines
from waya.billing.rules.engine.terms import BillingTerms
from waya.billing.tests.make import JUNE_10, in_service, isp, joined, pays
from waya.billing.tests.test_changes import MIDDLE, plan_of
from waya.billing.tests.test_charges import books, choose, days, publish
from waya.catalog.models import Plan
from waya.catalog.rules.plans import Charge, Interval, PlanTerms, Tier
from waya.catalog.rules.prices import unit_price
from waya.kernel.errors import Refused
from waya.org.actors import SYSTEM
from waya.org.models import Entity
from waya.subscriptions.models import Grant, Subscription

pytestmark = pytest.mark.django_db

GB = Charge("data", "per_unit", Fraction(50_00), included=Fraction(10), metric="gb")
FLAT = Charge("fee", amount=Fraction(3000_00), timing="advance")


def ahead(entity: Entity) -> tuple[Subscription, Plan]:
    """A postpaid customer billed KES 3,000 ahead for 10 June – 10 July, who has paid it; and a
    plan whose gigabytes beyond ten cost KES 50."""
    old = plan_of(entity, 10_000, 3000_00, Plan.POSTPAID)
    publish(old, FLAT)
    row = in_service(entity, old, JUNE_10)
    days(entity, JUNE_10, date(2027, 6, 11))
    pays(row, 3000_00, date(2027, 6, 11))
    new = plan_of(entity, 20_000, 1000_00, Plan.POSTPAID)
    publish(new, Charge("fee", amount=Fraction(1000_00)), GB)
    return row, new


def test_it_is_shown_and_then_granted_and_the_books_close() -> None:
    entity = isp()
    choose(entity, leftover="data")
    row, new = ahead(entity)
    asked: dict[str, Any] = {"subscription_id": row.pk, "plan_id": new.pk, "on": MIDDLE}
    shown = change_plan(**asked, when="at_once", preview=True, by=SYSTEM)
    assert shown.allowance is not None
    assert (shown.credit.minor, shown.allowance.quantity, shown.money.minor) == (
        1500_00,
        Decimal(30),
        0,
    )
    assert not Grant.objects.exists()
    assert change_plan(**asked, when="at_once", by=SYSTEM).allowance == shown.allowance
    granted = Grant.objects.get(subscription=row)
    assert (granted.metric, granted.quantity, granted.promotion) == ("gb", Decimal(30), None)
    assert CreditNote.objects.get().total_minor == 1500_00
    line = InvoiceLine.objects.get(subscription=row, charge="converted")
    assert (line.total_minor, line.description) == (1500_00, "postpaid 20, gb: 30")
    assert line.invoice.paid_minor == 1500_00
    assert sum(books(entity).values()) == 0


def test_what_was_granted_is_used_before_anything_costs_and_only_once() -> None:
    entity = isp()
    choose(entity, leftover="data")
    row, new = ahead(entity)
    change_plan(subscription_id=row.pk, plan_id=new.pk, on=MIDDLE, when="at_once", by=SYSTEM)
    for day, used in (("2027-06-30", 25), ("2027-07-20", 30)):
        counts = [Count(row.pk, "gb", date.fromisoformat(day), Decimal(used), day)]
        record_usage(counts=counts, by=SYSTEM)
    days(entity, MIDDLE, date(2027, 8, 10))
    metered = InvoiceLine.objects.filter(subscription=row, charge="data").order_by("start")
    # 25 are 10 included and 15 granted; of 30 it is 10, the 15 that are left, and 5 at KES 50.
    assert [one.total_minor for one in metered] == [0, 250_00]
    assert [one.why["granted"] for one in metered] == [15, 15]


def test_a_plan_that_meters_nothing_is_refused_and_money_may_be_chosen() -> None:
    entity = isp()
    choose(entity, leftover="data")
    row, fast = joined(entity), plan_of(entity, 20_000, 3500_00)
    pays(row, 500_00, MIDDLE)
    asked: dict[str, Any] = {"subscription_id": row.pk, "plan_id": fast.pk, "on": MIDDLE}
    with pytest.raises(Refused, match="no_metered_unit"):
        change_plan(**asked, by=SYSTEM, preview=True)
    assert change_plan(**asked, leftover="money", by=SYSTEM).allowance is None
    assert Invoice.objects.count() == 2


def test_changed_twice_a_day_each_is_granted_once() -> None:
    entity = isp()
    choose(entity, leftover="data")
    row, new = ahead(entity)
    change_plan(subscription_id=row.pk, plan_id=new.pk, on=MIDDLE, when="at_once", by=SYSTEM)
    again = plan_of(entity, 50_000, 1000_00, Plan.POSTPAID)
    publish(again, Charge("fee", amount=Fraction(1000_00)), GB)
    outcome = change_plan(subscription_id=row.pk, plan_id=again.pk, on=MIDDLE, by=SYSTEM)
    assert outcome.allowance is None  # nothing more is left over: what was granted stays
    assert Grant.objects.count() == 1


@pytest.mark.parametrize(
    ("charge", "price"),
    [
        (Charge("a", "package", Fraction(100_00), lot=Fraction(5), metric="gb"), 20_00),
        (Charge("a", "volume", tiers=(Tier(None, Fraction(7)),), metric="gb"), 7),
        (Charge("a"), 0),
    ],
)
def test_one_more_unit_costs(charge: Charge, price: int) -> None:
    assert unit_price(charge) == price


def test_the_engine_spends_a_grant_over_periods_in_order() -> None:
    plan = PlanTerms("p", Interval(), (GB,))
    events = [Event(date(2027, 6, 1), "start", plan, subscription="s")]
    used = [Usage(date(2027, month, 5), "gb", Fraction(20), "s") for month in (6, 7, 8)]
    found = engine_lines(
        BillingTerms("KES", timing="arrears"), events, date(2027, 9, 1), usage=used,
        granted={("s", "gb"): Fraction(15)},
    )  # fmt: skip
    assert [line.amount.minor for line in found] == [0, 250_00, 500_00]
