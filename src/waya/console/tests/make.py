"""Baraka Net as its staff meet it: customers on time, late and cut off, and money in doubt."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from waya.billing.commands import documents, renewals, standings
from waya.billing.tests.make import home_10, isp, office_20
from waya.catalog.models import Plan
from waya.kernel import clock
from waya.network.commands.reconcile import reconcile
from waya.network.commands.sessions import poll
from waya.network.commands.sweep import sweep
from waya.network.drivers.fake import FakeRouter
from waya.network.tests.make import Watched, network
from waya.org.actors import SYSTEM
from waya.org.models import Entity
from waya.org.tests.kept import kept
from waya.org.tests.make import person
from waya.parties.commands.customers import register
from waya.payments.commands.counter import take_cash
from waya.payments.commands.merchants import add_merchant
from waya.payments.commands.notifications import receive
from waya.payments.commands.take import drain
from waya.payments.models import Merchant, Payment
from waya.subscriptions.commands.lives import activate, request
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
    clock.install(timedelta)
    return kept(_town)


def _town() -> Town:
    entity = isp()
    merchant = add_merchant(
        entity_id=entity.pk, short_code="600426", base_url="http://127.0.0.1:9", consumer_key="k",
        consumer_secret="s", passkey="p", by=SYSTEM,
    )  # fmt: skip
    amina = _joined(entity, "Amina Hassan", "0700000119", 3, "SLIP-1")
    brian = _late(entity)
    chebet = _joined(entity, "Chebet Korir", "0700000418", 40, "SLIP-2")
    with days_ago(14) as on:
        renewals.bill(entity_id=entity.pk, on=on, by=SYSTEM)
    with days_ago(9) as on:
        standings.apply_standings(
            entity_id=entity.pk, customer_ids=[chebet.customer_id], on=on, by=SYSTEM
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


@contextmanager
def days_ago(days: int) -> Iterator[date]:
    """Business time as it was; gives the day."""
    clock.install(lambda: timedelta(days=-days))
    try:
        yield clock.today("Africa/Nairobi")
    finally:
        clock.install(timedelta)


def _joined(entity: Entity, name: str, phone: str, days: int, slip: str) -> Subscription:
    with days_ago(days) as on:
        one = wants(entity, home_10(entity), name, phone)
        documents.quote(subscription_id=one.pk, on=on, by=SYSTEM)
        take_cash(
            entity_id=entity.pk, customer_id=one.customer_id, amount_minor=2500_00, slip=slip,
            on=on, by=SYSTEM,
        )  # fmt: skip
    return one


def _late(entity: Entity) -> Subscription:
    with days_ago(50) as start:
        one = wants(entity, office_20(entity), "Brian Mwangi", "0700000334")
        activate(renewals=[Renewal(one.pk, start, None, start, start.day)], by=SYSTEM)
    with days_ago(18) as on:
        renewals.bill(entity_id=entity.pk, on=on, by=SYSTEM)
    return one


def paid_to(there: Town, typed: str, *, transaction: str = "UKL7X4T2R9", shillings: int = 2500,
            name: str = "CHEBET", payer: str = "2547 ***** 418") -> Payment:  # fmt: skip
    """M-PESA confirms a payment to the paybill with this account typed, and it is worked off."""
    now = clock.now().astimezone(ZoneInfo(there.entity.zone))
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


@contextmanager
def on_the_wire(there: Town, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeRouter]:
    """The router answers, holds what it should, and whoever may dials in."""
    held = Watched("Lanet-1", right_password="x")
    with network(monkeypatch) as made:
        made.routers[1] = held
        router_id = there.amina.router_id
        reconcile(router_id=router_id, by=SYSTEM)
        for one in (there.amina, there.brian, there.chebet):
            held.dial(one.username)
        poll(router_id=router_id, by=SYSTEM)
        sweep(router_id=router_id, by=SYSTEM)
        yield held
