"""Customers with a plan and money, made through commands."""

from __future__ import annotations

from datetime import date, timedelta

from waya.billing.commands.documents import quote
from waya.billing.commands.settle import settle_many
from waya.billing.queries.pricing import PriceList, described
from waya.billing.rules.drafts import Draft, DraftLine
from waya.billing.rules.engine.whole import Due, WholePeriods
from waya.billing.rules.offers import Offer, Settlement
from waya.catalog.commands import add_plan, seed_taxes
from waya.catalog.models import Plan
from waya.kernel.money import Money
from waya.ledger.tests.make import books
from waya.network.commands.routers import add_router
from waya.org.actors import SYSTEM
from waya.org.models import Entity
from waya.parties.commands.customers import lock_customers, register
from waya.subscriptions.commands.lives import activate, request
from waya.subscriptions.models import Subscription
from waya.subscriptions.queries import router_for
from waya.subscriptions.rules.life import Renewal

JUNE_10 = date(2027, 6, 10)


def isp() -> Entity:
    """Baraka Net with books, taxes, a router that nobody answers for, and two plans."""
    entity = books()
    seed_taxes(by=SYSTEM)
    add_router(
        entity_id=entity.pk,
        name="Lanet-1",
        place="Lanet",
        host="127.0.0.1",
        port=1,
        username="waya",
        password="x",
        portal_host="127.0.0.1",
        portal_port=8800,
        by=SYSTEM,
    )
    return entity


def home_10(entity: Entity) -> Plan:
    """Home 10 Mbps, prepaid, KES 2,500 a month with taxes inside."""
    return _plan(entity, "home-10", "Home 10 Mbps", Plan.PREPAID, None)


def office_20(entity: Entity, calendar_day: int | None = None) -> Plan:
    """Office 20 Mbps, postpaid, KES 2,500 a month with taxes inside."""
    return _plan(entity, f"office-20-{calendar_day}", "Office 20 Mbps", Plan.POSTPAID, calendar_day)


def _plan(entity: Entity, code: str, name: str, mode: str, calendar_day: int | None) -> Plan:
    return add_plan(
        entity_id=entity.pk,
        code=code,
        name=name,
        mode=mode,
        down_kbps=10_000,
        up_kbps=10_000,
        price_minor=2500_00,
        valid_from=date(2020, 1, 1),
        calendar_day=calendar_day,
        by=SYSTEM,
    )


def wants(entity: Entity, plan: Plan, name: str = "Chebet Korir") -> Subscription:
    """A new customer who has asked for a plan."""
    customer, site = register(
        entity_id=entity.pk, name=name, phone="0700000418", site_name="Lanet", by=SYSTEM
    )
    return request(customer=customer, site=site, plan=plan,
                   router_id=router_for(entity.pk).pk, by=SYSTEM)  # fmt: skip


def joined(entity: Entity, on: date = JUNE_10, name: str = "Chebet Korir") -> Subscription:
    """A prepaid customer who joined and paid on a day."""
    subscription = wants(entity, home_10(entity), name)
    quote(subscription_id=subscription.pk, on=on, by=SYSTEM)
    pays(subscription, 2500_00, on)
    subscription.refresh_from_db()
    return subscription


def in_service(entity: Entity, plan: Plan, on: date) -> Subscription:
    """A postpaid customer in service from a day."""
    subscription = wants(entity, plan, "Brian Mwangi")
    renewal = Renewal(subscription.pk, on, None, on, plan.calendar_day or on.day)
    activate(renewals=[renewal], by=SYSTEM)
    subscription.refresh_from_db()
    return subscription


def pays(subscription: Subscription, minor: int, on: date) -> Settlement:
    """Money of a customer is settled; its own entry is the payment's to post."""
    customer_id = subscription.customer_id
    lock_customers(customer_ids=[customer_id], by=SYSTEM)
    offer = Offer(1, customer_id, Money(minor, "KES"), on)
    return settle_many(entity_id=subscription.entity_id, offers=[offer], by=SYSTEM)[1]


def month(subscription: Subscription, start: date, price_minor: int = 2500_00) -> Draft:
    """An invoice of the month of a subscription that begins on a day, in advance."""
    prices = PriceList([subscription.plan], "KE")
    asked = Due(subscription.pk, start, start.day, 1, price_minor)
    (whole,) = WholePeriods("KES").lines([asked], start, arrears=False)
    charged = prices.whole(prices.versions[subscription.version_id], whole, start)
    line = DraftLine(subscription.pk, described(subscription.plan, charged.period), charged,
                     "revenue:internet", True)  # fmt: skip
    return Draft(subscription.entity_id, subscription.customer_id, (line,), start,
                 start + timedelta(days=7))  # fmt: skip
