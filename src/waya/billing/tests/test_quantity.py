"""More or fewer of what is priced by the unit, and what was planned undone."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from waya.billing.commands.documents import quote
from waya.billing.commands.lives.changes import change_plan, change_quantity, keep, turn_over
from waya.billing.models import ProForma
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
from waya.billing.tests.test_changes import MIDDLE, held, plan_of
from waya.billing.tests.test_charges import books, days, lines, publish
from waya.catalog.rules.plans import Charge
from waya.kernel.errors import Refused
from waya.org.actors import SYSTEM
from waya.org.models import Entity
from waya.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db

SEATS = Charge("seats", "per_unit", Fraction(300_00))


def seated(entity: Entity) -> Subscription:
    """A prepaid customer of a plan of KES 300 a seat."""
    publish(home_10(entity), SEATS)
    row = wants(entity, home_10(entity))
    quote(subscription_id=row.pk, on=JUNE_10, by=SYSTEM)
    pays(row, 300_00, JUNE_10)
    row.refresh_from_db()
    return row


def test_more_at_once_costs_the_rest_of_the_term() -> None:
    entity = isp()
    row = seated(entity)
    asked: dict[str, Any] = {"subscription_id": row.pk, "quantity": 5, "on": MIDDLE}
    shown = change_quantity(**asked, preview=True, by=SYSTEM)
    assert (shown.credit.minor, shown.charge.minor, shown.to_pay.minor) == (150_00, 750_00, 600_00)
    row.refresh_from_db()
    assert row.quantity == 1
    with pytest.raises(Refused, match="change_needs_money"):
        change_quantity(**asked, by=SYSTEM)
    pays(row, 600_00, MIDDLE)
    assert change_quantity(**asked, by=SYSTEM).now
    row.refresh_from_db()
    assert (row.quantity, row.paid_through, held(row)) == (5, date(2027, 7, 10), 0)
    days(entity, MIDDLE, date(2027, 7, 6))
    assert ProForma.objects.get(state=ProForma.OPEN).total_minor == 1500_00
    assert sum(books(entity).values()) == 0


def test_fewer_wait_for_the_end_of_the_term() -> None:
    entity = isp()
    row = seated(entity)
    pays(row, 600_00, MIDDLE)
    change_quantity(subscription_id=row.pk, quantity=5, on=MIDDLE, by=SYSTEM)
    outcome = change_quantity(subscription_id=row.pk, quantity=2, on=MIDDLE, by=SYSTEM)
    assert (outcome.now, outcome.on, outcome.charge.minor) == (False, date(2027, 7, 10), 600_00)
    days(entity, MIDDLE, date(2027, 7, 6))
    assert ProForma.objects.get(state=ProForma.OPEN).total_minor == 600_00
    pays(row, 600_00, date(2027, 7, 6))
    turn_over(entity_id=entity.pk, on=date(2027, 7, 10), by=SYSTEM)
    row.refresh_from_db()
    assert (row.quantity, row.next_quantity, row.next_on) == (2, None, None)


def test_a_postpaid_quantity_is_billed_by_the_days_of_each() -> None:
    entity = isp()
    publish(office_20(entity), SEATS)
    row = in_service(entity, office_20(entity), JUNE_10)
    change_quantity(subscription_id=row.pk, quantity=3, on=MIDDLE, by=SYSTEM)
    change_quantity(subscription_id=row.pk, quantity=1, on=date(2027, 6, 30), by=SYSTEM)
    days(entity, MIDDLE, date(2027, 8, 10))
    turn_over(entity_id=entity.pk, on=date(2027, 8, 10), by=SYSTEM)
    assert [one[1:] for one in lines(row)] == [
        ("06-10", "06-25", 150_00), ("06-25", "07-10", 450_00), ("07-10", "08-10", 300_00),
    ]  # fmt: skip


def test_a_quantity_that_makes_no_sense_is_refused() -> None:
    entity = isp()
    row = joined(entity)
    for code, many in (("quantity_wrong", 0), ("quantity_wrong", 10_001), ("no_units", 2)):
        with pytest.raises(Refused, match=code):
            change_quantity(subscription_id=row.pk, quantity=many, on=MIDDLE, by=SYSTEM)
    other = seated(entity)
    with pytest.raises(Refused, match="same_plan"):
        change_quantity(subscription_id=other.pk, quantity=1, on=MIDDLE, by=SYSTEM)


def test_a_planned_change_is_undone_and_the_old_price_asked() -> None:
    entity = isp()
    row, slow = joined(entity), plan_of(entity, 5_000, 1500_00)
    with pytest.raises(Refused, match="nothing_planned"):
        keep(subscription_id=row.pk, on=MIDDLE, by=SYSTEM)
    change_plan(subscription_id=row.pk, plan_id=slow.pk, on=MIDDLE, by=SYSTEM)
    days(entity, MIDDLE, date(2027, 7, 6))
    assert ProForma.objects.get(state=ProForma.OPEN).total_minor == 1500_00
    keep(subscription_id=row.pk, on=date(2027, 7, 6), by=SYSTEM, preview=True)
    assert ProForma.objects.get(state=ProForma.OPEN).total_minor == 1500_00
    keep(subscription_id=row.pk, on=date(2027, 7, 6), by=SYSTEM)
    row.refresh_from_db()
    assert (row.next_version_id, row.next_on) == (None, None)
    days(entity, date(2027, 7, 6), date(2027, 7, 7))
    assert ProForma.objects.get(state=ProForma.OPEN).total_minor == 2500_00


def test_what_is_paid_for_the_plan_to_come_is_not_undone() -> None:
    entity = isp()
    row, slow = joined(entity), plan_of(entity, 5_000, 1500_00)
    change_plan(subscription_id=row.pk, plan_id=slow.pk, on=MIDDLE, by=SYSTEM)
    days(entity, MIDDLE, date(2027, 7, 6))
    pays(row, 1500_00, date(2027, 7, 6))
    with pytest.raises(Refused, match="planned_is_paid"):
        keep(subscription_id=row.pk, on=date(2027, 7, 7), by=SYSTEM)
