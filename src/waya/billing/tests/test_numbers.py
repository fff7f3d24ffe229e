"""Numbers without gaps, by branch and kind: many at once, some given up, one killed."""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from django.db import OperationalError, connection, connections, transaction

from waya.billing.commands.credits import credit
from waya.billing.commands.invoices import issue
from waya.billing.models import CreditNote, Invoice
from waya.billing.rules.credits import Reason
from waya.billing.tests import make
from waya.kernel.periods import add_months
from waya.org.actors import SYSTEM
from waya.org.models import Branch, Entity
from waya.parties.models import Customer
from waya.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def entity() -> Entity:
    return make.isp()


@pytest.fixture
def rows(entity: Entity) -> list[Subscription]:
    """Four customers, the last two of another branch."""
    plan = make.office_20(entity)
    found = [make.wants(entity, plan, f"Customer {number}") for number in range(4)]
    nakuru = Branch.objects.create(entity=entity, code="NKR", name="Nakuru")
    keys = [row.customer_id for row in found[2:]]
    Customer.objects.filter(pk__in=keys).update(branch=nakuru)
    return found


def in_series() -> dict[str, list[int]]:
    """What stands in each series of invoices, in order."""
    found: dict[str, list[int]] = defaultdict(list)
    for number in Invoice.objects.values_list("number", flat=True):
        series, _, last = number.rpartition("-")
        found[series].append(int(last))
    return {series: sorted(numbers) for series, numbers in found.items()}


class GivenUp(Exception):
    """The work was not finished."""


def test_many_at_once_some_of_them_given_up(rows: list[Subscription]) -> None:
    """Twelve at work, each on both branches; every third rolls back after it has its numbers."""

    def work(turn: int) -> None:
        try:
            with transaction.atomic():
                chosen = rows[turn % 2 :: 2] if turn % 4 else rows
                start = add_months(make.JUNE_10, turn, anchor_day=10)
                issue(drafts=[make.month(row, start) for row in chosen], by=SYSTEM)
                if turn % 3 == 0:
                    raise GivenUp
        except GivenUp:
            pass
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(work, range(12)))
    kept = [turn for turn in range(12) if turn % 3]
    expected = sum(2 if turn % 4 == 0 else 1 for turn in kept)
    assert in_series() == {
        "INV": list(range(1, expected + 1)), "INV-NKR": list(range(1, expected + 1)),
    }  # fmt: skip


def test_whoever_is_killed_leaves_no_gap(rows: list[Subscription]) -> None:
    issue(drafts=[make.month(rows[0], date(2027, 5, 10))], by=SYSTEM)

    def killed() -> None:
        try:
            with transaction.atomic():
                issue(drafts=[make.month(row, make.JUNE_10) for row in rows], by=SYSTEM)
                with connection.cursor() as cursor:
                    cursor.execute("select pg_terminate_backend(pg_backend_pid())")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as worker, pytest.raises(OperationalError):
        worker.submit(killed).result()
    issue(drafts=[make.month(row, make.JUNE_10) for row in rows], by=SYSTEM)
    assert in_series() == {"INV": [1, 2, 3], "INV-NKR": [1, 2]}


def test_kinds_are_numbered_apart(rows: list[Subscription]) -> None:
    issued = issue(drafts=[make.month(row, make.JUNE_10) for row in rows], by=SYSTEM)
    for one in issued[1:]:
        credit(invoice_id=one.id, reason=Reason.MISTAKE, once="all", on=make.JUNE_10, by=SYSTEM)
    assert sorted(CreditNote.objects.values_list("number", flat=True)) == [
        "CRN-000001", "CRN-NKR-000001", "CRN-NKR-000002",
    ]  # fmt: skip
