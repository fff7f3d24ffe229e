"""The chart of accounts and the fiscal periods."""

from __future__ import annotations

from datetime import date

from django.db import transaction

from waya.kernel.errors import Refused
from waya.ledger.models import Account, FiscalPeriod
from waya.ledger.rules.chart import CHART
from waya.org.actors import Actor
from waya.org.audit import Happened, record_many


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


@transaction.atomic
def open_account(
    *, entity_id: int, code: str, name: str, kind: str, purpose: str, by: Actor
) -> None:
    """Add an account for a purpose, such as a merchant's clearing account; once."""
    by.must("ledger.chart")
    Account.objects.get_or_create(
        entity_id=entity_id, purpose=purpose, defaults={"code": code, "name": name, "kind": kind}
    )


@transaction.atomic
def close_period(*, entity_id: int, start: date, end: date, by: Actor) -> FiscalPeriod:
    """Close a half-open stretch of days; the database then refuses entries in it.

    Refuses `period_overlaps` when part of it is closed already under other dates.
    """
    by = by.must("ledger.close")
    closed = FiscalPeriod.objects.filter(
        entity_id=entity_id, start__lt=end, end__gt=start, state=FiscalPeriod.CLOSED
    )
    if closed.exclude(start=start, end=end).exists():
        raise Refused("period_overlaps", start=start.isoformat(), end=end.isoformat())
    period, _ = FiscalPeriod.objects.update_or_create(
        entity_id=entity_id, start=start, defaults={"end": end, "state": FiscalPeriod.CLOSED}
    )
    why = {"start": start.isoformat(), "end": end.isoformat()}
    record_many(by, [Happened("period.closed", ("fiscal_period", period.pk), why=why)])
    return period
