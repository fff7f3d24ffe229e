"""Profit and loss and balance sheet: worked out of the accounts, and always closing."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.fixtures import DjangoAssertNumQueries

from waya.kernel.money import Money
from waya.ledger.commands.entries import post_many
from waya.ledger.models import Account
from waya.ledger.queries.general import After, all_booked, booked
from waya.ledger.queries.statements import balance_sheet, profit_and_loss, profit_by_month
from waya.ledger.rules.chart import KINDS
from waya.ledger.rules.entries import Line, entry
from waya.ledger.rules.statements import EARLIER, THIS_YEAR, Held, month_of, position, year_of
from waya.ledger.tests.make import ON, books, sale
from waya.org.actors import SYSTEM
from waya.org.models import Entity
from waya.org.queries import main_branch

accounts = st.lists(
    st.tuples(st.sampled_from(KINDS), st.integers(-(10**9), 10**9), st.integers(-(10**9), 10**9)),
    max_size=12,
)


@given(accounts)
def test_assets_are_liabilities_and_equity_whatever_was_posted(
    moved: list[tuple[str, int, int]],
) -> None:
    lines = [Held(str(at), "", kind, (now,)) for at, (kind, now, _) in enumerate(moved)]
    lines.append(Held("rest", "", "asset", (-sum(now for _, now, _ in moved),)))
    before = [Held(str(at), "", kind, (then,)) for at, (kind, _, then) in enumerate(moved)]
    sheet = position(lines, before, "KES", 1)
    assert sheet.assets.totals == sheet.claims


def test_a_fiscal_year_may_begin_in_any_month() -> None:
    assert year_of(date(2027, 6, 30), 7) == date(2026, 7, 1)
    assert year_of(date(2027, 7, 1), 7) == date(2027, 7, 1)
    assert year_of(date(2027, 12, 31), 1) == date(2027, 1, 1)
    assert month_of(date(2028, 2, 10)) == (date(2028, 2, 1), date(2028, 2, 29))


def _books() -> Entity:
    """Earned 900 last year and 500 this year, of which rent took 200."""
    entity = books()
    rows = [
        ("a", date(2026, 11, 5), "bank", "revenue:internet", 900_00),
        ("b", date(2027, 5, 5), "bank", "revenue:internet", 100_00),
        ("c", date(2027, 6, 5), "bank", "revenue:hotspot", 400_00),
        ("d", date(2027, 6, 6), "rent", "bank", 200_00),
    ]
    post_many(entries=[
        entry(entity_id=entity.pk, on=on, memo=source, source=source,
              debit=[Line(debit, Money(minor, "KES"))], credit=[Line(credit, Money(minor, "KES"))],
              branch_id=main_branch(entity.pk))
        for source, on, debit, credit, minor in rows
    ], by=SYSTEM)  # fmt: skip
    return entity


@pytest.mark.django_db
def test_profit_and_loss_in_columns(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    entity = _books()
    june, may = month_of(date(2027, 6, 1)), month_of(date(2027, 5, 1))
    with django_assert_num_queries(2):
        found = profit_and_loss(entity.pk, "KES", [june, may])
    assert [row.code for row in found.income.rows] == ["4000", "4300"]
    assert [one.minor for one in found.income.totals] == [400_00, 100_00]
    assert [one.minor for one in found.expense.totals] == [200_00, 0]
    assert [one.minor for one in found.net] == [200_00, 100_00]


@pytest.mark.django_db
def test_the_balance_sheet_tells_the_years_profit_from_earlier_ones(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    entity = _books()
    balance_sheet(entity.pk, "KES", [date(2027, 6, 30)])
    with django_assert_num_queries(4):
        sheet = balance_sheet(entity.pk, "KES", [date(2027, 6, 30), date(2026, 12, 31)])
    own = {row.name: [one.minor for one in row.amounts] for row in sheet.equity.rows}
    assert own == {EARLIER: [900_00, 0], THIS_YEAR: [300_00, 900_00]}
    assert [one.minor for one in sheet.assets.totals] == [1200_00, 900_00]
    assert sheet.assets.totals == sheet.claims


@pytest.mark.django_db
def test_profit_by_month(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    entity = _books()
    with django_assert_num_queries(1):
        months = profit_by_month(entity.pk, date(2027, 1, 1), date(2027, 12, 31))
    assert months == {date(2027, 5, 1): (100_00, 0), date(2027, 6, 1): (400_00, 200_00)}


@pytest.mark.django_db
def test_the_general_ledger_runs_on_over_its_pages(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    entity = books()
    post_many(entries=[
        sale(entity, f"test:{n}", minor=n + 1, on=ON + timedelta(days=n // 4)) for n in range(20)
    ], by=SYSTEM)  # fmt: skip
    account = Account.objects.get(entity=entity, purpose="receivable")
    since, through = ON + timedelta(days=1), ON + timedelta(days=3)
    whole = list(all_booked(account, "KES", since=since, through=through))
    assert len(whole) == 12
    assert whole[0].running.minor == 1 + 2 + 3 + 4 + 5
    assert whole[-1].running.minor == sum(range(17))
    first = booked(account, "KES", since=since, through=through, limit=6)
    last = first[-1]
    with django_assert_num_queries(4):
        rest = booked(account, "KES", since=since, through=through,
                      after=After(last.on, last.entry_id, last.sequence), limit=50)  # fmt: skip
    assert first + rest == whole
