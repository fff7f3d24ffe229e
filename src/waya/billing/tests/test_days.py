"""The days of billing: asked in time, invoiced once, walled when behind, reminded once."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from waya.billing.commands.reminders import remind
from waya.billing.commands.renewals import bill
from waya.billing.commands.standings import apply_standings
from waya.billing.models import Invoice, InvoiceLine, ProForma
from waya.billing.queries.standings import customers_to_restrict
from waya.billing.tests.make import JUNE_10, in_service, isp, joined, office_20, pays
from waya.kernel.periods import days_between
from waya.ledger.queries.balances import trial_balance
from waya.messaging.models import Message
from waya.org.actors import SYSTEM

pytestmark = pytest.mark.django_db


def test_a_renewal_is_asked_once_some_days_before() -> None:
    entity = isp()
    joined(entity)
    for day in days_between(date(2027, 6, 10), date(2027, 7, 9)):
        for _ in range(2):
            bill(entity_id=entity.pk, on=day, by=SYSTEM)
            remind(entity_id=entity.pk, on=day, by=SYSTEM)
    (asked,) = ProForma.objects.filter(state=ProForma.OPEN)
    assert (asked.issued_on, asked.start, asked.end) == (
        date(2027, 7, 5), date(2027, 7, 10), date(2027, 8, 10))  # fmt: skip
    assert Message.objects.filter(key="renewal").count() == 1
    assert Invoice.objects.count() == 1


def test_reminders_go_out_on_the_days_of_policy_once() -> None:
    entity = isp()
    joined(entity)
    for day in days_between(date(2027, 7, 5), date(2027, 7, 9)):
        bill(entity_id=entity.pk, on=day, by=SYSTEM)
        remind(entity_id=entity.pk, on=day, by=SYSTEM)
        remind(entity_id=entity.pk, on=day, by=SYSTEM)
    said = Message.objects.filter(key="reminder").values_list("once", flat=True)
    assert sorted(once.rpartition(":")[2] for once in said) == ["2027-07-06", "2027-07-08"]


def test_who_pays_is_not_reminded() -> None:
    entity = isp()
    row = joined(entity)
    bill(entity_id=entity.pk, on=date(2027, 7, 5), by=SYSTEM)
    pays(row, 2500_00, date(2027, 7, 5))
    remind(entity_id=entity.pk, on=date(2027, 7, 6), by=SYSTEM)
    assert not Message.objects.filter(key="reminder").exists()


def test_a_prepaid_customer_is_behind_when_the_period_ends() -> None:
    entity = isp()
    row = joined(entity)
    assert customers_to_restrict(entity.pk, date(2027, 7, 9)) == []
    (behind,) = customers_to_restrict(entity.pk, date(2027, 7, 10))
    assert (behind.subscription_id, behind.standing) == (row.pk, "cut_off")


def test_a_postpaid_month_is_invoiced_after_it_and_earned() -> None:
    entity = isp()
    row = in_service(entity, office_20(entity), JUNE_10)
    for day in days_between(JUNE_10, date(2027, 7, 10)):
        bill(entity_id=entity.pk, on=day, by=SYSTEM)
    invoice = Invoice.objects.get()
    assert (invoice.issued_on, invoice.due_on) == (date(2027, 7, 10), date(2027, 7, 17))
    held = {one.purpose: one.amount.minor for one in trial_balance(entity.pk)}
    assert held["revenue:internet"] == -1874_06
    row.refresh_from_db()
    assert row.billed_through == date(2027, 7, 10)


def test_a_missed_quarter_is_invoiced_month_by_month_once() -> None:
    entity = isp()
    in_service(entity, office_20(entity), date(2027, 1, 31))
    bill(entity_id=entity.pk, on=date(2027, 4, 30), by=SYSTEM)
    bill(entity_id=entity.pk, on=date(2027, 4, 30), by=SYSTEM)
    periods = InvoiceLine.objects.order_by("start").values_list("start", "end")
    assert list(periods) == [
        (date(2027, 1, 31), date(2027, 2, 28)),
        (date(2027, 2, 28), date(2027, 3, 31)),
        (date(2027, 3, 31), date(2027, 4, 30)),
    ]


def test_a_calendar_month_begins_short_and_says_how() -> None:
    entity = isp()
    in_service(entity, office_20(entity, calendar_day=1), date(2027, 6, 16))
    bill(entity_id=entity.pk, on=date(2027, 7, 1), by=SYSTEM)
    line = InvoiceLine.objects.get()
    assert line.total_minor == 1250_00
    assert (line.why["days"], line.why["cycle_days"]) == (15, 30)


def test_a_postpaid_customer_has_grace_and_then_is_walled_and_pays_and_is_back() -> None:
    entity = isp()
    row = in_service(entity, office_20(entity), JUNE_10)
    bill(entity_id=entity.pk, on=date(2027, 7, 10), by=SYSTEM)
    standings = []
    for days in (0, 1, 3, 4):
        on = date(2027, 7, 17) + timedelta(days=days)
        apply_standings(entity_id=entity.pk, customer_ids=[row.customer_id], on=on, by=SYSTEM)
        row.refresh_from_db()
        standings.append((row.standing, row.state))
    assert standings == [
        ("good", "active"), ("grace", "active"), ("grace", "active"), ("cut_off", "suspended"),
    ]  # fmt: skip
    pays(row, 2500_00, date(2027, 7, 22))
    row.refresh_from_db()
    assert (row.standing, row.state) == ("good", "active")


def test_a_part_restores_nothing_and_all_but_the_tolerance_does() -> None:
    entity = isp()
    row = in_service(entity, office_20(entity), JUNE_10)
    bill(entity_id=entity.pk, on=date(2027, 7, 10), by=SYSTEM)
    apply_standings(entity_id=entity.pk, customer_ids=[row.customer_id], on=date(2027, 8, 1),
                    by=SYSTEM)  # fmt: skip
    pays(row, 1000_00, date(2027, 8, 1))
    row.refresh_from_db()
    assert row.state == "suspended"
    pays(row, 1490_00, date(2027, 8, 1))
    row.refresh_from_db()
    assert row.state == "active"


def test_the_walled_are_told_once() -> None:
    entity = isp()
    row = joined(entity)
    bill(entity_id=entity.pk, on=date(2027, 7, 5), by=SYSTEM)
    for _ in range(2):
        apply_standings(entity_id=entity.pk, customer_ids=[row.customer_id],
                        on=date(2027, 7, 10), by=SYSTEM)  # fmt: skip
    (said,) = Message.objects.filter(key="blocked")
    assert "KES 2,500" in said.body
    assert row.customer.account_number in said.body
