"""Plans by the day, paid before and after: joined, renewed, walled, billed."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from waya.billing.commands.documents import quote
from waya.billing.commands.lives.changes import cancel, change_plan, turn_over
from waya.billing.commands.reminders import remind
from waya.billing.commands.renewals import bill
from waya.billing.commands.standings import apply_standings
from waya.billing.models import Invoice, ProForma
from waya.billing.tests.make import JUNE_10, home_10, in_service, isp, pays, wants
from waya.billing.tests.test_changes import held
from waya.billing.tests.test_charges import books, days, lines, of
from waya.org.actors import SYSTEM
from waya.org.models import Entity
from waya.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db

ONE = timedelta(days=1)


def daily(entity: Entity, minor: int = 50_00) -> Subscription:
    """A prepaid customer of KES 50 a day, who paid the first on 10 June."""
    row = wants(entity, of(entity, "day", 1, "prepaid", 50_00))
    quote(subscription_id=row.pk, on=JUNE_10, by=SYSTEM)
    pays(row, minor, JUNE_10)
    row.refresh_from_db()
    return row


def night(entity: Entity, row: Subscription, on: date) -> str:
    """A night's work, without the brake; the state it leaves."""
    bill(entity_id=entity.pk, on=on, by=SYSTEM)
    remind(entity_id=entity.pk, on=on, by=SYSTEM)
    apply_standings(entity_id=entity.pk, customer_ids=[row.customer_id], on=on, by=SYSTEM)
    row.refresh_from_db()
    return row.state


def test_a_day_is_had_renewed_missed_and_begun_again() -> None:
    entity = isp()
    row = daily(entity)
    assert (row.state, row.paid_through, row.paid_until) == ("active", JUNE_10 + ONE, None)
    assert night(entity, row, JUNE_10) == "active"
    assert ProForma.objects.get(state=ProForma.OPEN).period.days == 1
    pays(row, 50_00, JUNE_10)
    assert night(entity, row, JUNE_10 + ONE) == "active"
    assert night(entity, row, JUNE_10 + 2 * ONE) == "suspended"
    pays(row, 50_00, JUNE_10 + 4 * ONE)
    row.refresh_from_db()
    assert (row.state, row.paid_through) == ("active", JUNE_10 + 5 * ONE)
    assert [one[1] for one in lines(row)] == ["06-10", "06-11", "06-14"]
    assert sum(books(entity).values()) == 0


def test_a_week_paid_at_once_is_had_day_by_day() -> None:
    entity = isp()
    row = daily(entity, 350_00)
    for number in range(7):
        assert night(entity, row, JUNE_10 + number * ONE) == "active"
    assert night(entity, row, JUNE_10 + 7 * ONE) == "suspended"
    assert Invoice.objects.count() == 7
    assert held(row) == 0


def test_a_day_billed_afterwards_each_day_and_after_a_missed_week_at_once() -> None:
    entity = isp()
    row = in_service(entity, of(entity, "day", 1, "postpaid", 60_00), JUNE_10)
    days(entity, JUNE_10, JUNE_10 + 2 * ONE)
    assert lines(row) == [("fee", "06-10", "06-11", 60_00), ("fee", "06-11", "06-12", 60_00)]
    bill(entity_id=entity.pk, on=JUNE_10 + 9 * ONE, by=SYSTEM)
    assert len(lines(row)) == 9
    bill(entity_id=entity.pk, on=JUNE_10 + 9 * ONE, by=SYSTEM)
    assert len(lines(row)) == 9
    oldest = Invoice.objects.order_by("due_on")[0].due_on
    assert night(entity, row, oldest + 3 * ONE) == "active"  # grace
    assert night(entity, row, oldest + 4 * ONE) == "suspended"
    owed = sum(one.total_minor - one.paid_minor for one in Invoice.objects.all())
    pays(row, owed, oldest + 4 * ONE)
    row.refresh_from_db()
    assert row.state == "active"
    assert sum(books(entity).values()) == 0


def test_from_days_to_a_month_nothing_of_today_is_lost() -> None:
    entity = isp()
    row = daily(entity)
    pays(row, 2450_00, JUNE_10)
    change_plan(subscription_id=row.pk, plan_id=home_10(entity).pk, on=JUNE_10, when="at_once",
                by=SYSTEM)  # fmt: skip
    row.refresh_from_db()
    assert (row.paid_through, held(row)) == (date(2027, 7, 10), 0)


def test_a_day_that_is_the_last_ends_with_it() -> None:
    entity = isp()
    row = daily(entity)
    cancel(subscription_id=row.pk, on=JUNE_10, when="term_end", by=SYSTEM)
    assert turn_over(entity_id=entity.pk, on=JUNE_10, by=SYSTEM) == 0
    assert turn_over(entity_id=entity.pk, on=JUNE_10 + ONE, by=SYSTEM) == 1
    row.refresh_from_db()
    assert row.state == "ended"
