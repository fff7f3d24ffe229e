"""A customer who could not be billed is billed when the reason is mended, once."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from waya.billing.commands.renewals import bill, try_again
from waya.billing.models import Invoice, Parked
from waya.billing.policy import BillingPolicy
from waya.billing.tests.make import in_service, isp
from waya.catalog.commands import add_plan
from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.org.actors import SYSTEM, Actor
from waya.org.commands.policies import choose
from waya.org.models import AuditRecord, Entity
from waya.org.rows.remembered import forget_all
from waya.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db

STEER = Actor("person", 7, "Wanjiku", frozenset({"billing.steer"}))
BEGAN = date(2027, 6, 10)
DAYS = 6


@pytest.fixture
def entity() -> Entity:
    """At most three lines of a subscription pass in one day."""
    made = isp()
    _lets_pass(made, 3)
    return made


@pytest.fixture
def brian(entity: Entity) -> Subscription:
    """He is billed by the day, and six days passed."""
    plan = add_plan(
        entity_id=entity.pk, code="daily", name="Daily", mode="postpaid", unit="day", count=1,
        down_kbps=10_000, up_kbps=10_000, price_minor=100_00, valid_from=date(2020, 1, 1),
        by=SYSTEM,
    )  # fmt: skip
    made = in_service(entity, plan, BEGAN)
    bill(entity_id=entity.pk, on=BEGAN + timedelta(days=DAYS), by=SYSTEM)
    return made


def _lets_pass(entity: Entity, lines: int) -> None:
    choose(entity_id=entity.pk, choices=BillingPolicy(most_lines=lines), by=SYSTEM)
    forget_all()


def test_it_bills_once_when_the_reason_is_mended(entity: Entity, brian: Subscription) -> None:
    parked = Parked.objects.get(customer=brian.customer_id)
    assert not Invoice.objects.exists()
    _lets_pass(entity, 200)
    assert try_again(parked_id=parked.pk, by=STEER)
    parked.refresh_from_db()
    assert parked.resolved_at is not None
    assert Invoice.objects.count() == DAYS
    assert try_again(parked_id=parked.pk, by=STEER)
    bill(entity_id=entity.pk, on=BEGAN + timedelta(days=DAYS), by=SYSTEM)
    assert Invoice.objects.count() == DAYS
    told = AuditRecord.objects.get(action="billing.caught_up")
    assert (told.actor_name, told.customer_id) == ("Wanjiku", brian.customer_id)


def test_what_is_still_in_the_way_becomes_the_reason(entity: Entity, brian: Subscription) -> None:
    before = Parked.objects.get(customer=brian.customer_id)
    Parked.objects.update(reason="no_account (purpose=tax:vat)")
    assert not try_again(parked_id=before.pk, by=STEER)
    after = Parked.objects.get(customer=brian.customer_id)
    assert after.resolved_at is None
    assert after.reason.startswith("bill_too_many_lines (lines=")
    assert not Invoice.objects.exists()


def test_whoever_has_too_many_lines_is_billed_when_somebody_has_looked(
    entity: Entity, brian: Subscription
) -> None:
    parked = Parked.objects.get(customer=brian.customer_id)
    assert parked.reason == f"bill_too_many_lines (lines={DAYS}, most=3)"
    assert try_again(parked_id=parked.pk, by=STEER)
    assert Invoice.objects.count() == DAYS


def test_every_night_on_which_they_were_parked_is_let_go(
    entity: Entity, brian: Subscription
) -> None:
    bill(entity_id=entity.pk, on=BEGAN + timedelta(days=DAYS + 1), by=SYSTEM)
    _lets_pass(entity, 200)
    for parked in Parked.objects.filter(customer=brian.customer_id):
        assert try_again(parked_id=parked.pk, by=STEER)
    assert not Parked.objects.filter(resolved_at=None).exists()


def test_who_may_not_steer_tries_nothing(entity: Entity, brian: Subscription) -> None:
    parked = Parked.objects.get(customer=brian.customer_id)
    _lets_pass(entity, 200)
    with pytest.raises(Refused, match="not_allowed"):
        try_again(parked_id=parked.pk, by=Actor("person", 1, "Naomi"))
    assert not Invoice.objects.exists()


def test_who_is_parked_again_on_the_same_day_waits_again(
    entity: Entity, brian: Subscription
) -> None:
    on = BEGAN + timedelta(days=DAYS)
    Parked.objects.update(resolved_at=clock.real_now())
    bill(entity_id=entity.pk, on=on, by=SYSTEM)
    assert Parked.objects.get(customer=brian.customer_id, on=on).resolved_at is None
