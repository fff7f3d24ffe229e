"""Several prepaid subscriptions of a customer, asked for as one sum and paid as one."""

from __future__ import annotations

from datetime import date

import pytest

from waya.billing.commands.documents import quote
from waya.billing.commands.reminders import remind
from waya.billing.models import ProForma
from waya.billing.queries.accounts import account
from waya.billing.tests.make import JUNE_10, home_10, isp, pays
from waya.billing.tests.test_changes import held, plan_of
from waya.billing.tests.test_charges import choose, days
from waya.messaging.models import Message
from waya.org.actors import SYSTEM
from waya.org.models import Entity
from waya.parties.commands.customers import register
from waya.subscriptions.commands.lives import request
from waya.subscriptions.models import Subscription
from waya.subscriptions.queries import router_for

pytestmark = pytest.mark.django_db

ASKED = date(2027, 7, 6)


def two(entity: Entity) -> tuple[Subscription, Subscription]:
    """A house and a shop of one customer, both paid for from 10 June to 10 July."""
    customer, site = register(
        entity_id=entity.pk, name="Chebet Korir", phone="0700000418", site_name="Lanet", by=SYSTEM
    )
    rows = [
        request(customer=customer, site=site, plan=plan, router_id=router_for(entity.pk).pk,
                by=SYSTEM)
        for plan in (home_10(entity), plan_of(entity, 5_000, 1500_00))
    ]  # fmt: skip
    for row in rows:
        quote(subscription_id=row.pk, on=JUNE_10, by=SYSTEM)
    pays(rows[0], 4000_00, JUNE_10)
    days(entity, ASKED, ASKED)
    return rows[0], rows[1]


def paid(*rows: Subscription) -> list[date | None]:
    for row in rows:
        row.refresh_from_db()
    return [row.paid_through for row in rows]


def test_less_than_the_one_sum_pays_none_of_it() -> None:
    entity = isp()
    choose(entity, one_bill=True)
    home, shop = two(entity)
    assert account(home.customer_id, entity.pk).to_pay.minor == 4000_00
    pays(home, 2500_00, ASKED)
    assert (paid(home, shop), held(home)) == ([date(2027, 7, 10)] * 2, 2500_00)
    pays(home, 1500_00, ASKED)
    assert (paid(home, shop), held(home)) == ([date(2027, 8, 10)] * 2, 0)
    assert not ProForma.objects.filter(state=ProForma.OPEN).exists()


def test_by_policy_the_oldest_is_paid_first() -> None:
    entity = isp()
    choose(entity, one_bill=True, one_pro_forma="each")
    home, shop = two(entity)
    pays(home, 2500_00, ASKED)
    assert paid(home, shop) == [date(2027, 8, 10), date(2027, 7, 10)]


def test_the_sum_that_is_asked_for_is_the_one_sum() -> None:
    entity = isp()
    choose(entity, one_bill=True)
    home, _ = two(entity)
    remind(entity_id=entity.pk, on=ASKED, by=SYSTEM)
    remind(entity_id=entity.pk, on=ASKED, by=SYSTEM)
    asked = Message.objects.filter(customer_id=home.customer_id, once__startswith="renewal:")
    (said,) = asked.values_list("body", flat=True)
    assert "4,000" in said
