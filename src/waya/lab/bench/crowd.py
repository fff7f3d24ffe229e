"""Customers who are walled and about to pay: made through commands, and counted afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import connection, transaction

from waya.billing.commands.renewals import bill
from waya.billing.commands.standings import apply_standings
from waya.catalog.commands import add_plan, seed_taxes
from waya.catalog.models import Plan
from waya.kernel import clock
from waya.ledger.commands.accounts import seed_chart
from waya.network.commands.routers import add_router
from waya.network.models import DesiredAccess, Router
from waya.org.actors import SYSTEM
from waya.org.commands.people import open_entity, seed_roles
from waya.org.models import Entity
from waya.parties.commands.customers import register
from waya.payments.commands.merchants import add_merchant
from waya.payments.models import Merchant, Payment
from waya.subscriptions.commands.lives import activate, request
from waya.subscriptions.models import Subscription
from waya.subscriptions.rules.life import Renewal

PRICE_MINOR = 2500_00
_CHUNK = 200


@dataclass(frozen=True, slots=True)
class Member:
    """A walled customer: what they type at the paybill, and the box that dials for them."""

    username: str
    account_number: str
    router: int  # its place in the list of routers
    password: str


@dataclass(frozen=True, slots=True)
class Crowd:
    """Everybody, and the paybill they pay to."""

    merchant_path: str
    short_code: str
    members: Sequence[Member]


def gather(customers: int, router_ports: Sequence[int]) -> Crowd:
    """Make so many customers on these routers, all lapsed, walled and asked for a renewal."""
    entity, plan, merchant = _found()
    routers = _routers(entity, router_ports)
    for start in range(0, customers, _CHUNK):
        _join(entity, plan, routers, range(start, min(start + _CHUNK, customers)))
    today = clock.today(entity.zone)
    bill(entity_id=entity.pk, on=today, by=SYSTEM)
    owners = list(Subscription.objects.order_by("pk").values_list("customer_id", flat=True))
    for start in range(0, customers, _CHUNK):
        apply_standings(
            entity_id=entity.pk, customer_ids=owners[start : start + _CHUNK], on=today, by=SYSTEM
        )
    return Crowd(merchant.path, merchant.short_code, _members(routers))


def _found() -> tuple[Entity, Plan, Merchant]:
    entity = open_entity(
        name="Bench Net", legal_name="Bench Networks Ltd", country="KE", currency="KES",
        zone="Africa/Nairobi", phone="+254700000400", by=SYSTEM,
    )  # fmt: skip
    seed_roles(by=SYSTEM)
    seed_taxes(by=SYSTEM)
    seed_chart(entity_id=entity.pk, by=SYSTEM)
    plan = add_plan(
        entity_id=entity.pk, code="home-10", name="Home 10 Mbps", mode=Plan.PREPAID,
        down_kbps=10_000, up_kbps=10_000, price_minor=PRICE_MINOR,
        valid_from=clock.today(entity.zone) - timedelta(days=90), by=SYSTEM,
    )  # fmt: skip
    merchant = add_merchant(
        entity_id=entity.pk, short_code="600426", base_url="http://127.0.0.1:9",
        consumer_key="bench", consumer_secret="bench", passkey="bench", by=SYSTEM,
    )  # fmt: skip
    return entity, plan, merchant


def _routers(entity: Entity, ports: Sequence[int]) -> list[Router]:
    return [
        add_router(
            entity_id=entity.pk, name=f"Mast-{number}", place="Lanet", host="127.0.0.1", port=port,
            username="waya", password="waya", portal_host="127.0.0.1", portal_port=80, by=SYSTEM,
        )
        for number, port in enumerate(ports, start=1)
    ]  # fmt: skip


@transaction.atomic
def _join(entity: Entity, plan: Plan, routers: Sequence[Router], numbers: range) -> None:
    """Customers whose paid month ended yesterday."""
    today = clock.today(entity.zone)
    rows = [_subscribe(entity, plan, routers[n % len(routers)], n) for n in numbers]
    activate(renewals=[_lapsed(row.pk, today) for row in rows], by=SYSTEM)


def _subscribe(entity: Entity, plan: Plan, router: Router, number: int) -> Subscription:
    customer, site = register(
        entity_id=entity.pk, name=f"Customer {number}", phone=f"+2547{number:08}",
        site_name="Home", by=SYSTEM,
    )  # fmt: skip
    return request(customer=customer, site=site, plan=plan, router_id=router.pk, by=SYSTEM)


def _lapsed(subscription_id: int, today: date) -> Renewal:
    start = today - timedelta(days=30)
    return Renewal(subscription_id, start, today, today, start.day)


def _members(routers: Sequence[Router]) -> list[Member]:
    places = {router.pk: place for place, router in enumerate(routers)}
    with connection.cursor() as cursor:
        cursor.execute("select name, password from radius_private.access_secret")
        passwords = dict(cursor.fetchall())
    rows = Subscription.objects.order_by("pk").values_list(
        "username", "customer__account_number", "router_id"
    )
    return [
        Member(username, account, places[router_id], passwords[username])
        for username, account, router_id in rows
    ]


def owed() -> int:
    """How many names their routers are not known to hold."""
    return DesiredAccess.objects.filter(confirmed_at=None).count()


def proven_at(usernames: Collection[str]) -> dict[str, tuple[float, float]]:
    """When each of these was restored in the books, and when its router was read back, in
    seconds since the epoch."""
    rows = DesiredAccess.objects.filter(
        name__in=list(usernames), restricted=False, confirmed_at__isnull=False
    )
    return {
        name: (since.timestamp(), at.timestamp())
        for name, since, at in rows.values_list("name", "since", "confirmed_at")
        if at
    }


def booked(transactions: Collection[str]) -> Counter[str]:
    """How often each payment is in the books."""
    rows = Payment.objects.filter(transaction__in=list(transactions))
    return Counter(rows.values_list("transaction", flat=True))
