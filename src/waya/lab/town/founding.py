"""Found the ISP: company, books, plans, routers, staff, paybill and SMS gateway."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from waya.catalog.commands import add_plan, seed_taxes
from waya.lab.daraja.safaricom import SANDBOX_PASSKEY
from waya.lab.town.people import PASSWORD, SHORT_CODE, STAFF
from waya.ledger.commands.accounts import seed_chart
from waya.messaging.commands import choose_gateway
from waya.network.commands.routers import add_router, change_login
from waya.org.actors import SYSTEM
from waya.org.commands.people import invite, open_entity, seed_roles
from waya.org.models import Entity
from waya.payments.commands.merchants import add_merchant
from waya.payments.models import Merchant

PLANS = (
    ("home-5", "Home 5 Mbps", "prepaid", 5_000, 1500_00),
    ("home-10", "Home 10 Mbps", "prepaid", 10_000, 2500_00),
    ("home-20", "Home 20 Mbps", "prepaid", 20_000, 3500_00),
    ("office-20", "Office 20 Mbps", "postpaid", 20_000, 6000_00),
)
MASTS = (("Lanet-1", "Lanet"), ("Milimani-1", "Milimani"), ("Pipeline-1", "Pipeline"))


@dataclass(frozen=True, slots=True)
class Lab:
    """Where the simulators answer, all on loopback."""

    daraja_url: str
    control_url: str
    router_ports: tuple[int, ...]
    portal_host: str
    portal_port: int


def found(lab: Lab, on: date) -> tuple[Entity, Merchant]:
    """Open Baraka Net, or find it; routers and gateways follow where the lab is today."""
    entity = open_entity(
        name="Baraka Net",
        legal_name="Baraka Networks Ltd",
        country="KE",
        currency="KES",
        zone="Africa/Nairobi",
        phone="+254700000400",
        address="Kaunda Street 12\nP.O. Box 4100-00100\nNairobi",
        by=SYSTEM,
    )
    seed_roles(by=SYSTEM)
    seed_taxes(by=SYSTEM)
    seed_chart(entity_id=entity.pk, by=SYSTEM)
    for username, name, role in STAFF:
        invite(entity=entity, username=username, name=name, role=role, password=PASSWORD, by=SYSTEM)
    for code, name, mode, kbps, price_minor in PLANS:
        add_plan(
            entity_id=entity.pk,
            code=code,
            name=name,
            mode=mode,
            down_kbps=kbps,
            up_kbps=kbps,
            price_minor=price_minor,
            valid_from=on,
            by=SYSTEM,
        )
    _routers(entity, lab)
    choose_gateway(
        entity_id=entity.pk,
        base_url=lab.daraja_url,
        username="sandbox",
        api_key="lab-sms-key",
        sender="BARAKA",
        by=SYSTEM,
    )
    return entity, _merchant(entity, lab)


def _routers(entity: Entity, lab: Lab) -> None:
    """Each with its own pool: the pay page knows a line by its address."""
    for number, ((name, place), port) in enumerate(zip(MASTS, lab.router_ports, strict=True)):
        router = add_router(
            entity_id=entity.pk,
            name=name,
            place=place,
            host="127.0.0.1",
            port=port,
            username="waya",
            password="waya",
            portal_host=lab.portal_host,
            portal_port=lab.portal_port,
            pool="customers",
            local_address=f"10.{number}.0.1",
            by=SYSTEM,
        )
        if router.port != port:
            change_login(
                router_id=router.pk, host="127.0.0.1", port=port, username="waya",
                password="waya", by=SYSTEM,
            )  # fmt: skip


def _merchant(entity: Entity, lab: Lab) -> Merchant:
    return add_merchant(
        entity_id=entity.pk,
        short_code=SHORT_CODE,
        base_url=lab.daraja_url,
        consumer_key="lab-consumer-key",
        consumer_secret="lab-consumer-secret",
        passkey=SANDBOX_PASSKEY,
        by=SYSTEM,
    )
