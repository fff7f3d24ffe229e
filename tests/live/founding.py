"""Run beside a fresh installation: Baraka Net with its masts, and households that joined today.

Prints JSON: the merchant's path, the routers' ids and every household. Nobody has paid yet.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "waya.settings")
django.setup()

from django.db import transaction  # noqa: E402

from waya.billing.commands.documents import quote  # noqa: E402
from waya.catalog.models import Plan  # noqa: E402
from waya.kernel import clock  # noqa: E402
from waya.lab.town.founding import Lab, found  # noqa: E402
from waya.messaging.policy import MessagePolicy  # noqa: E402
from waya.network.models import Router  # noqa: E402
from waya.network.policy import NetworkPolicy  # noqa: E402
from waya.org.actors import SYSTEM  # noqa: E402
from waya.org.commands.policies import choose  # noqa: E402
from waya.org.models import Entity  # noqa: E402
from waya.parties.commands.customers import register  # noqa: E402
from waya.payments.commands.merchants import register_urls  # noqa: E402
from waya.subscriptions.commands.lives import request  # noqa: E402


def open_for_business(told: dict[str, Any]) -> dict[str, Any]:
    """Found the ISP where the simulators are, with looks and messages that do not wait."""
    today = clock.today("Africa/Nairobi")
    lab = Lab(**(told["lab"] | {"router_ports": tuple(told["lab"]["router_ports"])}))
    entity, merchant = found(lab, today)
    fast = NetworkPolicy(sweep_every_seconds=6, poll_every_seconds=2)
    awake = MessagePolicy(quiet_from_hour=0, quiet_until_hour=0)
    for choices in (fast, awake):
        choose(entity_id=entity.pk, choices=choices, by=SYSTEM)
    register_urls(merchant_id=merchant.pk, by=SYSTEM)
    routers = list(Router.objects.filter(entity=entity).order_by("pk").values_list("pk", flat=True))
    households = [
        moves_in(entity, number, routers[number % len(routers)])
        for number in range(told["households"])
    ]
    return {"path": merchant.path, "routers": routers, "households": households}


@transaction.atomic
def moves_in(entity: Entity, number: int, router_id: int) -> dict[str, Any]:
    """A household that has asked for Home 5 Mbps and been quoted it."""
    phone = f"2547220000{number:02}"
    customer, site = register(
        entity_id=entity.pk, name=f"Household {number}", phone=f"+{phone}", site_name="Lanet",
        by=SYSTEM,
    )  # fmt: skip
    plan = Plan.objects.get(entity=entity, code="home-5")
    row = request(customer=customer, site=site, plan=plan, router_id=router_id, by=SYSTEM)
    quote(subscription_id=row.pk, on=clock.today(entity.zone), by=SYSTEM)
    return {
        "customer_id": customer.pk,
        "account": customer.account_number,
        "phone": phone,
        "username": row.username,
        "router_id": router_id,
    }


if __name__ == "__main__":
    print(json.dumps(open_for_business(json.loads(sys.argv[1]))))
