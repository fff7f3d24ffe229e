"""The chart of accounts."""

from __future__ import annotations

from django.db import transaction

from waya.ledger.models import Account
from waya.ledger.queries.charts import chart_of
from waya.ledger.rules.chart import CHART
from waya.org.actors import Actor
from waya.org.models import Entity


@transaction.atomic
def seed_chart(*, entity_id: int, by: Actor) -> None:
    """Give an entity the accounts of the chart that it has not; its own stay as they are."""
    by.must("ledger.chart")
    Account.objects.bulk_create(
        [
            Account(entity_id=entity_id, code=one.code, name=one.name, kind=one.kind,
                    purpose=one.purpose)
            for one in CHART
        ],
        ignore_conflicts=True,
    )  # fmt: skip
    chart_of.forget()


def seed_charts(*, by: Actor) -> None:
    """Give every entity the accounts of the chart that it has not: a later Waya may book to
    one that an earlier did not know."""
    by = by.must("ledger.chart")
    for entity_id in Entity.objects.order_by("pk").values_list("pk", flat=True):
        seed_chart(entity_id=entity_id, by=by)
