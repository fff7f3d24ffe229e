"""A bill that is unlike its customer's last one waits for a person, and stops nobody."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from waya.billing.commands.renewals import bill, try_again
from waya.billing.models import Invoice, Parked, ProForma
from waya.billing.policy import BillingPolicy, BoundsPolicy
from waya.billing.queries.rehearsal import rehearse
from waya.billing.tests.make import in_service, isp, joined, office_20
from waya.catalog.commands import change_price, publish_price
from waya.org.actors import SYSTEM, Actor
from waya.org.commands.policies import choose
from waya.org.models import AuditRecord, Entity
from waya.org.rows.remembered import forget_all
from waya.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db

STEER = Actor("person", 7, "Wanjiku", frozenset({"billing.steer"}))
BEGAN, FEBRUARY, MARCH, APRIL = (date(2027, month, 1) for month in (1, 2, 3, 4))


def bounded(entity: Entity, **bounds: int) -> None:
    choose(entity_id=entity.pk, choices=BoundsPolicy(change_percent=0, **bounds), by=SYSTEM)
    forget_all()


@pytest.fixture
def entity() -> Entity:
    return isp()


@pytest.fixture
def dearer(entity: Entity) -> tuple[Subscription, Subscription]:
    """Amina pays the same as last month; Brian's plan costs five times as much from February."""
    same = in_service(entity, office_20(entity, calendar_day=2), date(2027, 1, 2))
    plan = office_20(entity, calendar_day=1)
    brian = in_service(entity, plan, BEGAN)
    for on in (FEBRUARY, date(2027, 2, 2)):
        bill(entity_id=entity.pk, on=on, by=SYSTEM)
    version = publish_price(plan_id=plan.pk, amount_minor=12_500_00, valid_from=FEBRUARY, by=SYSTEM)
    change_price(version_id=version.pk, on=FEBRUARY, by=SYSTEM)
    return same, brian


def test_one_who_is_unlike_is_held_out_and_everybody_else_is_billed(
    entity: Entity, dearer: tuple[Subscription, Subscription]
) -> None:
    same, brian = dearer
    bounded(entity, one_percent=100)
    told = rehearse(entity.pk, date(2027, 3, 2))
    assert [key for key, _ in told.faults] == [brian.customer_id]
    assert told.kinds["invoices"].documents == 1
    assert bill(entity_id=entity.pk, on=date(2027, 3, 2), by=SYSTEM)["invoices"] == 1
    parked = Parked.objects.get()
    assert parked.customer_id == brian.customer_id
    assert parked.reason == "bill_unlike (amount=KES 12,500, before=KES 2,500)"
    brian.refresh_from_db()
    assert brian.billed_through == FEBRUARY, "nothing of it was written"
    same.refresh_from_db()
    assert same.billed_through == date(2027, 3, 2)
    assert bill(entity_id=entity.pk, on=date(2027, 3, 2), by=SYSTEM)["invoices"] == 0


def test_a_person_who_has_looked_bills_it_all_the_same(
    entity: Entity, dearer: tuple[Subscription, Subscription]
) -> None:
    _, brian = dearer
    bounded(entity, one_percent=100)
    bill(entity_id=entity.pk, on=MARCH, by=SYSTEM)
    parked = Parked.objects.get()
    before = Invoice.objects.filter(customer=brian.customer_id).count()
    # By today's date nothing is due any more than on the night itself.
    assert try_again(parked_id=parked.pk, by=STEER)
    parked.refresh_from_db()
    assert parked.resolved_at
    assert Invoice.objects.filter(customer=brian.customer_id).count() == before + 1
    why = AuditRecord.objects.get(action="billing.caught_up").why
    assert why["reason"].startswith("bill_unlike")
    bill(entity_id=entity.pk, on=APRIL, by=SYSTEM)
    assert not Parked.objects.filter(resolved_at=None).exists(), "it is like the last one now"


def test_one_that_is_tried_again_for_another_reason_keeps_to_the_bounds(
    entity: Entity, dearer: tuple[Subscription, Subscription]
) -> None:
    _, brian = dearer
    bounded(entity, one_percent=100)
    bill(entity_id=entity.pk, on=MARCH, by=SYSTEM)
    parked = Parked.objects.get(customer=brian.customer_id)
    Parked.objects.filter(pk=parked.pk).update(reason="no_account (purpose=tax:vat)")
    assert not try_again(parked_id=parked.pk, by=STEER)
    parked.refresh_from_db()
    assert (parked.resolved_at, parked.reason.split()[0]) == (None, "bill_unlike")
    assert try_again(parked_id=parked.pk, by=STEER)


def test_more_lines_than_are_let_pass_wait_for_a_person_who_lets_them(entity: Entity) -> None:
    row = in_service(entity, office_20(entity, calendar_day=1), BEGAN)
    Subscription.objects.filter(pk=row.pk).update(quantity=2)  # worked out line by line
    choose(entity_id=entity.pk, choices=BillingPolicy(most_lines=1), by=SYSTEM)
    bill(entity_id=entity.pk, on=MARCH, by=SYSTEM)
    parked = Parked.objects.get()
    assert parked.reason == "bill_too_many_lines (lines=2, most=1)"
    bill(entity_id=entity.pk, on=MARCH, by=SYSTEM)
    assert not Invoice.objects.exists(), "the next run asks no differently"
    assert try_again(parked_id=parked.pk, by=STEER)
    assert Invoice.objects.count() == 2


def test_a_first_month_that_was_prorated_holds_nobody_out(entity: Entity) -> None:
    in_service(entity, office_20(entity, calendar_day=1), date(2027, 1, 26))
    bounded(entity, one_percent=20)
    bill(entity_id=entity.pk, on=FEBRUARY, by=SYSTEM)
    assert bill(entity_id=entity.pk, on=MARCH, by=SYSTEM)["invoices"] == 1
    assert not Parked.objects.exists()


def test_a_sum_bounds_renewals_too(entity: Entity) -> None:
    one = joined(entity, BEGAN)
    bounded(entity, one_most_minor=2000_00)
    assert bill(entity_id=entity.pk, on=date(2027, 1, 28), by=SYSTEM)["pro_formas"] == 0
    assert "bill_too_large (amount=KES 2,500, most=KES 2,000)" in Parked.objects.get().reason
    bounded(entity, one_most_minor=2500_00)
    assert bill(entity_id=entity.pk, on=date(2027, 1, 28), by=SYSTEM)["pro_formas"] == 1
    assert ProForma.objects.filter(subscription=one, state=ProForma.OPEN).count() == 1


def test_a_bound_costs_one_query_a_chunk_and_none_when_there_is_none(entity: Entity) -> None:
    plan = office_20(entity, calendar_day=1)
    for _ in range(3):
        in_service(entity, plan, BEGAN)
    bounded(entity)
    bill(entity_id=entity.pk, on=FEBRUARY, by=SYSTEM)

    def asked(on: date) -> int:
        with CaptureQueriesContext(
            connection,
        ) as made:
            bill(entity_id=entity.pk, on=on, by=SYSTEM)
        return len([one for one in made if "cross join lateral" in one["sql"]])

    assert asked(MARCH) == 0
    bounded(entity, one_percent=200)
    assert asked(APRIL) == 1
