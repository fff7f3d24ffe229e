"""Several services of one customer in one run: one message, with the sum that brings them all."""

from __future__ import annotations

from datetime import date

import pytest

from waya.billing.commands.notices import Notice, notify
from waya.billing.commands.reminders import remind
from waya.billing.commands.standings import apply_standings
from waya.billing.tests.debtors import customers, invoiced, today
from waya.billing.tests.make import isp
from waya.billing.tests.test_one_pro_forma import ASKED, two
from waya.kernel.money import Money
from waya.messaging.models import Message
from waya.org.actors import SYSTEM
from waya.org.models import Entity
from waya.parties.models import Customer
from waya.subscriptions.commands.lives import activate, request
from waya.subscriptions.models import Subscription
from waya.subscriptions.rules.life import Renewal

pytestmark = pytest.mark.django_db


@pytest.fixture
def entity() -> Entity:
    return isp()


def said(row: Subscription, key: str) -> list[str]:
    rows = Message.objects.filter(customer_id=row.customer_id, key=key).order_by("pk")
    return list(rows.values_list("body", flat=True))


def wall(row: Subscription, on: date) -> None:
    apply_standings(entity_id=row.entity_id, customer_ids=[row.customer_id], on=on, by=SYSTEM)


def test_two_walled_are_told_once_with_what_brings_both_back(entity: Entity) -> None:
    home, shop = two(entity)
    wall(home, date(2027, 7, 10))
    (body,) = said(home, "blocked")
    assert "Your 2 services are off: KES 4,000 was due 9 Jul" in body
    wall(home, date(2027, 7, 11))
    assert len(said(home, "blocked")) == 1
    home.refresh_from_db()
    shop.refresh_from_db()
    assert {home.state, shop.state} == {Subscription.SUSPENDED}


def test_in_swahili(entity: Entity) -> None:
    home, _ = two(entity)
    Customer.objects.filter(pk=home.customer_id).update(language="sw")
    wall(home, date(2027, 7, 10))
    (body,) = said(home, "blocked")
    assert body.startswith("Huduma zako 2 zimesimama: KES 4,000")


def test_one_walled_alone_is_told_as_before(entity: Entity) -> None:
    home, shop = two(entity)
    Subscription.objects.filter(pk=shop.pk).update(paid_through=date(2027, 9, 10))
    wall(home, date(2027, 7, 10))
    (body,) = said(home, "blocked")
    assert body.startswith("Your internet is off: KES 2,500 was due 9 Jul")


def test_an_invoice_that_walls_several_is_asked_for_once(entity: Entity) -> None:
    (first,) = customers(entity)
    second = request(customer=first.customer, site=first.site, plan=first.plan,
                     router_id=first.router_id, by=SYSTEM)  # fmt: skip
    day = today()
    activate(renewals=[Renewal(second.pk, day, None, day, day.day)], by=SYSTEM)
    invoiced(first, 10, minor=2500_00)
    invoiced(second, 9, minor=700_00)
    wall(first, day)
    (body,) = said(first, "blocked")
    assert "Your 2 services are off: KES 3,200 was due" in body


def test_two_that_are_asked_for_are_said_once_and_each_is_named(entity: Entity) -> None:
    home, _ = two(entity)
    remind(entity_id=entity.pk, on=ASKED, by=SYSTEM)
    (body,) = said(home, "renewal")
    assert "KES 4,000 renews Home 10 Mbps, prepaid 5 from 10 Jul" in body
    remind(entity_id=entity.pk, on=ASKED, by=SYSTEM)
    assert len(said(home, "renewal")) == 1


def test_reminded_of_two_once_a_night(entity: Entity) -> None:
    home, _ = two(entity)
    remind(entity_id=entity.pk, on=date(2027, 7, 8), by=SYSTEM)
    (body,) = said(home, "reminder")
    assert "KES 4,000 is due on 9 Jul" in body
    remind(entity_id=entity.pk, on=date(2027, 7, 8), by=SYSTEM)
    assert len(said(home, "reminder")) == 1


def test_what_is_due_on_several_days_says_each(entity: Entity) -> None:
    home, _ = two(entity)
    owner = home.customer_id
    notify(
        notices=[
            Notice(owner, "reminder", Money(2500_00, "KES"), date(2027, 7, 9), "a"),
            Notice(owner, "reminder", Money(1500_00, "KES"), date(2027, 7, 12), "b"),
        ],
        by=SYSTEM,
    )
    (body,) = said(home, "reminder")
    assert "KES 4,000 is due on 9 Jul (KES 2,500), 12 Jul (KES 1,500)" in body


def test_other_customers_are_told_for_themselves(entity: Entity) -> None:
    rows = customers(entity, 3)
    for row in rows:
        invoiced(row, 10)
    apply_standings(
        entity_id=entity.pk, customer_ids=[row.customer_id for row in rows], on=today(), by=SYSTEM
    )
    assert [len(said(row, "blocked")) for row in rows] == [1, 1, 1]
