"""The chart of accounts."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from waya.ledger.models import Account
from waya.ledger.queries.charts import chart_of
from waya.ledger.rules.chart import CHART, tax_account
from waya.org.actors import Actor
from waya.org.models import Entity
from waya.org.rows.asking import ask


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


def open_tax_accounts(*, entity_id: int, purposes: Iterable[str], by: Actor) -> dict[str, int]:
    """Open the accounts of taxes that an entity's chart has not; gives the whole chart by
    purpose. Two at once open each once. It is read and not remembered: until the transaction
    ends, nobody else may rely on it."""
    by.must("ledger.chart")
    ask(_ALONE, [entity_id])
    known = Account.objects.filter(entity_id=entity_id)
    taken = set(known.values_list("code", flat=True))
    chart = dict(known.values_list("purpose", "pk"))
    for purpose in sorted(set(purposes) - set(chart)):
        one = tax_account(purpose, taken)
        row = Account.objects.create(entity_id=entity_id, code=one.code, name=one.name,
                                     kind=one.kind, purpose=purpose)  # fmt: skip
        taken.add(one.code)
        chart[purpose] = row.pk
    return chart


_ALONE = "select pg_advisory_xact_lock(hashtext('waya.chart'), %s)"


def seed_charts(*, by: Actor) -> None:
    """Give every entity the accounts of the chart that it has not: a later Waya may book to
    one that an earlier did not know."""
    by = by.must("ledger.chart")
    for entity_id in Entity.objects.order_by("pk").values_list("pk", flat=True):
        seed_chart(entity_id=entity_id, by=by)
