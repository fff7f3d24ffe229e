"""What is sold, for how much from when, and who has it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import Count

from waya.catalog.models import Plan
from waya.catalog.queries import Priced, prices, tax_rates
from waya.org.models import Entity
from waya.subscriptions.models import Subscription


@dataclass(frozen=True, slots=True)
class Sold:
    """A plan: its price now and ahead, all its prices newest first, its taxes, its customers."""

    plan: Plan
    now: Priced | None
    ahead: Priced | None
    prices: list[Priced]
    taxes: str
    customers: int


def plans(entity: Entity, today: date) -> list[Sold]:
    """Every plan, those on sale first, then by speed. Four queries."""
    rows = list(Plan.objects.filter(entity=entity).order_by("-on_sale", "down_kbps", "pk"))
    known = prices([row.pk for row in rows])
    counts = dict(
        Subscription.objects.filter(plan__in=rows)
        .exclude(state=Subscription.ENDED)
        .values_list("plan_id")
        .annotate(many=Count("pk"))
    )
    taxes = {
        kind: ", ".join(f"{one.name} {one.rate_percent.normalize():f} %"
                        for one in tax_rates(entity.country, kind, today))
        for kind in {row.tax_class for row in rows}
    }  # fmt: skip
    return [
        Sold(
            plan=row,
            now=next((one for one in known.get(row.pk, []) if one.valid_from <= today), None),
            ahead=next((one for one in reversed(known.get(row.pk, [])) if one.valid_from > today),
                       None),
            prices=known.get(row.pk, []),
            taxes=taxes[row.tax_class],
            customers=counts.get(row.pk, 0),
        )
        for row in rows
    ]  # fmt: skip
