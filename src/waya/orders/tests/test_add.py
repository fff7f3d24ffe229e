"""One service more for a customer we have, on a day of its own or with their others."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from threading import Barrier, Thread
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from waya.billing.commands.documents import quote
from waya.billing.commands.renewals import bill
from waya.billing.models import Invoice, ProForma
from waya.billing.tests.make import in_service, isp, joined, office_20, pays
from waya.billing.tests.test_changes import plan_of
from waya.billing.tests.test_charges import choose, of
from waya.catalog.commands import add_plan
from waya.catalog.models import Plan
from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.kernel.periods import Period
from waya.orders.commands.add import Order, add, add_and_prompt, preview
from waya.org.actors import SYSTEM
from waya.org.models import Entity
from waya.org.tests.make import acting
from waya.parties.commands.customers import register
from waya.payments import providers
from waya.payments.drivers import DriverError, PromptSent
from waya.payments.drivers import Prompt as Wish
from waya.payments.models import Prompt
from waya.payments.tests import make as paying
from waya.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db


@pytest.fixture
def entity() -> Entity:
    return isp()


def on(monkeypatch: pytest.MonkeyPatch, day: date) -> None:
    """The business day is this one."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo("Africa/Nairobi"))
    monkeypatch.setattr(clock, "now", lambda: noon)
    monkeypatch.setattr(clock, "today", lambda zone: day)


def shop(entity: Entity) -> Plan:
    return plan_of(entity, 5_000, 1500_00)


def further(row: Subscription, plan: Plan, align: str = "customer") -> Order:
    return add(
        customer_id=row.customer_id, plan_id=plan.pk, align="own" if align == "own" else "customer",
        by=SYSTEM,
    )  # fmt: skip


def test_the_first_period_is_a_part_and_then_they_renew_on_one_paper(
    entity: Entity, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(entity, one_bill=True)
    home, plan = joined(entity, date(2027, 6, 10)), shop(entity)
    on(monkeypatch, date(2027, 6, 25))
    seen = preview(customer_id=home.customer_id, plan_id=plan.pk, align="customer", by=SYSTEM)
    assert seen.period == Period(date(2027, 6, 25), date(2027, 7, 10))
    assert seen.total.minor == 750_00  # 15 of 30 days
    assert not Subscription.objects.filter(plan=plan).exists()
    order = further(home, plan)
    assert order.pro_forma is not None
    assert (order.pro_forma.total_minor, order.pro_forma.end) == (750_00, date(2027, 7, 10))
    pays(home, 750_00, date(2027, 6, 25))
    order.subscription.refresh_from_db()
    assert (order.subscription.paid_through, order.subscription.anchor_day) == (
        date(2027, 7, 10), 10,
    )  # fmt: skip
    bill(entity_id=entity.pk, on=date(2027, 7, 5), by=SYSTEM)
    asked = ProForma.objects.filter(state=ProForma.OPEN).order_by("line")
    assert [(one.line, one.total_minor, one.end) for one in asked] == [
        (1, 2500_00, date(2027, 8, 10)), (2, 1500_00, date(2027, 8, 10)),
    ]  # fmt: skip
    assert len({one.number for one in asked}) == 1


def test_on_a_day_of_its_own_it_is_whole(entity: Entity, monkeypatch: pytest.MonkeyPatch) -> None:
    home, plan = joined(entity, date(2027, 6, 10)), shop(entity)
    on(monkeypatch, date(2027, 6, 25))
    order = further(home, plan, "own")
    assert order.pro_forma is not None
    assert (order.pro_forma.total_minor, order.pro_forma.end) == (1500_00, date(2027, 7, 25))


def test_policy_decides_where_nobody_does(entity: Entity, monkeypatch: pytest.MonkeyPatch) -> None:
    home, plan = joined(entity, date(2027, 6, 10)), shop(entity)
    on(monkeypatch, date(2027, 6, 25))
    asked: dict[str, Any] = {"customer_id": home.customer_id, "plan_id": plan.pk}
    assert preview(**asked, by=SYSTEM).turns is None
    choose(entity, align="customer")
    found = preview(**asked, by=SYSTEM)
    assert found.period == Period(date(2027, 6, 25), date(2027, 7, 10))
    assert preview(**asked, align="own", by=SYSTEM).turns is None


@pytest.mark.parametrize(
    ("begun", "today", "ends", "after"),
    [
        (date(2027, 1, 31), date(2027, 2, 14), date(2027, 2, 28), date(2027, 3, 31)),
        (date(2027, 1, 31), date(2027, 2, 28), date(2027, 3, 31), date(2027, 4, 30)),
        (date(2028, 1, 31), date(2028, 2, 1), date(2028, 2, 29), date(2028, 3, 31)),
        (date(2027, 3, 31), date(2027, 4, 29), date(2027, 4, 30), date(2027, 5, 31)),
    ],
)
def test_the_31st_is_clamped_and_remembered(
    entity: Entity, monkeypatch: pytest.MonkeyPatch, begun: date, today: date, ends: date,
    after: date,
) -> None:  # fmt: skip
    home, plan = joined(entity, begun), shop(entity)
    pays(home, 2500_00, begun + timedelta(days=20))
    on(monkeypatch, today)
    order = further(home, plan)
    assert order.pro_forma is not None
    assert order.pro_forma.end == ends
    pays(home, order.pro_forma.total_minor, today)
    row = order.subscription
    row.refresh_from_db()
    assert (row.paid_through, row.anchor_day) == (ends, 31)
    bill(entity_id=entity.pk, on=ends - timedelta(days=1), by=SYSTEM)
    renewal = ProForma.objects.get(subscription=row, state=ProForma.OPEN)
    assert (renewal.start, renewal.end, renewal.total_minor) == (ends, after, 1500_00)


def test_14_of_28_days_up_to_the_28th(entity: Entity, monkeypatch: pytest.MonkeyPatch) -> None:
    home, plan = joined(entity, date(2027, 1, 31)), shop(entity)
    on(monkeypatch, date(2027, 2, 14))
    order = further(home, plan)
    assert order.pro_forma is not None
    assert order.pro_forma.total_minor == 750_00


def test_paid_later_it_ends_on_the_same_day_and_once_that_has_passed_lasts_as_long(
    entity: Entity, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = joined(entity, date(2027, 6, 10))
    on(monkeypatch, date(2027, 6, 25))
    late = further(home, shop(entity)).subscription
    later = further(home, plan_of(entity, 2_000, 900_00)).subscription
    pays(home, 750_00, date(2027, 6, 28))
    late.refresh_from_db()
    assert late.paid_through == date(2027, 7, 10)
    pays(home, 450_00, date(2027, 7, 12))
    later.refresh_from_db()
    assert (later.paid_through, later.anchor_day) == (date(2027, 7, 27), 10)
    bill(entity_id=entity.pk, on=date(2027, 7, 24), by=SYSTEM)
    renewal = ProForma.objects.get(subscription=later, state=ProForma.OPEN)
    assert (renewal.start, renewal.end) == (date(2027, 7, 27), date(2027, 8, 10))


def test_what_is_paid_after_its_period_is_invoiced_with_the_others(
    entity: Entity, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(entity, one_bill=True)
    office = in_service(entity, office_20(entity), date(2027, 6, 10))
    branch = plan_of(entity, 5_000, 1500_00, Plan.POSTPAID)
    on(monkeypatch, date(2027, 6, 25))
    order = further(office, branch)
    assert (order.pro_forma, order.subscription.state) == (None, "active")
    bill(entity_id=entity.pk, on=date(2027, 7, 10), by=SYSTEM)
    (invoice,) = Invoice.objects.all()
    assert [(one.start, one.total_minor) for one in invoice.lines.order_by("pk")] == [
        (date(2027, 6, 10), 2500_00), (date(2027, 6, 25), 750_00),
    ]  # fmt: skip


def test_quarters_end_with_quarters_and_weeks_with_weeks(
    entity: Entity, monkeypatch: pytest.MonkeyPatch
) -> None:
    quarterly = of(entity, "month", 3, "prepaid", 9000_00)
    weekly = of(entity, "week", 1, "prepaid", 700_00)
    on(monkeypatch, date(2027, 6, 10))
    home = joined(entity, date(2027, 6, 10))
    for plan, minor in ((quarterly, 9000_00), (weekly, 700_00)):
        further(home, plan, "own")
        pays(home, minor, date(2027, 6, 10))
    on(monkeypatch, date(2027, 6, 27))
    for plan, ends in ((quarterly, date(2027, 9, 10)), (weekly, date(2027, 7, 1))):
        order = further(home, twin(entity, plan))
        assert order.pro_forma is not None
        assert order.pro_forma.end == ends
        pays(home, order.pro_forma.total_minor, date(2027, 6, 27))
        order.subscription.refresh_from_db()
        assert (order.subscription.paid_through, order.subscription.cycle_on) == (ends, None)


def twin(entity: Entity, plan: Plan) -> Plan:
    """Another plan of the same periods."""
    return add_plan(
        entity_id=entity.pk, code=f"twin-{plan.code}", name=f"Twin {plan.name}", mode=plan.mode,
        unit=plan.unit, count=plan.count, down_kbps=5_000, up_kbps=5_000, price_minor=1000_00,
        valid_from=date(2021, 1, 1), by=SYSTEM,
    )  # fmt: skip


def test_refused_where_nothing_ends_on_such_a_day(entity: Entity) -> None:
    home, weekly = joined(entity), of(entity, "week", 1, "prepaid", 700_00)
    with pytest.raises(Refused, match="nothing_to_align"):
        further(home, weekly)
    daily = of(entity, "day", 1, "prepaid", 100_00)
    with pytest.raises(Refused, match="nothing_to_align"):
        preview(customer_id=home.customer_id, plan_id=daily.pk, align="customer", by=SYSTEM)
    calendar = plan_of(entity, 5_000, 1500_00)
    Plan.objects.filter(pk=calendar.pk).update(calendar_day=1)
    with pytest.raises(Refused, match="nothing_to_align"):
        further(home, calendar)
    assert Subscription.objects.count() == 1


def test_refused_for_whoever_may_not_and_for_what_is_not_theirs(entity: Entity) -> None:
    home, plan = joined(entity), shop(entity)
    asked: dict[str, Any] = {"customer_id": home.customer_id, "plan_id": plan.pk}
    with pytest.raises(Refused, match="not_allowed"):
        add(**asked, by=acting("otieno", "network"))
    with pytest.raises(Refused, match="plan_unknown"):
        add(customer_id=home.customer_id, plan_id=0, by=SYSTEM)
    _, elsewhere = register(
        entity_id=entity.pk, name="Brian", phone="0700000419", site_name="Kiti", by=SYSTEM
    )
    with pytest.raises(Refused, match="site_unknown"):
        add(**asked, site_id=elsewhere.pk, by=SYSTEM)
    Plan.objects.filter(pk=plan.pk).update(on_sale=False)
    for act in (add, preview):
        with pytest.raises(Refused, match="plan_withdrawn"):
            act(**asked, by=SYSTEM)


def test_sent_twice_it_is_one_service(entity: Entity) -> None:
    home, plan = joined(entity, clock.today(entity.zone)), shop(entity)
    first, second = further(home, plan), further(home, plan)
    assert first.subscription == second.subscription
    assert first.pro_forma == second.pro_forma


@pytest.mark.django_db(transaction=True)
def test_two_at_once_are_one_service() -> None:
    entity = isp()
    home, plan = joined(entity, clock.today(entity.zone)), shop(entity)
    start = Barrier(2)
    made: list[int] = []

    def send() -> None:
        try:
            start.wait(timeout=30)
            made.append(further(home, plan).subscription.pk)
        finally:
            connection.close()

    threads = [Thread(target=send) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(timeout=60)
    assert len(made) == 2
    assert len(set(made)) == 1
    assert ProForma.objects.filter(state=ProForma.OPEN, subscription_id=made[0]).count() == 1


def test_quoted_on_a_later_day_it_costs_what_is_left(
    entity: Entity, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = joined(entity, date(2027, 6, 10))
    on(monkeypatch, date(2027, 6, 25))
    row = further(home, shop(entity)).subscription
    again = quote(subscription_id=row.pk, on=date(2027, 6, 30), by=SYSTEM)
    assert (again.total_minor, again.end) == (500_00, date(2027, 7, 10))


class Provider:
    """Takes every prompt, or is out of order."""

    def __init__(self, *, works: bool = True) -> None:
        self.wishes: list[Wish] = []
        self.works = works

    def push(self, wish: Wish) -> PromptSent:
        if not self.works:
            raise DriverError("unreachable", "nobody there", retryable=True)
        self.wishes.append(wish)
        return PromptSent(f"ws_CO_{len(self.wishes)}", "m")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("works", [True, False])
def test_their_phone_is_asked_for_all_that_comes_first_and_the_service_is_there_anyway(
    monkeypatch: pytest.MonkeyPatch, works: bool
) -> None:
    entity = isp()
    provider = Provider(works=works)
    paying.merchant(entity=entity)
    monkeypatch.setattr(providers, "driver_of", lambda merchant: provider)
    home, plan = joined(entity), shop(entity)
    pays(home, 100_00, date(2027, 6, 11))  # credit, which comes off
    order = add_and_prompt(customer_id=home.customer_id, plan_id=plan.pk, by=SYSTEM)
    assert order.pro_forma is not None
    assert order.prompt is not None
    assert order.prompt.state == (Prompt.SENT if works else Prompt.FAILED)
    assert order.prompt.amount_minor == 1400_00
    assert Subscription.objects.get(plan=plan).state == Subscription.PENDING
    again = add_and_prompt(customer_id=home.customer_id, plan_id=plan.pk, by=SYSTEM)
    assert (again.subscription, len(provider.wishes)) == (order.subscription, int(works))


@pytest.mark.django_db(transaction=True)
def test_nobody_is_asked_where_nothing_is_to_be_paid_or_nobody_takes_money() -> None:
    entity = isp()
    home = joined(entity)
    office = add_and_prompt(customer_id=home.customer_id, plan_id=office_20(entity).pk, by=SYSTEM)
    assert (office.prompt, office.subscription.state) == (None, Subscription.ACTIVE)
    order = add_and_prompt(customer_id=home.customer_id, plan_id=shop(entity).pk, by=SYSTEM)
    assert (order.prompt, order.subscription.state) == (None, Subscription.PENDING)
