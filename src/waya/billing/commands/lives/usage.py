"""Note what was used, to be billed when its period is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import transaction

from waya.billing.models import Usage
from waya.billing.queries.lives.due import opens_on
from waya.catalog.models import Plan
from waya.kernel.errors import Refused
from waya.org.actors import Actor
from waya.subscriptions.models import Subscription


@dataclass(frozen=True, slots=True)
class Count:
    """So much of a metric, used by a subscription on a day; a source counts once."""

    subscription_id: int
    metric: str
    on: date
    quantity: Decimal
    source: str


@transaction.atomic
def record_usage(*, counts: Sequence[Count], by: Actor) -> None:
    """Keep counts of what was used; one that is known by its source already is passed over.
    What is used on days that nobody paid for counts with the next that somebody does.

    Refuses `usage_billed` for a day that is on an invoice, and `usage_negative`; nothing of the
    batch is then kept.
    """
    by.must("billing.usage")
    wanted = {one.subscription_id for one in counts}
    known = set(
        Usage.objects.filter(
            subscription_id__in=wanted, source__in={one.source for one in counts}
        ).values_list("subscription_id", "metric", "source")
    )
    fresh = [one for one in counts if (one.subscription_id, one.metric, one.source) not in known]
    rows = Subscription.objects.filter(pk__in=wanted).select_for_update(no_key=True, of=("self",))
    known_rows = {row.pk: row for row in rows.select_related("plan").order_by("pk")}
    for one in fresh:
        if one.quantity < 0:
            raise Refused("usage_negative")
        row = known_rows[one.subscription_id]
        if _is_billed(row, one.on):
            raise Refused("usage_billed", on=one.on.isoformat())
    Usage.objects.bulk_create(
        [
            Usage(subscription_id=one.subscription_id, metric=one.metric, on=one.on,
                  quantity=one.quantity, source=one.source)
            for one in fresh
        ]
    )  # fmt: skip


def _is_billed(row: Subscription, on: date) -> bool:
    """Whether what is used on a day was counted on a bill; in a trial it never is."""
    prepaid = row.plan.mode == Plan.PREPAID
    through = row.metered_through if prepaid else row.billed_through
    if through is None or on >= through or row.started_on is None:
        return False
    return on >= opens_on(row, row.started_on)
