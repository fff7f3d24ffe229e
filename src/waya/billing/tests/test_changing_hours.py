"""Plans by the hour that change, pause and end: what was not had is given back to the minute."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from waya.billing.commands.lives.changes import cancel, change_plan, keep, pause, resume, turn_over
from waya.billing.models import CreditNote, InvoiceLine, ProForma
from waya.billing.tests.make import home_10, isp, joined
from waya.billing.tests.test_charges import choose
from waya.billing.tests.test_hours import (
    NOON,
    Clock,
    balanced,
    began,
    end,
    held,
    kiosk,
    pay,
    restricted,
    time,
)
from waya.kernel.errors import Refused
from waya.org.actors import SYSTEM

__all__ = ["time"]
pytestmark = pytest.mark.django_db

TODAY = date(2027, 6, 10)


def test_a_third_of_the_hours_had_two_thirds_are_given_back(time: Clock) -> None:
    entity = isp()
    row = began(entity, kiosk(entity, 3, 30_00), 30_00)
    time.on(hours=1)
    shown = cancel(subscription_id=row.pk, on=TODAY, by=SYSTEM, preview=True)
    assert shown.credit.minor == 20_00
    assert cancel(subscription_id=row.pk, on=TODAY, by=SYSTEM) == shown
    row.refresh_from_db()
    assert (row.state, held(row)) == ("ended", 20_00)
    assert not ProForma.objects.filter(state__in=ProForma.PAYABLE).exists()
    assert balanced(entity)


def test_from_hours_to_a_month_and_back(time: Clock) -> None:
    entity = isp()
    slow, home = kiosk(entity, 24, 48_00), home_10(entity)
    row = began(entity, slow, 48_00)
    time.on(hours=12)
    with pytest.raises(Refused, match="change_needs_money"):
        change_plan(subscription_id=row.pk, plan_id=home.pk, on=TODAY, by=SYSTEM)
    pay(row, 2600_00)  # 48 of it extend the hours: they are offered
    change_plan(subscription_id=row.pk, plan_id=home.pk, on=date(2027, 6, 11), by=SYSTEM)
    row.refresh_from_db()
    assert (row.plan_id, row.paid_until, row.paid_through) == (home.pk, None, date(2027, 7, 11))
    with pytest.raises(Refused, match="hours_at_once"):
        change_plan(subscription_id=row.pk, plan_id=slow.pk, on=date(2027, 6, 11),
                    when="term_end", by=SYSTEM)  # fmt: skip
    change_plan(subscription_id=row.pk, plan_id=slow.pk, on=date(2027, 6, 11), by=SYSTEM)
    row.refresh_from_db()
    assert (row.paid_through, row.paid_until) == (None, NOON + timedelta(hours=36))
    assert balanced(entity)


def test_hours_left_over_become_time_by_policy(time: Clock) -> None:
    entity = isp()
    choose(entity, leftover="time")
    row = began(entity, kiosk(entity, 3, 30_00), 30_00)
    fast = kiosk(entity, 2, 50_00)
    time.on(hours=1)
    outcome = change_plan(subscription_id=row.pk, plan_id=fast.pk, on=TODAY, by=SYSTEM)
    row.refresh_from_db()
    assert outcome.charge == outcome.credit
    assert row.paid_until == NOON + timedelta(hours=1, minutes=48)  # 20 of 50 for two hours
    line = InvoiceLine.objects.filter(subscription=row).order_by("-pk")[0]
    assert line.description == "Kiosk, 48 minutes, 10 Jun 2027 13:00 – 13:48"
    assert held(row) == 0


def test_changed_twice_within_a_moment_nothing_is_lost(time: Clock) -> None:
    entity = isp()
    row = began(entity, kiosk(entity, 3, 30_00), 100_00)
    for plan in (kiosk(entity, 4, 40_00), kiosk(entity, 5, 50_00)):
        time.on(milliseconds=1)
        change_plan(subscription_id=row.pk, plan_id=plan.pk, on=TODAY, by=SYSTEM)
    row.refresh_from_db()
    assert (row.paid_until, held(row)) == (time.at + timedelta(hours=5), 50_00)
    assert balanced(entity)


def test_paused_hours_are_given_back_and_begin_again_when_they_are_paid(time: Clock) -> None:
    entity = isp()
    row = began(entity, kiosk(entity, 3, 30_00), 30_00)
    time.on(hours=1)
    pause(subscription_id=row.pk, on=TODAY, by=SYSTEM)
    time.on(hours=5)
    assert end(row) == (0, 0)
    assert (row.state, held(row)) == ("paused", 20_00)
    shown = resume(subscription_id=row.pk, on=TODAY, by=SYSTEM, preview=True)
    assert (shown.charge.minor, shown.to_pay.minor) == (30_00, 10_00)
    resume(subscription_id=row.pk, on=TODAY, by=SYSTEM)
    row.refresh_from_db()
    assert (row.state, restricted(row)) == ("suspended", True)
    pay(row, 10_00)
    assert (row.state, row.paid_until) == ("active", NOON + timedelta(hours=9))


def test_a_pause_that_gives_nothing_back_lets_the_hours_pass(time: Clock) -> None:
    entity = isp()
    choose(entity, pause="no_credit")
    row = began(entity, kiosk(entity, 3, 30_00), 30_00)
    pause(subscription_id=row.pk, on=TODAY, by=SYSTEM)
    time.on(hours=2)
    resume(subscription_id=row.pk, on=TODAY, by=SYSTEM)
    row.refresh_from_db()
    assert (row.state, row.paid_until) == ("active", NOON + timedelta(hours=3))
    assert not CreditNote.objects.exists()


def test_hours_that_are_the_last_ones_are_had_and_not_renewed(time: Clock) -> None:
    entity = isp()
    row = began(entity, kiosk(entity), 60_00)
    cancel(subscription_id=row.pk, on=TODAY, when="term_end", by=SYSTEM)
    time.on(hours=4)
    assert end(row) == (0, 1)
    assert held(row) == 40_00
    assert turn_over(entity_id=entity.pk, on=TODAY, by=SYSTEM) == 0
    assert turn_over(entity_id=entity.pk, on=date(2027, 6, 11), by=SYSTEM) == 1
    row.refresh_from_db()
    assert row.state == "ended"


def test_an_end_that_is_taken_back_offers_the_next_hours_again(time: Clock) -> None:
    entity = isp()
    row = began(entity, kiosk(entity))
    cancel(subscription_id=row.pk, on=TODAY, when="term_end", by=SYSTEM)
    keep(subscription_id=row.pk, on=TODAY, by=SYSTEM)
    pay(row, 20_00)
    assert row.paid_until == NOON + timedelta(hours=6)


def test_a_month_to_hours_gives_back_its_days(time: Clock) -> None:
    entity = isp()
    row = joined(entity, TODAY)
    change_plan(subscription_id=row.pk, plan_id=kiosk(entity).pk, on=TODAY, by=SYSTEM)
    row.refresh_from_db()
    assert (row.paid_through, row.paid_until) == (None, NOON + timedelta(hours=3))
    assert held(row) == 2480_00
