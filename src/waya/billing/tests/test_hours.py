"""Prepaid by the hour: from the moment of payment, to the minute, each once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from waya.billing.commands.documents import quote
from waya.billing.commands.lives.hours import end_hours
from waya.billing.commands.renewals import bill
from waya.billing.models import Credit, Invoice, InvoiceLine, ProForma
from waya.billing.tests.make import isp, pays, wants
from waya.catalog.commands import add_plan
from waya.catalog.models import Plan
from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.ledger.queries.balances import trial_balance
from waya.network.models import DesiredAccess
from waya.org.actors import SYSTEM
from waya.org.models import Entity
from waya.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db

NOON = datetime(2027, 6, 10, 9, 0, tzinfo=UTC)  # 12:00 in Nairobi


class Clock:
    """The business clock of a test, which stands still until it is moved."""

    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at

    def on(self, **more: float) -> None:
        """So much later."""
        self.at += timedelta(**more)


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Clock:
    stands = Clock()
    monkeypatch.setattr(clock, "now", stands.now)
    return stands


def kiosk(entity: Entity, count: int = 3, price_minor: int = 20_00) -> Plan:
    """So many hours at a price, with taxes inside."""
    return add_plan(
        entity_id=entity.pk, code=f"kiosk-{count}", name="Kiosk", mode=Plan.PREPAID, unit="hour",
        count=count, down_kbps=5_000, up_kbps=5_000, price_minor=price_minor,
        valid_from=date(2020, 1, 1), by=SYSTEM,
    )  # fmt: skip


def began(entity: Entity, plan: Plan, minor: int = 20_00) -> Subscription:
    """A customer who joined and paid."""
    row = wants(entity, plan)
    today = clock.today(entity.zone)
    quote(subscription_id=row.pk, on=today, by=SYSTEM)
    pays(row, minor, today)
    row.refresh_from_db()
    return row


def pay(row: Subscription, minor: int) -> None:
    pays(row, minor, clock.today(row.entity.zone))
    row.refresh_from_db()


def end(row: Subscription) -> tuple[int, int]:
    ended = end_hours(entity_id=row.entity_id, customer_ids=[row.customer_id], by=SYSTEM)
    row.refresh_from_db()
    return ended.restored, ended.restricted


def restricted(row: Subscription) -> bool:
    return DesiredAccess.objects.get(name=row.username).restricted


def billed(row: Subscription) -> list[str]:
    return list(
        InvoiceLine.objects.filter(subscription=row).order_by("pk").values_list(
            "description", flat=True)
    )  # fmt: skip


def held(row: Subscription) -> int:
    return Credit.objects.get(customer_id=row.customer_id).amount_minor


def balanced(entity: Entity) -> bool:
    return sum(one.amount.minor for one in trial_balance(entity.pk)) == 0


def test_paying_starts_the_hours_and_they_end_to_the_minute(time: Clock) -> None:
    entity = isp()
    time.on(minutes=35)
    row = began(entity, kiosk(entity))
    assert (row.state, row.paid_until) == ("active", NOON + timedelta(hours=3, minutes=35))
    assert (row.paid_through, row.started_on) == (None, date(2027, 6, 10))
    assert billed(row) == ["Kiosk, 3 hours, 10 Jun 2027 12:35 – 15:35"]
    time.on(hours=3, seconds=-1)
    assert end(row) == (0, 0)
    assert (row.state, restricted(row)) == ("active", False)
    time.on(seconds=1)
    assert end(row) == (0, 1)
    assert (row.state, row.standing, restricted(row)) == ("suspended", "cut_off", True)
    assert ProForma.objects.get(state=ProForma.OPEN).total_minor == 20_00
    assert end(row) == (0, 0)
    assert balanced(entity)


def test_paid_early_the_end_moves_on_paid_late_it_begins_with_the_payment(time: Clock) -> None:
    entity = isp()
    row = began(entity, kiosk(entity))
    time.on(hours=1)
    pay(row, 20_00)
    assert row.paid_until == NOON + timedelta(hours=6)
    time.on(hours=7)
    assert end(row) == (0, 1)
    pay(row, 20_00)
    assert (row.state, row.paid_until) == ("active", NOON + timedelta(hours=11))
    assert restricted(row) is False
    assert billed(row) == [
        "Kiosk, 3 hours, 10 Jun 2027 12:00 – 15:00",
        "Kiosk, 3 hours, 10 Jun 2027 15:00 – 18:00",
        "Kiosk, 3 hours, 10 Jun 2027 20:00 – 23:00",
    ]
    assert balanced(entity)


def test_what_is_more_than_one_period_waits_and_buys_the_next_without_a_gap(time: Clock) -> None:
    entity = isp()
    row = began(entity, kiosk(entity), 50_00)
    assert held(row) == 30_00
    time.on(hours=3, minutes=1)
    assert end(row) == (0, 0)
    assert (row.state, row.paid_until, held(row)) == ("active", NOON + timedelta(hours=6), 10_00)
    time.on(hours=3)
    assert end(row) == (0, 1)
    assert held(row) == 10_00


def test_a_day_without_us_costs_nobody_their_credit_twice(time: Clock) -> None:
    entity = isp()
    row = began(entity, kiosk(entity), 100_00)  # five periods: until 03:00 of the next day
    time.on(hours=14)
    assert end(row) == (0, 0)
    assert (row.paid_until, held(row)) == (NOON + timedelta(hours=15), 0)
    starts = InvoiceLine.objects.filter(subscription=row).values_list("charge", flat=True)
    assert len(set(starts)) == 5
    time.on(days=1)
    assert end(row) == (0, 1)


def test_too_little_buys_nothing_and_is_kept(time: Clock) -> None:
    entity = isp()
    row = began(entity, kiosk(entity, price_minor=50_00), 50_00)
    time.on(hours=4)
    end(row)
    pay(row, 20_00)
    assert (row.state, held(row)) == ("suspended", 20_00)
    pay(row, 30_00)
    assert (row.state, held(row)) == ("active", 0)


def test_a_day_of_hours_ends_on_the_next_day_at_the_same_time(time: Clock) -> None:
    entity = isp()
    row = began(entity, kiosk(entity, 24, 50_00), 50_00)
    line = InvoiceLine.objects.get(subscription=row)
    assert line.description == "Kiosk, 24 hours, 10 Jun 12:00 – 11 Jun 2027 12:00"
    assert (line.start, line.end) == (date(2027, 6, 10), date(2027, 6, 12))
    for _ in range(3):  # the nights' work finds nothing to ask or to wall
        bill(entity_id=entity.pk, on=date(2027, 6, 10), by=SYSTEM)
        bill(entity_id=entity.pk, on=date(2027, 6, 11), by=SYSTEM)
    assert not ProForma.objects.filter(state=ProForma.OPEN).exists()
    assert Invoice.objects.count() == 1


def test_the_price_of_the_next_hours_is_offered_and_not_asked(time: Clock) -> None:
    entity = isp()
    row = began(entity, kiosk(entity))
    (offered,) = ProForma.objects.exclude(state=ProForma.PAID)
    assert (offered.state, offered.total_minor) == (ProForma.OFFERED, 20_00)
    assert row.anchor_day == 10


def test_hours_are_prepaid_and_have_bounds() -> None:
    entity = isp()
    shape: dict[str, Any] = {
             "entity_id": entity.pk, "code": "x", "name": "X", "down_kbps": 1, "up_kbps": 1,
             "price_minor": 1, "valid_from": date(2020, 1, 1), "by": SYSTEM}  # fmt: skip
    with pytest.raises(Refused, match="hours_prepaid"):
        add_plan(**shape, mode=Plan.POSTPAID, unit="hour", count=3)
    for unit, count in (("hour", 0), ("hour", 745), ("month", 13), ("year", 1)):
        with pytest.raises(Refused, match="period_wrong"):
            add_plan(**shape, mode=Plan.PREPAID, unit=unit, count=count)
