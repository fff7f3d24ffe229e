"""What statements are made of, read from sums by day, in the company's own currency."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db.models import F, Q, Sum
from django.db.models.functions import TruncMonth

from waya.ledger.models import BalanceDelta
from waya.ledger.policy import BooksPolicy
from waya.ledger.queries.balances import chart
from waya.ledger.rules.chart import EXPENSE, INCOME
from waya.ledger.rules.statements import Held, Position, Profit, position, profit, year_of
from waya.org.policy import chosen

Days = tuple[date, date]


def profit_and_loss(entity_id: int, currency: str, columns: Sequence[Days]) -> Profit:
    """Income and expense over some stretches of days, each from and through. Two queries."""
    within = [Q(on__gte=since, on__lte=through) for since, through in columns]
    return profit(_held(entity_id, within), currency, len(columns))


def profit_by_branch(entity_id: int, currency: str, days: Days, branches: Sequence[int]) -> Profit:
    """Income and expense over some days: a column for each branch, and last of the whole, which
    they add up to. Two queries."""
    since, through = days
    within = Q(on__gte=since, on__lte=through)
    columns = [*(within & Q(branch_id=branch) for branch in branches), within]
    return profit(_held(entity_id, columns), currency, len(columns))


def balance_sheet(entity_id: int, currency: str, days: Sequence[date]) -> Position:
    """Assets, liabilities and equity at the end of some days. Four queries."""
    month = chosen(BooksPolicy, entity_id).year_begins_month
    held = _held(entity_id, [Q(on__lte=day) for day in days])
    earlier = _held(entity_id, [Q(on__lt=year_of(day, month)) for day in days])
    return position(held, earlier, currency, len(days))


def profit_by_month(entity_id: int, since: date, through: date) -> dict[date, tuple[int, int]]:
    """Income and expense, both above zero in minor units, by the month's first day; months
    without either are left out. One query."""
    rows = (
        BalanceDelta.objects.filter(
            entity_id=entity_id, on__gte=since, on__lte=through,
            account__kind__in=(INCOME, EXPENSE),
        )
        .values(month=TruncMonth("on"), kind=F("account__kind"))
        .annotate(moved=Sum("base_minor"))
    )  # fmt: skip
    found: dict[date, tuple[int, int]] = {}
    for row in rows:
        income, expense = found.get(row["month"], (0, 0))
        if row["kind"] == INCOME:
            income -= row["moved"]
        else:
            expense += row["moved"]
        found[row["month"]] = (income, expense)
    return found


def _held(entity_id: int, columns: Sequence[Q]) -> list[Held]:
    names = [f"column_{at}" for at in range(len(columns))]
    sums: Any = (
        BalanceDelta.objects.filter(entity_id=entity_id)
        .values("account_id")
        .annotate(
            **{
                name: Sum("base_minor", filter=within, default=0)
                for name, within in zip(names, columns, strict=True)
            }
        )
    )
    accounts = chart(entity_id)
    return [
        Held(
            accounts[row["account_id"]].code,
            accounts[row["account_id"]].name,
            accounts[row["account_id"]].kind,
            tuple(row[name] for name in names),
        )
        for row in sums
    ]
