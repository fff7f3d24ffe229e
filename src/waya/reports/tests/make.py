"""Baraka Net with somebody who paid, somebody who is late, and somebody who has not begun."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta

from waya.billing.commands.documents import quote
from waya.billing.commands.renewals import bill
from waya.billing.tests.make import home_10, in_service, office_20, wants
from waya.kernel import clock
from waya.org.actors import SYSTEM
from waya.org.models import Entity
from waya.payments.commands.counter import take_cash
from waya.payments.models import Merchant
from waya.payments.tests.make import asked, merchant
from waya.subscriptions.models import Subscription


@dataclass(frozen=True, slots=True)
class Town:
    """The entity, and what each of the cast has."""

    merchant: Merchant
    entity: Entity
    amina: Subscription
    brian: Subscription
    chebet: Subscription

    @property
    def today(self) -> date:
        """The business date there."""
        return clock.today(self.entity.zone)


def town() -> Town:
    """Amina paid three days ago, Brian's invoice is overdue, Chebet was quoted today."""
    paybill = merchant()
    entity = paybill.entity
    with _days_ago(50) as on:
        brian = in_service(entity, office_20(entity), on)
    with _days_ago(18) as on:
        bill(entity_id=entity.pk, on=on, by=SYSTEM)
    with _days_ago(3) as on:
        amina = wants(entity, home_10(entity), "Amina Hassan")
        quote(subscription_id=amina.pk, on=on, by=SYSTEM)
        take_cash(entity_id=entity.pk, customer_id=amina.customer_id, amount_minor=2500_00,
                  slip="SLIP-1", on=on, by=SYSTEM)  # fmt: skip
    return Town(paybill, entity, amina, brian, asked(entity))


@contextmanager
def _days_ago(days: int) -> Iterator[date]:
    clock.install(lambda: timedelta(days=-days))
    try:
        yield clock.today("Africa/Nairobi")
    finally:
        clock.install(timedelta)
