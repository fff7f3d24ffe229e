"""Whole accounts are sums by day, kept by the database: always those of the lines."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django.fixtures import DjangoAssertNumQueries

from waya.kernel.money import Money
from waya.ledger.commands.balances import fold_balances
from waya.ledger.commands.entries import post_many, reverse
from waya.ledger.models import BalanceDelta, JournalLine
from waya.ledger.queries.balances import movements, trial_balance, unlike_their_lines
from waya.ledger.tests.make import ON, books, sale
from waya.org.actors import SYSTEM
from waya.org.commands.branches import add_branch
from waya.org.models import Entity

pytestmark = pytest.mark.django_db


def _held(entity: Entity, through: date | None = None) -> dict[str, int]:
    return {row.purpose: row.amount.minor for row in trial_balance(entity.pk, through=through)}


def _by_lines(entity: Entity, through: date) -> dict[str, int]:
    held: dict[str, int] = {}
    for line in JournalLine.objects.filter(entity_id=entity.pk, on__lte=through).select_related(
        "account"
    ):
        purpose = line.account.purpose
        held[purpose] = held.get(purpose, 0) + line.amount_minor
    return held


def test_a_statement_adds_one_row_for_each_account_and_day() -> None:
    entity = books()
    entries = [sale(entity, f"test:{n}") for n in range(40)]
    entries += [sale(entity, "test:other", on=ON + timedelta(days=1))]
    post_many(entries=entries, by=SYSTEM)
    assert BalanceDelta.objects.count() == 4
    nakuru = add_branch(entity_id=entity.pk, code="NKR", name="Nakuru", by=SYSTEM)
    there = [replace(sale(entity, f"nkr:{n}"), branch_id=nakuru.pk) for n in range(3)]
    post_many(entries=[*there, sale(entity, "test:last")], by=SYSTEM)
    assert BalanceDelta.objects.filter(branch_id=nakuru.pk).count() == 2
    assert BalanceDelta.objects.count() == 8


def test_folding_changes_no_balance_and_twice_folds_nothing() -> None:
    entity = books()
    for number in range(6):
        post_many(entries=[sale(entity, f"test:{number}", minor=number + 1)], by=SYSTEM)
    before = trial_balance(entity.pk)
    assert fold_balances(entity_id=entity.pk, on=ON, by=SYSTEM) == {"folded": 12}
    assert fold_balances(entity_id=entity.pk, on=ON, by=SYSTEM) == {"folded": 0}
    assert BalanceDelta.objects.count() == 2
    assert trial_balance(entity.pk) == before
    assert unlike_their_lines(entity.pk) == []


def test_folding_leaves_another_company_alone() -> None:
    entity = books()
    for number in range(3):
        post_many(entries=[sale(entity, f"test:{number}")], by=SYSTEM)
    assert fold_balances(entity_id=entity.pk + 1, on=ON, by=SYSTEM) == {"folded": 0}


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    days=st.lists(st.tuples(st.integers(0, 70), st.integers(1, 10**9)), min_size=1, max_size=8),
    asked=st.integers(-2, 72),
    folds=st.booleans(),
)
def test_the_balances_of_any_day_are_those_of_its_lines(
    db: None, days: list[tuple[int, int]], asked: int, folds: bool
) -> None:
    entity = books()
    start = JournalLine.objects.count()
    for at, (day, minor) in enumerate(days):
        one = sale(entity, f"any:{start}:{at}", minor, ON + timedelta(days=day))
        keys = post_many(entries=[one], by=SYSTEM)
        if minor % 3 == 0:
            reverse(entry_id=keys[one.source], on=ON + timedelta(days=day), memo="", by=SYSTEM)
    if folds:
        fold_balances(entity_id=entity.pk, on=ON, by=SYSTEM)
    through = ON + timedelta(days=asked)
    assert _held(entity, through) == _by_lines(entity, through)
    assert unlike_their_lines(entity.pk) == []


def test_a_day_inside_a_month_is_told_apart() -> None:
    entity = books()
    later = ON + timedelta(days=2)
    post_many(entries=[sale(entity), sale(entity, "test:2", 50_00, later)], by=SYSTEM)
    assert _held(entity, ON) == {"receivable": 100_00, "deferred": -100_00}
    assert _held(entity, ON - timedelta(days=1)) == {}
    assert _held(entity) == {"receivable": 150_00, "deferred": -150_00}


def test_movements_open_and_close() -> None:
    entity = books()
    keys = post_many(entries=[sale(entity), sale(entity, "test:2", 50_00, ON + timedelta(days=5))],
                     by=SYSTEM)  # fmt: skip
    reverse(entry_id=keys["test:2"], on=ON + timedelta(days=6), memo="Undo", by=SYSTEM)
    receivable = movements(entity.pk, since=ON + timedelta(days=1), through=date(2027, 6, 30))[0]
    assert receivable.opening == Money(100_00, "KES")
    assert (receivable.debits, receivable.credits) == (Money(50_00, "KES"), Money(50_00, "KES"))
    assert receivable.closing == Money(100_00, "KES")


def test_balances_take_two_queries(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    entity = books()
    post_many(entries=[sale(entity, f"test:{n}") for n in range(20)], by=SYSTEM)
    with django_assert_num_queries(2):
        trial_balance(entity.pk, through=ON)
    with django_assert_num_queries(2):
        movements(entity.pk, since=ON, through=ON)


def test_a_sum_that_is_not_its_lines_is_found() -> None:
    entity = books()
    post_many(entries=[sale(entity)], by=SYSTEM)
    with connection.cursor() as cursor:
        cursor.execute("update ledger_balancedelta set amount_minor = amount_minor + 1")
    assert unlike_their_lines(entity.pk) == [f"1200 on {ON}", f"2200 on {ON}"]
