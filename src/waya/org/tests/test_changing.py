"""Many rows change in one statement, and only as asked."""

from __future__ import annotations

import pytest
from django.db import DataError, connection
from django.test.utils import CaptureQueriesContext

from waya.org.models import Entity, NumberSeries
from waya.org.rows.changing import change_rows
from waya.org.tests.make import baraka_net

pytestmark = pytest.mark.django_db


@pytest.fixture
def entity() -> Entity:
    return baraka_net()


def _series(entity: Entity, count: int) -> list[NumberSeries]:
    branch = entity.branches.get()
    return [
        NumberSeries.objects.create(branch=branch, kind=f"k{place}", prefix="A-", next=1)
        for place in range(count)
    ]


def test_each_row_gets_its_own_values_in_one_statement(entity: Entity) -> None:
    rows = _series(entity, 5)
    for place, row in enumerate(rows):
        row.prefix, row.next = f"P{place}-", place + 10
        row.kind = "not asked for"
    with CaptureQueriesContext(
        connection,
    ) as asked:
        change_rows(rows[1:], ["prefix", "next"])
    kept = list(
        NumberSeries.objects.filter(kind__startswith="k")
        .order_by("pk")
        .values_list("kind", "prefix", "next")
    )
    assert len(asked) == 1
    assert kept == [("k0", "A-", 1), *((f"k{n}", f"P{n}-", n + 10) for n in range(1, 5))]


def test_nothing_for_nobody(entity: Entity) -> None:
    with CaptureQueriesContext(connection) as asked:
        change_rows([], ["prefix"])
    assert not asked.captured_queries


def test_what_does_not_fit_is_refused_not_cut(entity: Entity) -> None:
    (row,) = _series(entity, 1)
    row.prefix = "x" * 100
    with pytest.raises(DataError):
        change_rows([row], ["prefix"])
