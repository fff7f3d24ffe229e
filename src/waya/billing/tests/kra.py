"""Baraka Net with a control unit at a KRA that others wrote: the `etims` package's fake."""

from __future__ import annotations

from datetime import date

from waya.billing.commands.fiscal import add_device
from waya.billing.commands.invoices import issue
from waya.billing.models import FiscalDevice, Invoice
from waya.billing.tests import make
from waya.catalog.commands import add_plan
from waya.catalog.models import Plan
from waya.kernel.periods import Period
from waya.org.actors import SYSTEM
from waya.org.models import Branch, Entity

PIN = "P051234567A"
SALES = "/saveTrnsSalesOsdc"  # where it takes invoices
JUNE = Period(date(2027, 6, 10), date(2027, 7, 10))


def device(entity: Entity, url: str, driver: str = "etims_oscu") -> FiscalDevice:
    """The head office's control unit, accepted by whoever answers at `url`."""
    branch = Branch.objects.get(entity=entity)
    return add_device(
        branch_id=branch.pk, driver=driver, base_url=url, tax_number=PIN, serial="WAYA-1",
        choices={"timeout_seconds": "2"}, by=SYSTEM,
    )  # fmt: skip


def invoices(entity: Entity, many: int, price_minor: int = 2500_00) -> list[Invoice]:
    """So many customers, each with an invoice of a month at KES 2,500, or another price."""
    plan = add_plan(
        entity_id=entity.pk, code=f"home-{price_minor}", name="Home 10 Mbps", mode=Plan.PREPAID,
        down_kbps=10_000, up_kbps=10_000, price_minor=price_minor,
        valid_from=date(2020, 1, 1), by=SYSTEM,
    )  # fmt: skip
    wanting = [make.wants(entity, plan, f"Customer {number}") for number in range(many)]
    issued = issue(drafts=[make.month(one, JUNE.start, price_minor) for one in wanting], by=SYSTEM)
    return list(Invoice.objects.filter(pk__in=[one.id for one in issued]).order_by("pk"))
