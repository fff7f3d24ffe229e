"""Add-ons: charged by the cycles and on the bills of what they are on, and gone with it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from waya.billing.commands.documents import quote
from waya.billing.commands.lives.add_ons import drop_add_on, take_add_on
from waya.billing.commands.lives.changes import cancel, change_plan, pause, resume, turn_over
from waya.billing.models import Invoice, InvoiceLine, ProForma
from waya.billing.tests.make import (
    JUNE_10,
    home_10,
    in_service,
    isp,
    joined,
    office_20,
    pays,
    wants,
)
from waya.billing.tests.test_changes import MIDDLE, held, plan_of, profile
from waya.billing.tests.test_charges import books, days
from waya.catalog.commands import add_add_on
from waya.catalog.models import Plan
from waya.kernel.errors import Refused
from waya.org.actors import SYSTEM, customer_actor
from waya.org.models import Entity
from waya.subscriptions.models import AddOn, Subscription

pytestmark = pytest.mark.django_db


def static_ip(entity: Entity, **more: Any) -> Plan:
    """A static address, KES 300 a month with taxes inside."""
    told: dict[str, Any] = {"code": "static-ip", "name": "Static IP", "price_minor": 300_00} | more
    return add_add_on(entity_id=entity.pk, valid_from=date(2020, 1, 1), by=SYSTEM, **told)


def takes(row: Subscription, plan: Plan, on: date, **more: Any) -> Any:
    return take_add_on(subscription_id=row.pk, plan_id=plan.pk, on=on, by=SYSTEM, **more)


def billed(row: Subscription) -> list[tuple[str, str, str, int]]:
    """What add-ons were invoiced: words, half-open days and the amount with taxes."""
    found = InvoiceLine.objects.filter(subscription=row, charge__startswith="add-on:")
    return [
        (one.description.split(",")[0], f"{one.start:%m-%d}", f"{one.end:%m-%d}", one.total_minor)
        for one in found.order_by("pk")
    ]


def test_one_taken_in_the_middle_pays_its_share_and_then_rides_on_the_renewal() -> None:
    entity = isp()
    row, plan = joined(entity), static_ip(entity)
    shown = takes(row, plan, MIDDLE, preview=True)
    assert (shown.charge.minor, shown.to_pay.minor, shown.now) == (150_00, 150_00, True)
    assert not AddOn.objects.exists()
    with pytest.raises(Refused, match="change_needs_money"):
        takes(row, plan, MIDDLE)
    assert not AddOn.objects.exists()
    pays(row, 150_00, MIDDLE)
    takes(row, plan, MIDDLE)
    assert billed(row) == [("Static IP", "06-25", "07-10", 150_00)]
    assert held(row) == 0
    row.refresh_from_db()
    assert row.paid_through == date(2027, 7, 10)
    days(entity, MIDDLE, date(2027, 7, 6))
    asked = ProForma.objects.get(state=ProForma.OPEN)
    assert (asked.start, asked.end, asked.total_minor) == (
        date(2027, 7, 10), date(2027, 8, 10), 2800_00)  # fmt: skip
    pays(row, 2800_00, date(2027, 7, 12))  # late: the whole period moves, and says so
    assert billed(row)[1] == ("Static IP", "07-12", "08-12", 300_00)
    assert InvoiceLine.objects.get(description__contains="Static IP, 12 Jul – 12 Aug 2027")
    assert sum(books(entity).values()) == 0


def test_from_the_next_term_nothing_is_paid_now() -> None:
    entity = isp()
    row, plan = joined(entity), static_ip(entity)
    outcome = takes(row, plan, MIDDLE, when="term_end")
    assert (outcome.now, outcome.on, outcome.to_pay.minor) == (False, date(2027, 7, 10), 0)
    assert outcome.charge.minor == 300_00
    assert Invoice.objects.count() == 1
    days(entity, MIDDLE, date(2027, 7, 6))
    assert ProForma.objects.get(state=ProForma.OPEN).total_minor == 2800_00


def test_what_is_asked_for_is_asked_for_anew() -> None:
    entity = isp()
    row, plan = joined(entity), static_ip(entity)
    days(entity, MIDDLE, date(2027, 7, 6))
    first = ProForma.objects.get(state=ProForma.OPEN)
    takes(row, plan, date(2027, 7, 6), when="term_end")
    first.refresh_from_db()
    assert first.state == ProForma.LAPSED
    assert ProForma.objects.get(state=ProForma.OPEN).total_minor == 2800_00
    drop_add_on(add_on_id=AddOn.objects.get().pk, on=date(2027, 7, 6), by=SYSTEM)
    assert ProForma.objects.get(state=ProForma.OPEN).total_minor == 2500_00


def test_one_taken_before_the_first_payment_is_in_the_quote() -> None:
    entity = isp()
    row, plan = wants(entity, home_10(entity)), static_ip(entity, once_minor=500_00)
    quote(subscription_id=row.pk, on=JUNE_10, by=SYSTEM)
    outcome = takes(row, plan, JUNE_10)
    assert (outcome.charge.minor, outcome.to_pay.minor) == (800_00, 0)
    assert ProForma.objects.get(state=ProForma.OPEN).total_minor == 3300_00
    pays(row, 3300_00, JUNE_10)
    days(entity, JUNE_10, date(2027, 7, 6))
    assert ProForma.objects.get(state=ProForma.OPEN).total_minor == 2800_00  # once is once


def test_dropped_in_the_middle_its_days_and_its_deposit_are_given_back() -> None:
    entity = isp()
    row, plan = joined(entity), static_ip(entity, deposit_minor=1000_00)
    pays(row, 1300_00, JUNE_10)
    takes(row, plan, JUNE_10)
    assert held(row) == 0
    one = AddOn.objects.get()
    shown = drop_add_on(add_on_id=one.pk, on=MIDDLE, by=SYSTEM, preview=True)
    outcome = drop_add_on(add_on_id=one.pk, on=MIDDLE, by=SYSTEM)
    assert shown == outcome
    assert outcome.credit.minor == 1150_00
    assert held(row) == 1150_00
    again = drop_add_on(add_on_id=one.pk, on=MIDDLE, by=SYSTEM)
    assert (again.credit.minor, held(row)) == (0, 1150_00)
    days(entity, MIDDLE, date(2027, 7, 6))
    assert books(entity).get("deposits", 0) == 0


def test_ended_at_the_term_it_is_had_to_the_end_and_its_deposit_comes_back_then() -> None:
    entity = isp()
    row, plan = joined(entity), static_ip(entity, deposit_minor=1000_00, down_kbps=5_000)
    pays(row, 1300_00, JUNE_10)
    takes(row, plan, JUNE_10)
    assert profile(row)[0] == "waya-15M-10M"
    outcome = drop_add_on(add_on_id=AddOn.objects.get().pk, on=MIDDLE, when="term_end", by=SYSTEM)
    assert (outcome.now, outcome.on, held(row)) == (False, date(2027, 7, 10), 0)
    days(entity, MIDDLE, date(2027, 7, 6))
    assert ProForma.objects.get(state=ProForma.OPEN).total_minor == 2500_00
    assert profile(row)[0] == "waya-15M-10M"
    turn_over(entity_id=entity.pk, on=date(2027, 7, 9), by=SYSTEM)
    assert AddOn.objects.get().state == AddOn.RUNNING
    turn_over(entity_id=entity.pk, on=date(2027, 7, 10), by=SYSTEM)
    assert (AddOn.objects.get().state, held(row)) == (AddOn.OVER, 1000_00)
    assert profile(row)[0] == "waya-10M-10M"


def test_twice_is_once_and_another_number_is_refused() -> None:
    entity = isp()
    row, plan = joined(entity), static_ip(entity)
    pays(row, 600_00, MIDDLE)
    takes(row, plan, MIDDLE)
    assert takes(row, plan, MIDDLE).charge.minor == 0
    assert held(row) == 450_00
    with pytest.raises(Refused, match="add_on_had"):
        takes(row, plan, MIDDLE, quantity=2)
    drop_add_on(add_on_id=AddOn.objects.get().pk, on=MIDDLE, when="term_end", by=SYSTEM)
    takes(row, plan, MIDDLE)  # it goes on after all
    assert AddOn.objects.get().end is None


def test_two_of_it_cost_twice() -> None:
    entity = isp()
    row, plan = joined(entity), static_ip(entity)
    assert takes(row, plan, MIDDLE, quantity=2, preview=True).charge.minor == 300_00


def test_a_postpaid_bill_holds_the_days_it_was_had() -> None:
    entity = isp()
    row, plan = in_service(entity, office_20(entity), JUNE_10), static_ip(entity)
    tv = static_ip(entity, code="tv", name="TV box", price_minor=600_00, tax_class="goods")
    shown = takes(row, plan, MIDDLE)
    assert (shown.charge.minor, shown.to_pay.minor) == (150_00, 0)
    takes(row, tv, JUNE_10)
    drop_add_on(add_on_id=AddOn.objects.get(plan=tv).pk, on=date(2027, 6, 20), by=SYSTEM)
    days(entity, JUNE_10, date(2027, 7, 9))
    assert not Invoice.objects.exists()
    days(entity, date(2027, 7, 10), date(2027, 8, 10))
    assert billed(row) == [
        ("Static IP", "06-25", "07-10", 150_00), ("TV box", "06-10", "06-20", 200_00),
        ("Static IP", "07-10", "08-10", 300_00),
    ]  # fmt: skip
    assert [one.total_minor for one in Invoice.objects.order_by("pk")] == [2850_00, 2800_00]
    revenue = set(InvoiceLine.objects.values_list("revenue", flat=True))
    assert revenue == {"revenue:internet", "revenue:goods"}
    assert sum(books(entity).values()) == 0


def test_it_ends_with_what_it_is_on() -> None:
    entity = isp()
    row, plan = joined(entity), static_ip(entity)
    pays(row, 150_00, MIDDLE)
    takes(row, plan, MIDDLE)
    outcome = cancel(subscription_id=row.pk, on=date(2027, 6, 30), by=SYSTEM)
    assert outcome.credit.minor == 833_33 + 100_00
    one = AddOn.objects.get()
    assert (one.state, one.end) == (AddOn.OVER, date(2027, 6, 30))


def test_a_pause_gives_it_back_and_a_resumption_asks_for_it() -> None:
    entity = isp()
    row, plan = joined(entity), static_ip(entity)
    pays(row, 150_00, MIDDLE)
    takes(row, plan, MIDDLE)
    assert pause(subscription_id=row.pk, on=MIDDLE, by=SYSTEM).credit.minor == 1400_00
    back = date(2027, 8, 1)
    assert resume(subscription_id=row.pk, on=back, by=SYSTEM, preview=True).charge.minor == 2800_00


def test_another_plan_keeps_what_goes_with_it_and_ends_what_does_not() -> None:
    entity = isp()
    row, plan = joined(entity), static_ip(entity)
    only = static_ip(entity, code="extra", name="Extra", to=["home-10"], down_kbps=5_000)
    pays(row, 300_00, MIDDLE)
    takes(row, plan, MIDDLE)
    takes(row, only, MIDDLE)
    fast = plan_of(entity, 20_000, 3500_00)
    pays(row, 500_00 - 150_00, MIDDLE)
    outcome = change_plan(subscription_id=row.pk, plan_id=fast.pk, on=MIDDLE, by=SYSTEM)
    assert (outcome.credit.minor, outcome.charge.minor) == (1550_00, 1900_00)
    states = dict(AddOn.objects.values_list("plan__code", "state"))
    assert states == {"static-ip": AddOn.RUNNING, "extra": AddOn.OVER}
    assert profile(row)[0] == "waya-20M-20M"
    assert sum(books(entity).values()) == 0


def test_a_postpaid_change_bills_it_up_to_the_change_and_after() -> None:
    entity = isp()
    row, plan = in_service(entity, office_20(entity), JUNE_10), static_ip(entity)
    takes(row, plan, JUNE_10)
    fast = plan_of(entity, 50_000, 5000_00, Plan.POSTPAID)
    days(entity, JUNE_10, MIDDLE)
    change_plan(subscription_id=row.pk, plan_id=fast.pk, on=MIDDLE, by=SYSTEM)
    days(entity, MIDDLE, date(2027, 7, 10))
    assert billed(row) == [
        ("Static IP", "06-10", "06-25", 150_00), ("Static IP", "06-25", "07-10", 150_00),
    ]  # fmt: skip


def test_a_monthly_price_goes_by_the_quarter_and_a_daily_by_any() -> None:
    entity = isp()
    plan = plan_of(entity, 30_000, 7500_00)
    Plan.objects.filter(pk=plan.pk).update(count=3)
    plan.refresh_from_db()
    row = wants(entity, plan)
    quote(subscription_id=row.pk, on=JUNE_10, by=SYSTEM)
    pays(row, 7500_00, JUNE_10)
    monthly = static_ip(entity)
    daily = static_ip(entity, code="day", name="Day pass", price_minor=10_00, unit="day")
    assert takes(row, monthly, JUNE_10, preview=True).charge.minor == 900_00
    assert takes(row, daily, JUNE_10, preview=True).charge.minor == 920_00  # 92 days


def test_what_makes_no_sense_is_refused() -> None:
    entity = isp()
    row, plan = joined(entity), static_ip(entity)
    with pytest.raises(Refused, match="not_an_add_on"):
        takes(row, office_20(entity), MIDDLE)
    with pytest.raises(Refused, match="not_an_add_on"):
        takes(row, plan, MIDDLE, quantity=0)
    other = static_ip(entity, code="office", to=[office_20(entity).code])
    with pytest.raises(Refused, match="not_an_add_on"):
        takes(row, other, MIDDLE)
    with pytest.raises(Refused, match="plan_unknown"):
        static_ip(entity, code="nobody", to=["nobody-has-it"])
    with pytest.raises(Refused, match="tax_class_unknown"):
        static_ip(entity, code="odd", tax_class="odd")
    pause(subscription_id=row.pk, on=MIDDLE, by=SYSTEM)
    with pytest.raises(Refused, match="not_possible_now"):
        takes(row, plan, MIDDLE)
    stranger = customer_actor(row.customer_id + 1, "Brian", entity.pk)
    with pytest.raises(Refused, match="not_allowed"):
        take_add_on(subscription_id=row.pk, plan_id=plan.pk, on=MIDDLE, by=stranger)


def test_credit_that_is_held_pays_at_once_and_the_rest_stays() -> None:
    entity = isp()
    row, plan = joined(entity), static_ip(entity)
    pays(row, 200_00, MIDDLE)
    takes(row, plan, MIDDLE)
    assert (held(row), Invoice.objects.latest("pk").paid_minor) == (50_00, 150_00)
