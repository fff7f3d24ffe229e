"""Periods are open, soft-closed or locked, and the database keeps them so."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction

from waya.kernel.errors import Refused
from waya.ledger.commands.adjustments import adjust
from waya.ledger.commands.entries import post_many
from waya.ledger.commands.periods import close_period, reopen_period, soft_close
from waya.ledger.models import FiscalPeriod, JournalEntry
from waya.ledger.tests.make import ON, books, sale
from waya.org.actors import SYSTEM, Actor
from waya.org.models import Entity

JUNE, JULY, AUGUST = date(2027, 6, 1), date(2027, 7, 1), date(2027, 8, 1)
pytestmark = pytest.mark.django_db


def _posted_on(entity: Entity, source: str = "test:1") -> date:
    key = post_many(entries=[sale(entity, source)], by=SYSTEM)[source]
    return JournalEntry.objects.get(pk=key).on


def test_the_days_work_goes_past_a_soft_closed_period() -> None:
    entity = books()
    soft_close(entity_id=entity.pk, start=JUNE, end=JULY, by=SYSTEM)
    assert _posted_on(entity) == JULY


def test_an_accountant_adjusts_a_soft_closed_period() -> None:
    entity = books()
    soft_close(entity_id=entity.pk, start=JUNE, end=JULY, by=SYSTEM)
    wanjiku = Actor("person", 1, "Wanjiku", frozenset({"ledger.adjust"}), entity.pk)
    key = adjust(entries=[sale(entity)], by=wanjiku)["test:1"]
    assert JournalEntry.objects.get(pk=key).on == ON
    assert _posted_on(entity, "test:2") == JULY


def test_who_may_not_adjust_does_not() -> None:
    entity = books()
    naomi = Actor("person", 2, "Naomi", frozenset({"payments.take"}), entity.pk)
    with pytest.raises(Refused, match="not_allowed"):
        adjust(entries=[sale(entity)], by=naomi)


@pytest.mark.parametrize("close", [soft_close, close_period])
def test_the_database_refuses_what_commands_would_not_send(
    close: Callable[..., FiscalPeriod],
) -> None:
    entity = books()
    close(entity_id=entity.pk, start=JUNE, end=JULY, by=SYSTEM)
    with pytest.raises(IntegrityError, match="closed period"):
        JournalEntry.objects.create(entity=entity, on=ON, memo="", source="x",
                                    posted_at="2027-06-10T00:00Z")  # fmt: skip


def test_a_locked_period_takes_no_adjustment_either() -> None:
    entity = books()
    close_period(entity_id=entity.pk, start=JUNE, end=JULY, by=SYSTEM)
    key = adjust(entries=[sale(entity)], by=SYSTEM)["test:1"]
    assert JournalEntry.objects.get(pk=key).on == JULY
    with connection.cursor() as cursor:
        cursor.execute("select set_config('waya.adjusting', 'on', true)")
    with pytest.raises(IntegrityError, match="locked"):
        JournalEntry.objects.create(entity=entity, on=ON, memo="", source="x",
                                    posted_at="2027-06-10T00:00Z")  # fmt: skip


def test_a_soft_closed_period_is_reopened() -> None:
    entity = books()
    soft_close(entity_id=entity.pk, start=JUNE, end=JULY, by=SYSTEM)
    assert reopen_period(entity_id=entity.pk, start=JUNE, by=SYSTEM).state == FiscalPeriod.OPEN
    assert _posted_on(entity) == ON


def test_a_locked_one_stays_locked() -> None:
    entity = books()
    close_period(entity_id=entity.pk, start=JUNE, end=JULY, by=SYSTEM)
    with pytest.raises(Refused, match="period_locked"):
        reopen_period(entity_id=entity.pk, start=JUNE, by=SYSTEM)
    with pytest.raises(Refused, match="period_locked"):
        soft_close(entity_id=entity.pk, start=JUNE, end=JULY, by=SYSTEM)
    with pytest.raises(Refused, match="period_unknown"):
        reopen_period(entity_id=entity.pk, start=JULY, by=SYSTEM)


def test_periods_do_not_overlap() -> None:
    entity = books()
    soft_close(entity_id=entity.pk, start=JUNE, end=JULY, by=SYSTEM)
    for close in (soft_close, close_period):
        with pytest.raises(Refused, match="period_overlaps"):
            close(entity_id=entity.pk, start=date(2027, 6, 15), end=AUGUST, by=SYSTEM)
    assert close_period(entity_id=entity.pk, start=JUNE, end=JULY, by=SYSTEM).state == "locked"
    assert FiscalPeriod.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_closing_waits_for_what_is_being_posted_and_then_holds() -> None:
    entity = books()
    done = threading.Event()

    def close() -> None:
        try:
            close_period(entity_id=entity.pk, start=JUNE, end=JULY, by=SYSTEM)
        finally:
            connection.close()
            done.set()

    closing = threading.Thread(target=close)
    with transaction.atomic():
        assert _posted_on(entity) == ON
        closing.start()
        _until_somebody_waits()
        assert not done.is_set()
    assert done.wait(20)
    closing.join()
    assert _posted_on(entity, "test:2") == JULY
    assert JournalEntry.objects.filter(on__lt=JULY).count() == 1


def _until_somebody_waits() -> None:
    with connection.cursor() as cursor:
        for _ in range(20_000):
            cursor.execute("select count(*) from pg_locks where locktype = 'advisory'"
                           " and not granted")  # fmt: skip
            (waiting,) = cursor.fetchone() or (0,)
            if waiting:
                return
    raise AssertionError("nobody waits")
