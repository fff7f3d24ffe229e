"""Changes of a subscription: shown before, done once, given back at the price it was charged at."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest

from waya.billing.commands.documents import quote
from waya.billing.commands.lives.changes import cancel, change_plan, pause, resume, turn_over
from waya.billing.commands.renewals import bill
from waya.billing.models import Credit, CreditNote, Invoice, InvoiceLine, ProForma
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
from waya.billing.tests.test_charges import books, choose, days, lines, publish
from waya.catalog.commands import add_plan
from waya.catalog.models import Plan
from waya.catalog.rules.plans import Charge
from waya.catalog.rules.versions import flat
from waya.kernel.errors import Refused
from waya.network.models import DesiredAccess
from waya.org.actors import SYSTEM
from waya.org.models import Entity
from waya.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db

MIDDLE = date(2027, 6, 25)  # half of 10 June – 10 July


def plan_of(entity: Entity, kbps: int, price_minor: int, mode: str = Plan.PREPAID) -> Plan:
    return add_plan(
        entity_id=entity.pk, code=f"{mode}-{kbps}", name=f"{mode} {kbps // 1000}", mode=mode,
        down_kbps=kbps, up_kbps=kbps, price_minor=price_minor, valid_from=date(2020, 1, 1),
        by=SYSTEM,
    )  # fmt: skip


def held(row: Subscription) -> int:
    return Credit.objects.get(customer_id=row.customer_id).amount_minor


def profile(row: Subscription) -> tuple[str, bool]:
    access = DesiredAccess.objects.get(name=row.username)
    return access.profile, access.enabled


def test_dearer_at_once_gives_back_the_old_and_charges_the_new() -> None:
    entity = isp()
    row, fast = joined(entity), plan_of(entity, 20_000, 3500_00)
    asked: dict[str, Any] = {
        "subscription_id": row.pk,
        "plan_id": fast.pk,
        "on": MIDDLE,
        "by": SYSTEM,
    }
    shown = change_plan(**asked, preview=True)
    assert (shown.now, shown.credit.minor, shown.charge.minor, shown.to_pay.minor) == (
        True, 1250_00, 1750_00, 500_00)  # fmt: skip
    assert not CreditNote.objects.exists()
    with pytest.raises(Refused, match="change_needs_money"):
        change_plan(**asked)
    assert Invoice.objects.count() == 1
    pays(row, 500_00, MIDDLE)
    change_plan(**asked)
    row.refresh_from_db()
    assert (row.plan_id, row.paid_through, row.anchor_day) == (fast.pk, date(2027, 7, 10), 10)
    assert lines(row) == [("fee", "06-10", "07-10", 2500_00), ("fee", "06-25", "07-10", 1750_00)]
    assert profile(row) == ("waya-20M-20M", True)
    assert held(row) == 0
    assert sum(books(entity).values()) == 0
    days(entity, MIDDLE, date(2027, 7, 6))
    asked_for = ProForma.objects.get(state=ProForma.OPEN)
    assert (asked_for.start, asked_for.total_minor) == (date(2027, 7, 10), 3500_00)


def test_cheaper_waits_for_the_end_of_the_term_and_can_be_taken_back() -> None:
    entity = isp()
    row, slow = joined(entity), plan_of(entity, 5_000, 1500_00)
    outcome = change_plan(subscription_id=row.pk, plan_id=slow.pk, on=MIDDLE, by=SYSTEM)
    assert (outcome.now, outcome.on, outcome.credit.minor) == (False, date(2027, 7, 10), 0)
    days(entity, MIDDLE, date(2027, 7, 6))
    assert ProForma.objects.get(state=ProForma.OPEN).total_minor == 1500_00
    pays(row, 1500_00, date(2027, 7, 6))
    turn_over(entity_id=entity.pk, on=date(2027, 7, 9), by=SYSTEM)
    assert profile(row) == ("waya-10M-10M", True)
    turn_over(entity_id=entity.pk, on=date(2027, 7, 10), by=SYSTEM)
    row.refresh_from_db()
    assert (row.plan_id, row.paid_through, row.next_on) == (slow.pk, date(2027, 8, 10), None)
    assert profile(row) == ("waya-5M-5M", True)


def test_what_is_left_over_becomes_time_by_policy() -> None:
    entity = isp()
    choose(entity, leftover="time")
    row, fast = joined(entity), plan_of(entity, 20_000, 5000_00)
    outcome = change_plan(subscription_id=row.pk, plan_id=fast.pk, on=MIDDLE, by=SYSTEM)
    row.refresh_from_db()
    assert (outcome.credit.minor, outcome.charge.minor, outcome.to_pay.minor) == (
        1250_00, 1250_00, 0)  # fmt: skip
    assert (row.paid_through, row.anchor_day) == (date(2027, 7, 2), 2)  # 7 days of 5,000 by 30
    assert lines(row)[-1] == ("converted", "06-25", "07-02", 1250_00)
    assert held(row) == 0


def test_a_postpaid_change_bills_the_old_days_and_then_the_new() -> None:
    entity = isp()
    row = in_service(entity, office_20(entity), JUNE_10)
    fast = plan_of(entity, 50_000, 5000_00, Plan.POSTPAID)
    days(entity, JUNE_10, MIDDLE)
    change_plan(subscription_id=row.pk, plan_id=fast.pk, on=MIDDLE, by=SYSTEM)
    days(entity, MIDDLE, date(2027, 8, 10))
    assert lines(row) == [
        ("fee", "06-10", "06-25", 1250_00), ("fee", "06-25", "07-10", 2500_00),
        ("fee", "07-10", "08-10", 5000_00),
    ]  # fmt: skip


def test_a_planned_change_of_a_postpaid_plan_is_billed_at_the_price_of_each_month() -> None:
    entity = isp()
    row = in_service(entity, office_20(entity), JUNE_10)
    slow = plan_of(entity, 5_000, 1000_00, Plan.POSTPAID)
    change_plan(subscription_id=row.pk, plan_id=slow.pk, on=MIDDLE, by=SYSTEM)
    bill(entity_id=entity.pk, on=date(2027, 8, 12), by=SYSTEM)
    turn_over(entity_id=entity.pk, on=date(2027, 8, 12), by=SYSTEM)
    row.refresh_from_db()
    assert [one[3] for one in lines(row)] == [2500_00, 1000_00]
    assert (row.plan_id, row.billed_through) == (slow.pk, date(2027, 8, 10))


def test_changed_twice_a_day_nothing_is_lost() -> None:
    entity = isp()
    row = joined(entity)
    fast, faster = plan_of(entity, 20_000, 3500_00), plan_of(entity, 50_000, 4500_00)
    pays(row, 1000_00, MIDDLE)
    for plan in (fast, faster):
        change_plan(subscription_id=row.pk, plan_id=plan.pk, on=MIDDLE, by=SYSTEM)
    row.refresh_from_db()
    assert (row.plan_id, row.paid_through) == (faster.pk, date(2027, 7, 10))
    assert held(row) == 0  # 1,000 and 1,250 back make the 2,250 of half a month
    turns = InvoiceLine.objects.filter(start=MIDDLE).order_by("pk").values_list("turn", flat=True)
    assert list(turns) == [0, 1]
    assert sum(books(entity).values()) == 0


def test_a_pause_is_given_back_and_resumed_when_it_is_paid() -> None:
    entity = isp()
    row = joined(entity)
    assert pause(subscription_id=row.pk, on=MIDDLE, by=SYSTEM).credit.minor == 1250_00
    row.refresh_from_db()
    assert (row.state, row.paid_through, held(row)) == ("paused", MIDDLE, 1250_00)
    assert profile(row)[1] is False
    days(entity, MIDDLE, date(2027, 8, 1))
    assert not ProForma.objects.filter(state=ProForma.OPEN).exists()
    with pytest.raises(Refused, match="not_possible_now"):
        pause(subscription_id=row.pk, on=MIDDLE, by=SYSTEM)
    back = date(2027, 8, 1)
    shown = resume(subscription_id=row.pk, on=back, by=SYSTEM, preview=True)
    assert (shown.charge.minor, shown.to_pay.minor) == (2500_00, 1250_00)
    resume(subscription_id=row.pk, on=back, by=SYSTEM)
    row.refresh_from_db()
    assert row.state == "suspended"
    pays(row, 1250_00, back)
    row.refresh_from_db()
    assert (row.state, row.paid_through, row.anchor_day) == ("active", date(2027, 9, 1), 1)
    assert profile(row) == ("waya-10M-10M", True)


def test_a_postpaid_pause_is_not_charged() -> None:
    entity = isp()
    row = in_service(entity, office_20(entity), JUNE_10)
    pause(subscription_id=row.pk, on=MIDDLE, by=SYSTEM)
    days(entity, MIDDLE, date(2027, 7, 20))
    resume(subscription_id=row.pk, on=date(2027, 7, 20), by=SYSTEM)
    days(entity, date(2027, 7, 20), date(2027, 8, 10))
    assert [(one[1], one[2]) for one in lines(row)] == [("06-10", "06-25"), ("07-20", "08-10")]
    assert lines(row)[1][3] == 1693_55  # 21 of the 31 days from 10 July


def test_ended_at_once_gives_back_days_and_deposit() -> None:
    entity = isp()
    publish(home_10(entity), *flat(2500_00), Charge("router", "deposit", Fraction(1500_00)))
    row = wants(entity, home_10(entity))
    quote(subscription_id=row.pk, on=JUNE_10, by=SYSTEM)
    pays(row, 4000_00, JUNE_10)
    shown = cancel(subscription_id=row.pk, on=MIDDLE, by=SYSTEM, preview=True)
    outcome = cancel(subscription_id=row.pk, on=MIDDLE, by=SYSTEM)
    assert shown == outcome
    assert outcome.credit.minor == 1250_00 + 1500_00
    row.refresh_from_db()
    assert (row.state, held(row)) == ("ended", 2750_00)
    assert "deposits" not in books(entity) or books(entity)["deposits"] == 0
    with pytest.raises(Refused, match="subscription_ended"):
        cancel(subscription_id=row.pk, on=MIDDLE, by=SYSTEM)


def test_ended_at_the_end_of_the_term_is_had_to_its_end() -> None:
    entity = isp()
    row = joined(entity)
    cancel(subscription_id=row.pk, on=MIDDLE, when="term_end", by=SYSTEM)
    days(entity, MIDDLE, date(2027, 7, 9))
    assert not ProForma.objects.filter(state=ProForma.OPEN).exists()
    assert turn_over(entity_id=entity.pk, on=date(2027, 7, 9), by=SYSTEM) == 0
    assert turn_over(entity_id=entity.pk, on=date(2027, 7, 10), by=SYSTEM) == 1
    row.refresh_from_db()
    assert (row.state, row.ended_on) == ("ended", date(2027, 7, 10))
    assert not CreditNote.objects.exists()


def test_a_change_that_makes_no_sense_is_refused() -> None:
    entity = isp()
    row = joined(entity)
    for code, plan in (("mode_differs", office_20(entity)), ("same_plan", row.plan)):
        with pytest.raises(Refused, match=code):
            change_plan(subscription_id=row.pk, plan_id=plan.pk, on=MIDDLE, by=SYSTEM)
    with pytest.raises(Refused, match="not_possible_now"):
        resume(subscription_id=row.pk, on=MIDDLE, by=SYSTEM)


@pytest.mark.parametrize("on", [date(2027, 6, 10), date(2027, 6, 11), date(2027, 7, 9)])
def test_the_credit_and_what_was_had_add_up_to_the_price(on: date) -> None:
    entity = isp()
    row = joined(entity)
    cancel(subscription_id=row.pk, on=on, by=SYSTEM)
    had = (on - JUNE_10) / timedelta(days=30)
    assert abs(2500_00 - held(row) - round(2500_00 * had)) <= 1
