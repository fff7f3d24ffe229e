"""Fiscal periods: open, soft-closed, locked. The database refuses entries in closed ones."""

from __future__ import annotations

from datetime import date

from django.db import connection, transaction

from waya.kernel.errors import Refused
from waya.ledger.models import FiscalPeriod
from waya.org.actors import Actor
from waya.org.audit import Happened, record_many

# Whoever posts holds this shared: closing waits for them, and those after wait for it.
_ALONE = "select pg_advisory_xact_lock(hashtext('waya.periods'), %s)"


@transaction.atomic
def soft_close(*, entity_id: int, start: date, end: date, by: Actor) -> FiscalPeriod:
    """Close a half-open stretch of days to all but adjusting entries; it can be reopened.

    What the day's work dates in it goes to the first open day. Refuses `period_overlaps` as
    `close_period` does, and `period_locked` for one that is locked.
    """
    by = by.must("ledger.close")
    _take_turns(entity_id)
    if FiscalPeriod.objects.filter(
        entity_id=entity_id, start=start, end=end, state=FiscalPeriod.LOCKED
    ).exists():
        raise Refused("period_locked", start=start.isoformat(), end=end.isoformat())
    return _shut(entity_id, start, end, FiscalPeriod.SOFT_CLOSED, "period.soft_closed", by)


@transaction.atomic
def close_period(*, entity_id: int, start: date, end: date, by: Actor) -> FiscalPeriod:
    """Lock a half-open stretch of days; the database then refuses every entry in it, for good.

    Entries that are being posted are waited for. Refuses `period_overlaps` when part of it is
    closed already under other dates.
    """
    by = by.must("ledger.close")
    _take_turns(entity_id)
    return _shut(entity_id, start, end, FiscalPeriod.LOCKED, "period.closed", by)


@transaction.atomic
def reopen_period(*, entity_id: int, start: date, by: Actor) -> FiscalPeriod:
    """Open the soft-closed period that begins on a day. Refuses `period_locked` for a locked
    one, and `period_unknown` where none begins."""
    by = by.must("ledger.close")
    _take_turns(entity_id)
    period = FiscalPeriod.objects.filter(entity_id=entity_id, start=start).first()
    if period is None:
        raise Refused("period_unknown", start=start.isoformat())
    if period.state == FiscalPeriod.LOCKED:
        raise Refused("period_locked", start=start.isoformat(), end=period.end.isoformat())
    period.state = FiscalPeriod.OPEN
    period.save(update_fields=["state"])
    _record(by, "period.reopened", period)
    return period


def _take_turns(entity_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_ALONE, [entity_id])


def _shut(
    entity_id: int, start: date, end: date, state: str, action: str, by: Actor
) -> FiscalPeriod:
    others = FiscalPeriod.objects.filter(entity_id=entity_id, start__lt=end, end__gt=start).exclude(
        state=FiscalPeriod.OPEN
    )
    if others.exclude(start=start, end=end).exists():
        raise Refused("period_overlaps", start=start.isoformat(), end=end.isoformat())
    period, _ = FiscalPeriod.objects.update_or_create(
        entity_id=entity_id, start=start, defaults={"end": end, "state": state}
    )
    _record(by, action, period)
    return period


def _record(by: Actor, action: str, period: FiscalPeriod) -> None:
    why = {"start": period.start.isoformat(), "end": period.end.isoformat()}
    record_many(by, [Happened(action, ("fiscal_period", period.pk), why=why)])
