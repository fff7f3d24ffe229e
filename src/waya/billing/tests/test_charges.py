"""The run with everything that a plan may charge: each billed once, explained, and booked."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import uuid4

import pytest

from waya.billing.commands.documents import quote
from waya.billing.commands.lives.usage import Count, record_usage
from waya.billing.commands.renewals import bill
from waya.billing.models import Invoice, InvoiceLine, Parked, ProForma
from waya.billing.tests.make import JUNE_10, home_10, in_service, isp, office_20, pays, wants
from waya.catalog.commands import add_plan, add_promotion, publish_version
from waya.catalog.models import Plan, PlanVersion
from waya.catalog.queries import interval_of
from waya.catalog.rules.plans import Charge, Interval, Phase, PlanTerms, Tier
from waya.catalog.rules.versions import flat
from waya.kernel.errors import Refused
from waya.kernel.periods import days_between
from waya.ledger.queries.balances import trial_balance
from waya.org.actors import SYSTEM
from waya.org.models import Entity, Policy
from waya.org.rows.remembered import forget_all
from waya.subscriptions.commands.lives import grant
from waya.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db

NEW = date(2021, 1, 1)


def publish(plan: Plan, *charges: Charge, **more: Any) -> PlanVersion:
    """A version with these charges, for whoever joins from 2021 on."""
    terms = PlanTerms(plan.code, interval_of(plan), charges, name=plan.name, **more)
    return publish_version(plan_id=plan.pk, terms=terms, valid_from=NEW, by=SYSTEM)


def days(entity: Entity, first: date, last: date) -> None:
    """The run of every day."""
    for day in days_between(first, last):
        bill(entity_id=entity.pk, on=day, by=SYSTEM)


def lines(row: Subscription) -> list[tuple[str, str, str, int]]:
    """What was billed: charge, first day, end, with taxes."""
    found = InvoiceLine.objects.filter(subscription=row).order_by("start", "charge")
    return [
        (one.charge, f"{one.start:%m-%d}", f"{one.end:%m-%d}", one.total_minor)
        for one in found
        if one.start and one.end
    ]


def books(entity: Entity) -> dict[str, int]:
    return {one.purpose: one.amount.minor for one in trial_balance(entity.pk)}


def of(entity: Entity, unit: str, count: int, mode: str, price_minor: int) -> Plan:
    return add_plan(
        entity_id=entity.pk, code=f"{unit}-{count}-{mode}", name=f"By {count} {unit}", mode=mode,
        unit=unit, count=count, down_kbps=10_000, up_kbps=10_000, price_minor=price_minor,
        valid_from=NEW, by=SYSTEM,
    )  # fmt: skip


def test_weeks_and_days_in_arrears_day_by_day() -> None:
    entity = isp()
    weekly = in_service(entity, of(entity, "week", 1, "postpaid", 700_00), JUNE_10)
    tens = in_service(entity, of(entity, "day", 10, "postpaid", 900_00), JUNE_10)
    days(entity, JUNE_10, date(2027, 6, 24))
    assert lines(weekly) == [("fee", "06-10", "06-17", 700_00), ("fee", "06-17", "06-24", 700_00)]
    assert lines(tens) == [("fee", "06-10", "06-20", 900_00)]


def test_a_prepaid_week_is_asked_for_and_bought() -> None:
    entity = isp()
    row = wants(entity, of(entity, "week", 2, "prepaid", 1400_00))
    quote(subscription_id=row.pk, on=JUNE_10, by=SYSTEM)
    pays(row, 1400_00, JUNE_10)
    days(entity, JUNE_10, date(2027, 6, 20))
    asked = ProForma.objects.get(state=ProForma.OPEN)
    assert (asked.start, asked.end) == (date(2027, 6, 24), date(2027, 7, 8))
    pays(row, 1400_00, date(2027, 6, 30))  # late: the two weeks begin when they are paid
    row.refresh_from_db()
    assert row.paid_through == date(2027, 7, 14)


def test_usage_and_a_minimum_are_billed_after_the_month() -> None:
    entity = isp()
    tiers = (Tier(Fraction(100), Fraction(0)), Tier(None, Fraction(10_00)))
    gigabytes = Charge("gb", "graduated", tiers=tiers, metric="gb")
    publish(office_20(entity), *flat(1000_00), gigabytes, minimum=Fraction(1500_00))
    row = in_service(entity, office_20(entity), JUNE_10)
    use(row, date(2027, 6, 20), "70")
    use(row, date(2027, 7, 9), "50")
    days(entity, JUNE_10, date(2027, 8, 10))
    assert lines(row) == [
        ("fee", "06-10", "07-10", 1000_00), ("gb", "06-10", "07-10", 200_00),
        ("minimum", "06-10", "07-10", 300_00),
        ("fee", "07-10", "08-10", 1000_00), ("gb", "07-10", "08-10", 0),
        ("minimum", "07-10", "08-10", 500_00),
    ]  # fmt: skip
    assert Invoice.objects.count() == 2
    told = InvoiceLine.objects.filter(charge="gb").order_by("start")[0].why
    assert (told["used"], told["metric"], told["rule"]) == (120, "gb", "used, graduated")


def use(row: Subscription, on: date, quantity: str, source: str = "") -> None:
    record_usage(
        counts=[Count(row.pk, "gb", on, Decimal(quantity), source or f"meter:{on}")], by=SYSTEM
    )


def test_usage_counts_once_and_never_for_days_that_are_billed() -> None:
    entity = isp()
    publish(office_20(entity), *flat(1000_00), Charge("gb", "per_unit", Fraction(100), metric="gb"))
    row = in_service(entity, office_20(entity), JUNE_10)
    for _ in range(2):
        use(row, date(2027, 6, 20), "5", "reading 1")
    days(entity, JUNE_10, date(2027, 7, 10))
    assert ("gb", "06-10", "07-10", 5_00) in lines(row)
    with pytest.raises(Refused, match="usage_billed"):
        use(row, date(2027, 6, 21), "5", "reading 2")


def test_a_deposit_is_a_liability_without_tax_and_asked_once() -> None:
    entity = isp()
    publish(home_10(entity), *flat(2500_00), Charge("router", "deposit", Fraction(1500_00)),
            Charge("visit", "one_off", Fraction(1000_00)))  # fmt: skip
    row = wants(entity, home_10(entity))
    asked = quote(subscription_id=row.pk, on=JUNE_10, by=SYSTEM)
    assert asked.total_minor == 5000_00
    pays(row, 5000_00, JUNE_10)
    held = books(entity)
    assert held["deposits"] == -1500_00
    assert held["receivable"] == 5000_00
    days(entity, JUNE_10, date(2027, 7, 9))
    assert ProForma.objects.get(state=ProForma.OPEN).total_minor == 2500_00
    pays(row, 2500_00, date(2027, 7, 9))
    assert [one[0] for one in lines(row)] == ["fee", "router", "visit", "fee"]


def test_a_first_price_for_a_while_and_then_the_whole() -> None:
    entity = isp()
    phases = (Phase("discount", Interval("month", 2), percent_off=Fraction(1, 2)), Phase())
    publish(office_20(entity), *flat(2500_00), phases=phases)
    row = in_service(entity, office_20(entity), JUNE_10)
    days(entity, JUNE_10, date(2027, 9, 10))
    assert [one[3] for one in lines(row)] == [1250_00, 1250_00, 2500_00]


def test_what_began_in_mid_month_is_a_share_of_it_and_says_so() -> None:
    entity = isp()
    row = in_service(entity, office_20(entity, calendar_day=1), date(2027, 6, 16))
    bill(entity_id=entity.pk, on=date(2027, 7, 1), by=SYSTEM)
    told = InvoiceLine.objects.get().why
    assert lines(row) == [("fee", "06-16", "07-01", 1250_00)]
    assert (told["rule"], told["ratio"], told["version"]) == ("share of the cycle", "1/2", 1)


def test_promotions_last_so_many_periods() -> None:
    entity = isp()
    promotion = add_promotion(
        entity_id=entity.pk, code="HALF", name="Half price", percent=Decimal(50), periods=2,
        valid_from=NEW, by=SYSTEM,
    )  # fmt: skip
    row = in_service(entity, office_20(entity), JUNE_10)
    grant(subscription_id=row.pk, code="half", on=JUNE_10, by=SYSTEM)
    days(entity, JUNE_10, date(2027, 9, 10))
    assert promotion.periods == 2
    assert [one.total_minor for one in Invoice.objects.order_by("pk")] == [
        1250_00, 1250_00, 2500_00]  # fmt: skip
    assert lines(row)[0] == ("discount:HALF:fee", "06-10", "07-10", -1250_00)
    with pytest.raises(Refused, match="promotion_unknown"):
        grant(subscription_id=row.pk, code="full", on=JUNE_10, by=SYSTEM)


def test_prepaid_promotions_come_off_what_is_asked_and_booked() -> None:
    entity = isp()
    add_promotion(
        entity_id=entity.pk, code="500", name="500 off", amount_minor=500_00, periods=1,
        valid_from=NEW, by=SYSTEM,
    )  # fmt: skip
    row = wants(entity, home_10(entity))
    grant(subscription_id=row.pk, code="500", on=JUNE_10, by=SYSTEM)
    assert quote(subscription_id=row.pk, on=JUNE_10, by=SYSTEM).total_minor == 2000_00
    pays(row, 2000_00, JUNE_10)
    days(entity, JUNE_10, date(2027, 7, 9))
    assert ProForma.objects.get(state=ProForma.OPEN).total_minor == 2500_00
    assert sum(books(entity).values()) == 0
    assert books(entity)["receivable"] == 2000_00


def test_small_invoices_wait_and_nothing_is_billed_for_nothing_by_choice() -> None:
    entity = isp()
    choose(entity, minimum_minor=1500_00, zero_invoices=False)
    small = in_service(entity, of(entity, "week", 1, "postpaid", 700_00), JUNE_10)
    free = in_service(entity, of(entity, "week", 2, "postpaid", 0), JUNE_10)
    days(entity, JUNE_10, date(2027, 7, 2))
    (only,) = Invoice.objects.all()
    assert (only.total_minor, only.lines.count()) == (2100_00, 3)
    small.refresh_from_db()
    free.refresh_from_db()
    assert (small.billed_through, free.billed_through) == (date(2027, 7, 1), date(2027, 6, 24))


def test_several_subscriptions_of_a_customer_on_one_bill() -> None:
    entity = isp()
    choose(entity, one_bill=True)
    row = in_service(entity, office_20(entity), JUNE_10)
    second = Subscription.objects.get(pk=row.pk)
    second.pk, second.public_id, second.username = None, uuid4(), "brian.second"
    second._state.adding = True
    second.save()
    days(entity, JUNE_10, date(2027, 7, 10))
    (only,) = Invoice.objects.all()
    assert (only.total_minor, only.lines.count()) == (5000_00, 2)
    assert books(entity)["receivable"] == 5000_00


def test_a_missed_week_and_an_hour_back_bill_the_same_once() -> None:
    entity = isp()
    row = in_service(entity, of(entity, "day", 1, "postpaid", 100_00), JUNE_10)
    bill(entity_id=entity.pk, on=JUNE_10 + timedelta(days=7), by=SYSTEM)
    bill(entity_id=entity.pk, on=JUNE_10 + timedelta(days=6), by=SYSTEM)
    bill(entity_id=entity.pk, on=JUNE_10 + timedelta(days=7), by=SYSTEM)
    assert [one[3] for one in lines(row)] == [100_00] * 7
    assert not Parked.objects.exists()


def choose(entity: Entity, **chosen: object) -> None:
    Policy.objects.create(entity=entity, name="billing.terms", chosen=chosen)
    forget_all()
