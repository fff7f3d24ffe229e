"""The database refuses what would break the books, for one row and for COPY."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import DatabaseError
from pytest_django.fixtures import DjangoAssertNumQueries

from waya.kernel.money import Money
from waya.ledger.commands.entries import post_many, reverse
from waya.ledger.commands.periods import close_period
from waya.ledger.models import Account, JournalEntry, JournalLine
from waya.ledger.queries.balances import trial_balance
from waya.ledger.rules.entries import Entry, Line, entry
from waya.ledger.tests.make import ON, books, sale
from waya.org.actors import SYSTEM
from waya.org.queries import main_branch

pytestmark = pytest.mark.django_db


def _line(entry_id: int, sequence: int, minor: int) -> JournalLine:
    first = JournalEntry.objects.get(pk=entry_id)
    account = Account.objects.get(entity_id=first.entity_id, purpose="receivable")
    return JournalLine(entry=first, sequence=sequence, account=account, on=first.on,
                       entity_id=first.entity_id,
                       branch_id=first.lines.earliest("pk").branch_id, currency="KES",
                       amount_minor=minor, base_minor=minor)  # fmt: skip


def test_a_balanced_entry_is_posted() -> None:
    entity = books()
    post_many(entries=[sale(entity)], by=SYSTEM)
    held = {row.purpose: row.amount.minor for row in trial_balance(entity.pk)}
    assert held == {"receivable": 100_00, "deferred": -100_00}


def test_a_source_posts_once() -> None:
    entity = books()
    first = post_many(entries=[sale(entity)], by=SYSTEM)
    again = post_many(entries=[sale(entity), sale(entity, "test:2")], by=SYSTEM)
    assert again["test:1"] == first["test:1"]
    assert JournalEntry.objects.count() == 2


def test_an_unbalanced_entry_is_no_value() -> None:
    one, two = Money(1, "KES"), Money(2, "KES")
    with pytest.raises(ValueError, match="does not balance"):
        entry(entity_id=1, on=ON, memo="", source="x",
              debit=[Line("cash", two)], credit=[Line("deferred", one)])  # fmt: skip


def test_unbalanced_lines_are_refused_though_they_come_by_copy() -> None:
    entity = books()
    crooked = Entry(entity.pk, ON, "crooked", "test:3", (
        Line("cash", Money(2, "KES")), Line("deferred", Money(-1, "KES"))),
        branch_id=main_branch(entity.pk))  # fmt: skip
    with pytest.raises(IntegrityError, match="does not balance"):
        post_many(entries=[crooked], by=SYSTEM)


def test_a_line_of_no_branch_is_refused() -> None:
    entity = books()
    with pytest.raises(IntegrityError, match="branch_id"):
        post_many(entries=[replace(sale(entity), branch_id=None)], by=SYSTEM)


@pytest.mark.django_db(transaction=True)
def test_nothing_joins_an_entry_of_an_earlier_transaction() -> None:
    entity = books()
    key = post_many(entries=[sale(entity)], by=SYSTEM)["test:1"]
    with pytest.raises(IntegrityError, match="is not new"):
        JournalLine.objects.bulk_create([_line(key, 3, 5), _line(key, 4, -5)])


@pytest.mark.parametrize("table", ["ledger_journalline", "ledger_journalentry"])
@pytest.mark.parametrize(
    "harm", ['update {} set "on" = "on"', "delete from {}", "truncate {} cascade"]
)
def test_what_is_posted_stays(table: str, harm: str) -> None:
    post_many(entries=[sale(books())], by=SYSTEM)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
        with pytest.raises(DatabaseError, match="append-only"):
            cursor.execute(harm.format(table))
        transaction.set_rollback(True)


def test_money_for_a_closed_period_goes_to_the_first_open_day() -> None:
    entity = books()
    close_period(entity_id=entity.pk, start=date(2027, 6, 1), end=date(2027, 7, 1), by=SYSTEM)
    key = post_many(entries=[sale(entity)], by=SYSTEM)["test:1"]
    assert JournalEntry.objects.get(pk=key).on == date(2027, 7, 1)


def test_the_database_refuses_entries_in_a_closed_period() -> None:
    entity = books()
    close_period(entity_id=entity.pk, start=date(2027, 6, 1), end=date(2027, 7, 1), by=SYSTEM)
    with pytest.raises(IntegrityError, match="closed period"):
        JournalEntry.objects.create(entity=entity, on=ON, memo="", source="x",
                                    posted_at="2027-06-10T00:00Z")  # fmt: skip


def test_a_reversal_is_the_mirror_and_posts_once() -> None:
    entity = books()
    key = post_many(entries=[sale(entity)], by=SYSTEM)["test:1"]
    mirror = reverse(entry_id=key, on=ON, memo="Undo", by=SYSTEM)
    assert reverse(entry_id=key, on=ON, memo="Undo", by=SYSTEM) == mirror
    assert all(row.amount.minor == 0 for row in trial_balance(entity.pk))


def test_posting_many_takes_as_many_queries_as_posting_one(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    entity = books()
    entries = [sale(entity, f"test:{n}") for n in range(50)]
    with django_assert_num_queries(6):
        post_many(entries=entries, by=SYSTEM)
