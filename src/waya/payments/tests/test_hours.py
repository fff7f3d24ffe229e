"""The end of paid hours: to the minute, once, whoever asks and whatever dies meanwhile."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from waya.billing.commands.lives import hours as billing_hours
from waya.billing.models import Invoice
from waya.billing.policy import HoursPolicy
from waya.billing.tests.test_hours import NOON, Clock, began, held, kiosk, time
from waya.kernel import clock
from waya.messaging.models import Message
from waya.network.models import Router
from waya.org.actors import SYSTEM
from waya.org.commands.policies import choose
from waya.org.models import Approval
from waya.payments import tasks
from waya.payments.commands.hours import end_hours
from waya.payments.commands.thanks import thank
from waya.payments.models import Merchant, Prompt
from waya.payments.tests import make
from waya.subscriptions.models import Subscription

__all__ = ["time"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def merchant() -> Merchant:
    one = make.merchant()
    Router.objects.update(swept_at=clock.real_now())
    return one


def states() -> set[str]:
    return set(Subscription.objects.values_list("state", flat=True))


def jobs() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "select count(*) from procrastinate_jobs where task_name = 'payments.end_hours'"
        )
        (many,) = cursor.fetchone() or (0,)
    return int(many)


def test_paid_by_phone_and_walled_by_the_round_when_it_is_over(
    merchant: Merchant, time: Clock
) -> None:
    entity = merchant.entity
    row = began(entity, kiosk(entity), 20_00)
    time.on(hours=2)
    make.tell(merchant, "c", make.confirmation(row.customer.account_number, "UKH1", "20.00"))
    make.work_off(merchant)
    row.refresh_from_db()
    assert row.paid_until == NOON + timedelta(hours=6)
    thank(entity_id=entity.pk, by=SYSTEM)
    assert "18:00" in Message.objects.filter(customer_id=row.customer_id).latest("pk").body
    tasks.due()
    assert jobs() == 0
    time.on(hours=4)
    tasks.due()
    tasks.due()
    assert jobs() == 1
    tasks.end_hours(entity.pk)
    row.refresh_from_db()
    assert (row.state, row.standing) == ("suspended", "cut_off")
    assert Message.objects.filter(key="blocked").count() == 1
    assert end_hours(entity_id=entity.pk, by=SYSTEM) == 0


def test_the_clock_jumps_over_days(merchant: Merchant, time: Clock) -> None:
    row = began(merchant.entity, kiosk(merchant.entity), 20_00)
    time.on(days=40)
    assert end_hours(entity_id=merchant.entity_id, by=SYSTEM) == 1
    row.refresh_from_db()
    assert row.state == "suspended"


def test_nobody_is_walled_while_money_may_be_on_its_way(merchant: Merchant, time: Clock) -> None:
    entity = merchant.entity
    row = began(entity, kiosk(entity), 20_00)
    time.on(hours=3)
    make.prompt(row, merchant, "ws_CO_1", 20_00)
    assert end_hours(entity_id=entity.pk, by=SYSTEM) == 0
    Prompt.objects.update(state=Prompt.FAILED)
    make.tell(merchant, "c", make.confirmation("nobody", "UKH2", "20.00"))
    assert end_hours(entity_id=entity.pk, by=SYSTEM) == 0
    make.work_off(merchant)
    Router.objects.update(swept_at=None)
    assert end_hours(entity_id=entity.pk, by=SYSTEM) == 0
    Router.objects.update(swept_at=clock.real_now())
    assert end_hours(entity_id=entity.pk, by=SYSTEM) == 1


def test_the_brake_does_not_count_what_was_bought_and_had(merchant: Merchant, time: Clock) -> None:
    entity = merchant.entity
    plan = kiosk(entity)

    def queries(ending: int) -> int:
        for _ in range(ending):
            began(entity, plan, 20_00)
        time.on(hours=3)
        with CaptureQueriesContext(connection) as made:
            assert end_hours(entity_id=entity.pk, by=SYSTEM) == ending
        return len(made)

    queries(1)  # the first one reads what is then remembered
    assert queries(15) <= queries(1) + 4  # not one more for each of them
    assert not Approval.objects.exists()


def test_what_dies_in_the_middle_leaves_nothing_behind(
    merchant: Merchant, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    entity = merchant.entity
    rich, poor = (began(entity, kiosk(entity), minor) for minor in (40_00, 20_00))
    time.on(hours=3)

    def dies(**_: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(billing_hours, "wall_over", dies)
        with pytest.raises(RuntimeError):
            end_hours(entity_id=entity.pk, by=SYSTEM)
    assert (Invoice.objects.count(), states(), held(rich)) == (2, {"active"}, 20_00)
    assert end_hours(entity_id=entity.pk, by=SYSTEM) == 1
    poor.refresh_from_db()
    assert (poor.state, held(rich), Invoice.objects.count()) == ("suspended", 0, 3)


@pytest.mark.django_db(transaction=True)
def test_two_at_once_renew_and_wall_once(time: Clock) -> None:
    merchant = make.merchant()
    Router.objects.update(swept_at=clock.real_now())
    entity = merchant.entity
    rich, poor = (began(entity, kiosk(entity), minor) for minor in (60_00, 20_00))
    time.on(hours=3)

    def end(_: int) -> int:
        try:
            return end_hours(entity_id=entity.pk, by=SYSTEM)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as both:
        walled = list(both.map(end, range(2)))
    assert sorted(walled) == [0, 1]
    rich.refresh_from_db()
    poor.refresh_from_db()
    assert (rich.state, rich.paid_until, poor.state) == (
        "active", NOON + timedelta(hours=6), "suspended")  # fmt: skip
    assert (held(rich), Invoice.objects.count()) == (20_00, 3)


@pytest.mark.django_db(transaction=True)
def test_a_payment_at_the_last_moment_is_never_lost(time: Clock) -> None:
    merchant = make.merchant()
    Router.objects.update(swept_at=clock.real_now())
    entity = merchant.entity
    row = began(entity, kiosk(entity), 20_00)
    time.on(hours=3)
    make.tell(merchant, "c", make.confirmation(row.customer.account_number, "UKH3", "20.00"))

    def work(which: int) -> None:
        try:
            if which:
                make.work_off(merchant)
            else:
                end_hours(entity_id=entity.pk, by=SYSTEM)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as both:
        list(both.map(work, range(2)))
    row.refresh_from_db()
    assert (row.state, row.paid_until) == ("active", NOON + timedelta(hours=6))
    assert Invoice.objects.filter(issued_on__gte=date(2027, 6, 10)).count() == 2


def test_nothing_is_said_of_hours_that_are_over_where_that_is_policy(
    merchant: Merchant, time: Clock
) -> None:
    choose(entity_id=merchant.entity_id, choices=HoursPolicy(say_over=False), by=SYSTEM)
    began(merchant.entity, kiosk(merchant.entity), 20_00)
    time.on(hours=3)
    assert end_hours(entity_id=merchant.entity_id, by=SYSTEM) == 1
    assert not Message.objects.filter(key="blocked").exists()
