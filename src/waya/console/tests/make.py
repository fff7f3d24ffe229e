"""Baraka Net as its staff meet it: customers on time, late and cut off, and money in doubt."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta

from django.test import Client

from waya.billing.commands import documents, renewals, standings
from waya.billing.tests.make import home_10, isp, office_20
from waya.catalog.models import Plan
from waya.kernel import clock
from waya.org.actors import SYSTEM
from waya.org.models import Entity
from waya.org.tests.make import person
from waya.parties.commands.customers import register
from waya.payments.commands.counter import take_cash
from waya.payments.commands.merchants import add_merchant
from waya.payments.commands.notifications import receive
from waya.payments.commands.take import drain
from waya.payments.models import Merchant, Payment
from waya.subscriptions.commands import activate, request
from waya.subscriptions.models import Subscription
from waya.subscriptions.queries import router_for
from waya.subscriptions.rules.life import Renewal


@dataclass(frozen=True, slots=True)
class Town:
    """The entity, and what each of the cast has."""

    entity: Entity
    merchant: Merchant
    amina: Subscription
    brian: Subscription
    chebet: Subscription

    @property
    def today(self) -> date:
        """The business date there."""
        return clock.today(self.entity.zone)


def town() -> Town:
    """Amina paid today, Brian's invoice is overdue, Chebet's month ran out and she is walled."""
    entity = isp()
    today = clock.today(entity.zone)
    merchant = add_merchant(
        entity_id=entity.pk, short_code="600426", base_url="http://127.0.0.1:9", consumer_key="k",
        consumer_secret="s", passkey="p", by=SYSTEM,
    )  # fmt: skip
    amina = _joined(entity, "Amina Hassan", "0700000119", today - timedelta(days=3), "SLIP-1")
    brian = _late(entity, today)
    chebet = _joined(entity, "Chebet Korir", "0700000418", today - timedelta(days=40), "SLIP-2")
    renewals.bill(entity_id=entity.pk, on=today - timedelta(days=14), by=SYSTEM)
    standings.apply_standings(
        entity_id=entity.pk, customer_ids=[chebet.customer_id], on=today, by=SYSTEM
    )
    for one in (amina, brian, chebet):
        one.refresh_from_db()
    return Town(entity, merchant, amina, brian, chebet)


def wants(entity: Entity, plan: Plan, name: str, phone: str) -> Subscription:
    """A customer who has asked for a plan."""
    customer, site = register(
        entity_id=entity.pk, name=name, phone=phone, site_name="Lanet Estate",
        directions="Plot 14, blue gate", by=SYSTEM,
    )  # fmt: skip
    return request(
        customer=customer, site=site, plan=plan, router_id=router_for(entity.pk).pk, by=SYSTEM
    )


def _joined(entity: Entity, name: str, phone: str, on: date, slip: str) -> Subscription:
    one = wants(entity, home_10(entity), name, phone)
    documents.quote(subscription_id=one.pk, on=on, by=SYSTEM)
    take_cash(
        entity_id=entity.pk, customer_id=one.customer_id, amount_minor=2500_00, slip=slip, on=on,
        by=SYSTEM,
    )  # fmt: skip
    one.refresh_from_db()
    if on < clock.today(entity.zone) - timedelta(days=30):
        Subscription.objects.filter(pk=one.pk).update(
            paid_through=on + timedelta(days=30), billed_through=on + timedelta(days=30)
        )
        one.refresh_from_db()
    return one


def _late(entity: Entity, today: date) -> Subscription:
    one = wants(entity, office_20(entity), "Brian Mwangi", "0700000334")
    start = today - timedelta(days=50)
    activate(renewals=[Renewal(one.pk, start, None, start, start.day)], by=SYSTEM)
    renewals.bill(entity_id=entity.pk, on=start + timedelta(days=32), by=SYSTEM)
    one.refresh_from_db()
    return one


def paid_to(there: Town, typed: str, *, transaction: str = "UKL7X4T2R9", shillings: int = 2500,
            name: str = "CHEBET", payer: str = "2547 ***** 418") -> Payment:  # fmt: skip
    """M-PESA confirms a payment to the paybill with this account typed, and it is worked off."""
    now = clock.now()
    raw = json.dumps({
        "TransactionType": "Pay Bill", "TransID": transaction, "TransTime": f"{now:%Y%m%d%H%M%S}",
        "TransAmount": f"{shillings}.00", "BusinessShortCode": there.merchant.short_code,
        "BillRefNumber": typed, "InvoiceNumber": "", "OrgAccountBalance": "1.00",
        "ThirdPartyTransID": "", "MSISDN": payer, "FirstName": name, "MiddleName": "",
        "LastName": "",
    })  # fmt: skip
    receive(path=there.merchant.path, kind="c", raw=raw.encode(), address="127.0.0.1")
    drain(merchant_id=there.merchant.pk, by=SYSTEM)
    return Payment.objects.get(transaction=transaction)


def slip_of(account: str) -> str:
    """An account number with two neighbours swapped, so that its check digit fails."""
    for at in range(len(account) - 1, 0, -1):
        if account[at] != account[at - 1]:
            return account[: at - 1] + account[at] + account[at - 1] + account[at + 1 :]
    raise ValueError(account)


def signed_in(username: str, role: str) -> Client:
    """A browser of a named member of staff who has signed in."""
    client = Client()
    client.force_login(person(username, role).user)
    return client
