"""The business day: every local day's work, in order, once; and the lab's clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from importlib import import_module
from typing import Any

from django.db import connection, transaction

from waya.kernel import clock
from waya.kernel.errors import NotYet, Refused
from waya.kernel.periods import days_between
from waya.org import lab_clock
from waya.org.actors import Actor
from waya.org.facts import page
from waya.org.models import DailyRun, Entity, LabClock

# One entity's days are worked through by one worker at a time.
_LOCK = "select pg_try_advisory_lock(hashtext('waya.days'), %s)"
_UNLOCK = "select pg_advisory_unlock(hashtext('waya.days'), %s)"


def work_through_days(*, by: Actor) -> int:
    """Do every piece of daily work that is due and not done, for each entity.

    Moving the clock over a month and coming back from a week's outage take this same path:
    each missed day is done, oldest first, with that day as its date. Gives how many pieces
    were done; none if another worker is at it.
    """
    by = by.must("org.days")
    return sum(_entity_days(entity, by) for entity in Entity.objects.order_by("pk"))


def _entity_days(entity: Entity, by: Actor) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [entity.pk])
        (mine,) = cursor.fetchone() or (False,)
    if not mine:
        return 0
    try:
        done = 0
        for day in _days_due(entity):
            over = set(
                DailyRun.objects.filter(entity=entity, day=day).values_list("kind", flat=True)
            )
            for kind in page().DAILY:
                done += kind not in over and _work_off(entity, day, kind, by)
        return done
    finally:
        with connection.cursor() as cursor:
            cursor.execute(_UNLOCK, [entity.pk])


def _days_due(entity: Entity) -> list[date]:
    """From the last day begun (it may be half done) through today."""
    today = clock.today(entity.zone)
    last = DailyRun.objects.filter(entity=entity).order_by("-day").values_list("day", flat=True)
    return days_between(last.first() or today, today)


def _work_off(entity: Entity, day: date, kind: str, by: Actor) -> bool:
    """Do one kind of work of one day. What is not to be done yet is asked for again soon; of
    a day that has passed, it is left to the days after it."""
    try:
        outcome = _named(kind)(entity_id=entity.pk, on=day, by=by)
    except NotYet as later:
        if day == clock.today(entity.zone):
            return False
        outcome = {"not_done": later.code}
    DailyRun.objects.create(
        entity=entity, day=day, kind=kind, done_at=clock.real_now(), outcome=outcome or {}
    )
    return True


def _named(kind: str) -> Callable[..., dict[str, Any] | None]:
    """The command of a daily kind such as `billing.commands.renewals.bill`."""
    module, _, name = kind.rpartition(".")
    found: Callable[..., dict[str, Any] | None] = getattr(import_module(f"waya.{module}"), name)
    return found


@transaction.atomic
def move_clock(*, to: datetime, by: Actor) -> timedelta:
    """Move a lab's business time forward to a moment; gives how far it runs ahead now.

    Refuses `clock_backward` for a moment that has passed.
    """
    by.must("lab.clock")
    clock_row, _ = LabClock.objects.select_for_update(no_key=True, of=("self",)).get_or_create(
        pk=1, defaults={"ahead": timedelta(0)}
    )
    ahead = to - clock.real_now()
    if ahead < clock_row.ahead:
        raise Refused("clock_backward", now=clock.now().isoformat(), to=to.isoformat())
    clock_row.ahead = ahead
    clock_row.save(update_fields=["ahead"])
    lab_clock.forget()
    return ahead


@transaction.atomic
def start_clock(*, at: datetime, by: Actor) -> None:
    """Begin a lab's business time at a moment, which may be long past; only before anything
    happened. Refuses `clock_running` once there is an entity."""
    by.must("lab.clock")
    if Entity.objects.exists():
        raise Refused("clock_running")
    LabClock.objects.update_or_create(pk=1, defaults={"ahead": at - clock.real_now()})
    lab_clock.forget()
