"""Who has a promotion, for how many periods more, and what it took off so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, QuerySet, Sum

from waya.billing.models import InvoiceLine
from waya.catalog.models import Promotion
from waya.kernel.money import Money
from waya.org.rows.among import among
from waya.subscriptions.models import Grant


@dataclass(frozen=True, slots=True)
class Held:
    """A promotion that a subscription has: `had` periods of it were invoiced, `left` are to
    come (None: all), and it took off so much, taxes included."""

    grant: Grant
    had: int
    left: int | None
    off: Money


def grants_of(promotion: Promotion) -> QuerySet[Grant]:
    """Who has a promotion, whoever had it last first."""
    rows = Grant.objects.filter(promotion=promotion)
    return rows.select_related("subscription__customer", "subscription__plan").order_by("-pk")


def granted_counts(entity_id: int) -> dict[int, int]:
    """How many have each promotion of an entity."""
    rows = Grant.objects.filter(promotion__entity_id=entity_id)
    return dict(rows.values_list("promotion_id").annotate(many=Count("pk")))


def held(promotion: Promotion, grants: Sequence[Grant], currency: str) -> list[Held]:
    """What became of a promotion for those who have it; one query for any number of them."""
    keys = [one.subscription_id for one in grants]
    lines = InvoiceLine.objects.filter(
        subscription_id__in=among(keys), charge__startswith=f"discount:{promotion.code}:"
    )
    found = {
        key: (had, minor)
        for key, had, minor in lines.values_list("subscription_id").annotate(
            had=Count("start", distinct=True), minor=Sum("total_minor")
        )
    }
    rows = []
    for one in grants:
        had, minor = found.get(one.subscription_id, (0, 0))
        left = None if promotion.periods is None else max(promotion.periods - had, 0)
        rows.append(Held(one, had, left, Money(-minor, currency)))
    return rows
