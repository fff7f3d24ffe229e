"""What is cut into pieces stays whole: trials, promotions and long cycles through pauses, phases
and late payments."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from waya.billing.commands.documents import quote
from waya.billing.commands.lives.changes import cancel, pause, resume
from waya.billing.commands.renewals import bill
from waya.billing.models import ProForma
from waya.billing.tests.make import JUNE_10, home_10, in_service, isp, office_20, pays, wants
from waya.billing.tests.test_charges import choose, days, lines, of, publish, use
from waya.catalog.commands import add_promotion, open_plan
from waya.catalog.models import Plan
from waya.catalog.rules.plans import Interval, Phase, PlanTerms
from waya.catalog.rules.versions import flat
from waya.kernel.periods import days_between
from waya.orders.commands.begin import begin
from waya.org.actors import SYSTEM
from waya.org.models import Entity
from waya.subscriptions.commands.lives import grant
from waya.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db


def stops(row: Subscription, on: date, until: date) -> None:
    pause(subscription_id=row.pk, on=on, by=SYSTEM)
    resume(subscription_id=row.pk, on=until, by=SYSTEM)


def promoted(entity: Entity, row: Subscription, percent: int, periods: int) -> None:
    add_promotion(entity_id=entity.pk, code="LESS", name="Less", percent=Decimal(percent),
                  periods=periods, valid_from=date(2020, 1, 1), by=SYSTEM)  # fmt: skip
    grant(subscription_id=row.pk, code="LESS", on=JUNE_10, by=SYSTEM)


def test_a_pause_within_a_trial_does_not_end_it() -> None:
    entity = isp()
    phases = (Phase("trial", Interval("day", 10)), Phase())
    publish(office_20(entity), *flat(3000_00), phases=phases)
    row = wants(entity, office_20(entity))
    begin(row=row, on=JUNE_10, by=SYSTEM)
    use(row, date(2027, 6, 11), "5")  # on a day that is free, and on no bill
    stops(row, date(2027, 6, 12), date(2027, 6, 14))
    days(entity, date(2027, 6, 14), date(2027, 7, 20))
    assert lines(row) == [("fee", "06-20", "07-20", 3000_00)]


def test_a_paused_service_that_is_ended_is_not_charged_for_the_pause() -> None:
    entity = isp()
    row = in_service(entity, office_20(entity), JUNE_10)
    pause(subscription_id=row.pk, on=date(2027, 6, 25), by=SYSTEM)
    cancel(subscription_id=row.pk, on=date(2027, 7, 5), by=SYSTEM)
    assert lines(row) == [("fee", "06-10", "06-25", 1250_00)]


def test_unless_policy_charges_a_pause() -> None:
    entity = isp()
    choose(entity, pause="charge")
    row = in_service(entity, office_20(entity), JUNE_10)
    pause(subscription_id=row.pk, on=date(2027, 6, 25), by=SYSTEM)
    days(entity, date(2027, 6, 25), date(2027, 7, 12))
    assert lines(row) == [("fee", "06-10", "07-10", 2500_00)]
    resume(subscription_id=row.pk, on=date(2027, 7, 15), by=SYSTEM)
    days(entity, date(2027, 7, 15), date(2027, 8, 10))
    assert lines(row)[1:] == [("fee", "07-10", "08-10", 2500_00)]


def test_a_pause_uses_up_no_period_of_a_promotion() -> None:
    entity = isp()
    row = in_service(entity, office_20(entity), JUNE_10)
    promoted(entity, row, 50, 2)
    days(entity, JUNE_10, date(2027, 6, 20))
    stops(row, date(2027, 6, 20), date(2027, 6, 25))
    days(entity, date(2027, 6, 25), date(2027, 9, 10))
    off = [(charge, since, end) for charge, since, end, _ in lines(row) if charge != "fee"]
    assert off == [
        ("discount:LESS:fee", "06-10", "06-20"), ("discount:LESS:fee", "06-25", "07-10"),
        ("discount:LESS:fee", "07-10", "08-10"),
    ]  # fmt: skip


def test_what_a_promotion_made_free_can_be_paused_and_ended() -> None:
    entity = isp()
    plan = home_10(entity)
    row = wants(entity, plan)
    promoted(entity, row, 100, 3)
    asked = quote(subscription_id=row.pk, on=JUNE_10, by=SYSTEM)
    assert asked.total_minor == 0
    pays(row, 1_00, JUNE_10)
    row.refresh_from_db()
    assert row.state == Subscription.ACTIVE
    pause(subscription_id=row.pk, on=date(2027, 6, 20), by=SYSTEM)
    cancel(subscription_id=row.pk, on=date(2027, 6, 21), by=SYSTEM)
    row.refresh_from_db()
    assert row.state == Subscription.ENDED


def test_a_quarter_stays_the_quarter_that_it_was_through_a_pause() -> None:
    entity = isp()
    row = in_service(entity, of(entity, "month", 3, Plan.POSTPAID, 9200_00), JUNE_10)
    stops(row, date(2027, 6, 30), date(2027, 7, 10))
    for night in (date(2027, 9, 10), date(2027, 12, 10)):
        bill(entity_id=entity.pk, on=night, by=SYSTEM)
    assert [one[1:3] for one in lines(row)] == [
        ("06-10", "06-30"), ("07-10", "09-10"), ("09-10", "12-10"),
    ]  # fmt: skip


@pytest.mark.parametrize("mode", [Plan.PREPAID, Plan.POSTPAID])
def test_weeks_go_on_where_a_phase_cuts_one(mode: str) -> None:
    entity = isp()
    phases = (Phase("discount", Interval("day", 20), percent_off=Fraction(1, 2)), Phase())
    terms = PlanTerms("pair", Interval("week", 2), flat(1400_00), phases, name="Pair")
    plan = open_plan(entity_id=entity.pk, mode=mode, terms=terms, down_kbps=9_000, up_kbps=9_000,
                     valid_from=date(2020, 1, 1), by=SYSTEM)  # fmt: skip
    row = wants(entity, plan)
    begin(row=row, on=JUNE_10, by=SYSTEM)
    for night in days_between(JUNE_10, date(2027, 7, 22)):
        bill(entity_id=entity.pk, on=night, by=SYSTEM)
        due = sum(one.total_minor for one in ProForma.objects.filter(state=ProForma.OPEN))
        if due and night != date(2027, 7, 22):
            pays(row, due, night)
    assert lines(row)[:4] == [
        ("fee", "06-10", "06-24", 700_00), ("fee", "06-24", "06-30", 300_00),
        ("fee", "06-30", "07-08", 800_00), ("fee", "07-08", "07-22", 1400_00),
    ]  # fmt: skip
