"""Profit and loss and balance sheet, out of what accounts hold.

Years are not closed by entries: earlier years' profit and this year's are worked out when
asked for, so that a late entry needs no second closing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from waya.kernel.money import Money
from waya.ledger.rules.chart import ASSET, EQUITY, EXPENSE, INCOME, LIABILITY

EARLIER, THIS_YEAR = "Profit of earlier years", "Profit of this year"
# What is written above zero for each kind: debits for these, credits for the others.
_DEBITS = (ASSET, EXPENSE)


@dataclass(frozen=True, slots=True)
class Held:
    """An account and its amounts in some columns, in minor units: a debit is above zero."""

    code: str
    name: str
    kind: str
    amounts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a statement, in each column, as its section writes it. What is worked out and
    no account has no code."""

    code: str
    name: str
    amounts: tuple[Money, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """The accounts of one kind and their totals."""

    kind: str
    rows: tuple[Row, ...]
    totals: tuple[Money, ...]


@dataclass(frozen=True, slots=True)
class Profit:
    """What was earned and what it cost; `net` is what is left, a loss below zero."""

    income: Section
    expense: Section
    net: tuple[Money, ...]


@dataclass(frozen=True, slots=True)
class Position:
    """What there is, and whose it is: assets equal liabilities and equity together."""

    assets: Section
    liabilities: Section
    equity: Section
    claims: tuple[Money, ...]


def profit(held: Sequence[Held], currency: str, columns: int) -> Profit:
    """The statement of what moved in each column."""
    income = _section(INCOME, held, currency, columns)
    expense = _section(EXPENSE, held, currency, columns)
    net = tuple(one - other for one, other in zip(income.totals, expense.totals, strict=True))
    return Profit(income, expense, net)


def position(
    held: Sequence[Held], earlier: Sequence[Held], currency: str, columns: int
) -> Position:
    """The statement of what is held at the end of a day in each column.

    `earlier` is what the accounts held before that day's fiscal year began: of income and
    expense it is profit of earlier years, the rest of theirs is profit of this year.
    """
    before = profit(earlier, currency, columns).net
    since = tuple(
        one - other for one, other in zip(profit(held, currency, columns).net, before, strict=True)
    )
    own = _section(EQUITY, held, currency, columns)
    worked_out = tuple(
        Row("", name, amounts)
        for name, amounts in ((EARLIER, before), (THIS_YEAR, since))
        if any(amounts)
    )
    totals = _added((own.totals, before, since))
    equity = Section(EQUITY, own.rows + worked_out, totals)
    liabilities = _section(LIABILITY, held, currency, columns)
    return Position(
        assets=_section(ASSET, held, currency, columns),
        liabilities=liabilities,
        equity=equity,
        claims=_added((liabilities.totals, equity.totals)),
    )


def year_of(day: date, begins_month: int) -> date:
    """The first day of the fiscal year that a day is in."""
    return date(day.year - (day.month < begins_month), begins_month, 1)


def month_of(day: date) -> tuple[date, date]:
    """The first and the last day of a day's month."""
    following = (day.replace(day=1) + timedelta(days=31)).replace(day=1)
    return day.replace(day=1), following - timedelta(days=1)


def _section(kind: str, held: Sequence[Held], currency: str, columns: int) -> Section:
    sign = 1 if kind in _DEBITS else -1
    rows = tuple(
        Row(one.code, one.name, tuple(Money(sign * minor, currency) for minor in one.amounts))
        for one in sorted(held, key=lambda one: one.code)
        if one.kind == kind and any(one.amounts)
    )
    zeros = tuple(Money(0, currency) for _ in range(columns))
    return Section(kind, rows, _added((zeros, *(row.amounts for row in rows))))


def _added(many: Sequence[tuple[Money, ...]]) -> tuple[Money, ...]:
    first, *others = many
    for amounts in others:
        first = tuple(one + other for one, other in zip(first, amounts, strict=True))
    return first
