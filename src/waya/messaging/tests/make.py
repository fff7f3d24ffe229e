"""Rows for tests, made through commands: Baraka Net, and something to say."""

from __future__ import annotations

from waya.messaging.commands import choose_gateway
from waya.messaging.models import Gateway
from waya.messaging.policy import MessagePolicy
from waya.messaging.rules.words import Say
from waya.org.actors import SYSTEM
from waya.org.commands.people import open_entity
from waya.org.commands.policies import choose
from waya.org.models import Entity


def baraka_net(name: str = "Baraka Net") -> Entity:
    """The ISP, which disturbs its customers at any hour."""
    entity = open_entity(
        name=name, legal_name=f"{name} Ltd", country="KE", currency="KES",
        zone="Africa/Nairobi", phone="+254700000400", by=SYSTEM,
    )  # fmt: skip
    choose(
        entity_id=entity.pk, choices=MessagePolicy(quiet_from_hour=0, quiet_until_hour=0), by=SYSTEM
    )
    return entity


def gateway(entity: Entity, base_url: str) -> Gateway:
    """A carrier that the lab lets in."""
    return choose_gateway(
        entity_id=entity.pk, base_url=base_url, username="sandbox", api_key="lab-sms-key", by=SYSTEM
    )


def say(entity: Entity, once: str, *, to: str = "+254700000418", key: str = "received") -> Say:
    """Thanks to Chebet."""
    values = {
        "name": "Chebet", "amount": "KES 2,500", "receipt": once, "account": "104 828 3",
        "due": "12 Nov",
    }  # fmt: skip
    return Say(entity.pk, to, key, "en", values, once=once, customer_id=7)
