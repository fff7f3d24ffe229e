"""Ageing as of any day: the sums, the invoices and the customers say the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from waya.billing.commands.recognition import fold_sums
from waya.billing.commands.renewals import bill
from waya.billing.models import Invoice, ReceivableDelta
from waya.billing.queries.ageing import AGES, ageing, unlike_their_invoices
from waya.billing.tests.make import in_service, office_20
from waya.kernel import clock
from waya.kernel.money import Money
from waya.org.actors import SYSTEM
from waya.org.models import Entity
from waya.payments.commands.counter import take_cash
from waya.payments.tests.make import merchant
from waya.reports.doctor import findings
from waya.reports.queries.books.ageing import debtors_aged, owed_invoices

pytestmark = pytest.mark.django_db


def days(many: int) -> timedelta:
    """A stretch of days."""
    return timedelta(days=many)


@pytest.fixture
def entity() -> Entity:
    """Baraka Net, where Brian was invoiced 60 and 30 days ago and has paid most of the first."""
    found = merchant().entity
    today = clock.today(found.zone)
    brian = in_service(found, office_20(found), today - days(95))
    for ago in (60, 30):
        bill(entity_id=found.pk, on=today - days(ago), by=SYSTEM)
    for ago, slip in ((40, "SLIP-1"), (5, "SLIP-2")):
        with days_ago(ago):
            take_cash(entity_id=found.pk, customer_id=brian.customer_id, amount_minor=1000_00,
                      slip=slip, on=today - days(ago), by=SYSTEM)  # fmt: skip
    return found


@contextmanager
def days_ago(many: int) -> Iterator[None]:
    """Business time as it was."""
    clock.install(lambda: -days(many))
    try:
        yield
    finally:
        clock.install(timedelta)


def _by_sums(entity: Entity, on: date) -> list[int]:
    return [one.owed.minor for one in ageing(entity.pk, on)] or [0] * len(AGES)


def _by_customer(entity: Entity, on: date) -> list[int]:
    ages = [one.ages for one in debtors_aged(entity, on)]
    return [sum(column) for column in zip(*ages, strict=True)] or [0] * len(AGES)


def test_sums_invoices_and_customers_say_the_same_of_any_day(entity: Entity) -> None:
    today = clock.today(entity.zone)
    seen = set()
    for ago in (70, 60, 59, 45, 40, 39, 30, 10, 5, 4, 0):
        on = today - days(ago)
        sums = _by_sums(entity, on)
        assert sums == _by_customer(entity, on), on
        listed = owed_invoices(entity, on).rows
        assert sum(one.left.minor for one in listed) == sum(sums), on
        for age in range(len(AGES)):
            one_age = owed_invoices(entity, on, age=age).rows
            assert sum(one.left.minor for one in one_age) == sums[age], (on, age)
        seen.add(tuple(sums))
    assert len(seen) > 4


def test_what_was_paid_later_was_owed_then(entity: Entity) -> None:
    today = clock.today(entity.zone)
    owed = sum(Invoice.objects.values_list("total_minor", flat=True))
    assert sum(_by_sums(entity, today)) == owed - 2000_00
    assert sum(_by_sums(entity, today - days(6))) == owed - 1000_00
    assert sum(_by_sums(entity, today - days(61))) == 0


def test_folding_changes_no_ageing(entity: Entity) -> None:
    today = clock.today(entity.zone)
    before = [_by_sums(entity, today - days(ago)) for ago in range(0, 70, 7)]
    fold_sums(entity_id=entity.pk, on=today, by=SYSTEM)
    assert [_by_sums(entity, today - days(ago)) for ago in range(0, 70, 7)] == before
    assert unlike_their_invoices(entity.pk) == []


def test_pages_go_on_by_key(entity: Entity, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("waya.reports.queries.books.ageing.ROWS", 1)
    today = clock.today(entity.zone)
    whole, key = [], ""
    for _ in range(9):
        page = owed_invoices(entity, today, key=key)
        whole += [one.number for one in page.rows]
        if not (key := page.next_key):
            break
    lacking = [one for one in Invoice.objects.order_by("due_on", "pk")
               if one.paid_minor < one.total_minor]  # fmt: skip
    assert whole == [one.number for one in lacking]


def test_it_takes_as_many_queries_whatever_is_owed(entity: Entity) -> None:
    today = clock.today(entity.zone)
    assert _queries(lambda: ageing(entity.pk, today)) == 1
    assert _queries(lambda: owed_invoices(entity, today - days(10))) <= 4
    assert _queries(lambda: list(debtors_aged(entity, today))) == 1


def _queries(read: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as made:
        read()
    return len(made)


def test_the_doctor_finds_a_sum_that_is_not_its_rows(entity: Entity) -> None:
    assert [one for one in findings(entity) if "sums kept" in one.name and not one.ok] == []
    ReceivableDelta.objects.create(
        entity_id=entity.pk, currency="KES", due_on=date(2027, 1, 1), on=date(2027, 1, 1),
        amount_minor=Money(5, "KES").minor,
    )  # fmt: skip
    (wrong,) = [one for one in findings(entity) if "sums kept" in one.name]
    assert "due 2027-01-01: kept 5, lacking 0" in wrong.detail
