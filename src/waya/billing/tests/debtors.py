"""Customers with debts of a certain age, made through commands."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from waya.billing.commands.dunning.ladders import choose_ladder
from waya.billing.commands.invoices import issue
from waya.billing.models import Invoice
from waya.billing.rules.drafts import Charged, Draft, DraftLine
from waya.billing.rules.tax import inside
from waya.billing.rules.tax.stack import Stack
from waya.billing.tests.make import office_20
from waya.catalog.models import Plan
from waya.kernel import clock
from waya.kernel.money import Money
from waya.kernel.periods import Period
from waya.org.actors import SYSTEM
from waya.org.models import Entity
from waya.parties.commands.customers import register
from waya.subscriptions.commands.lives import activate, request
from waya.subscriptions.models import Subscription
from waya.subscriptions.queries import router_for
from waya.subscriptions.rules.life import Renewal

FEE = {"key": "late-fee", "action": "fee", "debts": ["invoice"], "from_days": 5,
       "fee_minor": 200_00}  # fmt: skip
WALL = {"key": "wall", "action": "wall", "debts": ["invoice", "renewal"], "from_days": 4}
OFF = {"key": "off", "action": "disconnect", "debts": ["invoice"], "from_days": 30}
CALL = {"key": "call", "action": "follow_up", "debts": ["invoice"], "from_days": 10,
        "words": "Call, and ask when they pay"}  # fmt: skip
LOST = {"key": "lost", "action": "write_off", "debts": ["invoice"], "from_days": 90}
REMIND = {"key": "remind", "action": "message", "debts": ["invoice"], "from_days": 1,
          "through_days": 1, "text": "reminder"}  # fmt: skip


def today() -> date:
    """The business day."""
    return clock.today("Africa/Nairobi")


def climbs(entity: Entity, *rungs: dict[str, Any], **segment: Any) -> None:
    """The entity chooses a ladder: these rungs for a segment, and for the rest nothing; or for
    everybody."""
    rows: list[dict[str, Any]] = [{"key": "rest", "rungs": [] if segment else list(rungs)}]
    if segment:
        rows.insert(0, {"key": "some", "rungs": list(rungs), **segment})
    choose_ladder(entity_id=entity.pk, segments=rows, by=SYSTEM)


def office(entity: Entity) -> Plan:
    """The postpaid plan, made once."""
    return Plan.objects.filter(entity=entity, mode=Plan.POSTPAID).first() or office_20(entity)


def customers(entity: Entity, count: int = 1, first: int = 0) -> list[Subscription]:
    """Postpaid customers in service, billed through today."""
    rows = []
    for number in range(first, first + count):
        customer, site = register(
            entity_id=entity.pk, name=f"Brian {number}", phone=f"07110{number:05}",
            site_name="Lanet", by=SYSTEM,
        )  # fmt: skip
        rows.append(request(customer=customer, site=site, plan=office(entity),
                            router_id=router_for(entity.pk).pk, by=SYSTEM))  # fmt: skip
    day = today()
    activate(renewals=[Renewal(row.pk, day, None, day, day.day) for row in rows], by=SYSTEM)
    return rows


def invoiced(
    row: Subscription, late: int, *, minor: int = 2500_00, one_time: bool = False
) -> Invoice:
    """An invoice of a customer that fell due so many days ago, of no taxes."""
    due = today() - timedelta(days=late)
    issued = due - timedelta(days=7)
    charged = Charged(Period(issued, issued + timedelta(days=1)), inside(
        Money(minor, "KES"), Stack(())), {})  # fmt: skip
    line = DraftLine(
        subscription_id=None if one_time else row.pk, description="Office 20 Mbps",
        charged=charged, revenue="revenue:internet", in_advance=False,
    )  # fmt: skip
    (one,) = issue(
        drafts=[Draft(row.entity_id, row.customer_id, (line,), issued_on=issued, due_on=due)],
        by=SYSTEM,
    )
    return Invoice.objects.get(pk=one.id)
