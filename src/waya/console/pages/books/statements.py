"""Profit and loss, the balance sheet, and deferred revenue."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from waya.billing.queries.deferred import RollForward, roll_forward
from waya.console.pages.books.sheets import Cell, Sheet
from waya.console.pages.books.tabs import (
    EVER,
    Shown,
    Span,
    account_address,
    months_through,
    span,
    whole,
)
from waya.console.pieces import Chip, address
from waya.console.staff import StaffRequest
from waya.kernel.money import Money
from waya.ledger.policy import BooksPolicy
from waya.ledger.queries.balances import chart, held_at_month_ends
from waya.ledger.queries.statements import (
    balance_sheet,
    profit_and_loss,
    profit_by_branch,
    profit_by_month,
)
from waya.ledger.rules.statements import EARLIER, Profit, Row, Section, month_of, year_of
from waya.org.models import Branch
from waya.org.policy import chosen
from waya.org.queries import branches_of

_WORDS = {"income": "Income", "expense": "Expenses", "asset": "Assets",
          "liability": "Liabilities", "equity": "Equity"}  # fmt: skip
# Where the figure of a row in a column leads to; empty where there is nothing behind it.
Leads = Callable[[Row, int], str]
# A statement, its columns' words, and where its figures lead to.
Columns = tuple[Profit, Sequence[str], Leads]


def profit(request: StaffRequest) -> Shown:
    """What was earned and spent over some days, beside the days before them or, with `by`, by
    branch and in all."""
    asked = span(request)
    branches = branches_of(request.entity.pk)
    by_branch = len(branches) > 1 and request.GET.get("by") == "branch"
    found, heads, leads = (
        _in_branches(request, asked, branches) if by_branch else _beside(request, asked)
    )
    sections = [found.income, found.expense]
    toggle = Chip("By branch", address(request, by="" if by_branch else "branch"), by_branch)
    context = {
        "chips": [*asked.chips, *([toggle] if len(branches) > 1 else [])],
        "span": asked,
        "by": "branch" if by_branch else "",
        "heads": heads,
        "sections": [_section(one, leads) for one in sections],
        "net": found.net,
        "chart": _by_month(request, asked.through),
    }
    name = f"profit-and-loss-{asked.since}-{asked.through}"
    last: list[Sequence[Cell]] = [("Net profit", "", "", *found.net)]
    cells = [*_cells(sections), *last]
    return Shown(context, Sheet(name, ("Kind", "Code", "Account", *heads), cells))


def _beside(request: StaffRequest, asked: Span) -> Columns:
    days = [(asked.since, asked.through), asked.before]
    found = profit_and_loss(request.entity.pk, request.entity.currency, days)
    heads = [_days(*one) for one in days]
    return found, heads, lambda row, column: account_address(row.code, *days[column])


def _in_branches(request: StaffRequest, asked: Span, branches: Sequence[Branch]) -> Columns:
    """Each column leads to its branch's ledger, the last to the whole company's."""
    days = (asked.since, asked.through)
    entity, keys = request.entity, [one.pk for one in branches]
    found = profit_by_branch(entity.pk, entity.currency, days, keys)
    whose: list[int | None] = [*keys, None]
    heads = [*(one.name for one in branches), "In all"]
    return (
        found,
        heads,
        lambda row, column: account_address(row.code, *days, branch_id=whose[column]),
    )


def _by_month(request: StaffRequest, through: date) -> dict[str, Any]:
    months = months_through(through)
    currency = request.entity.currency
    found = profit_by_month(request.entity.pk, months[0], month_of(through)[1])
    pairs = [found.get(month, (0, 0)) for month in months]
    income = [whole(Money(one, currency)) for one, _ in pairs]
    expense = [whole(Money(one, currency)) for _, one in pairs]
    net = [whole(Money(one - other, currency)) for one, other in pairs]
    return {
        "id": "profit-months", "title": "Twelve months", "unit": currency, "small": True,
        "lower": False, "mark": None, "x": [f"{month:%b %y}" for month in months],
        "finding": f"Net profit by month, {currency} {net[-1]:,} in the last.",
        "series": [
            {"name": "Income", "kind": "line", "values": income},
            {"name": "Expenses", "kind": "compare", "values": expense},
            {"name": "Net profit", "kind": "line", "values": net},
        ],
    }  # fmt: skip


def balance(request: StaffRequest) -> Shown:
    """What there is and whose it is at the end of a day, beside the month's end before."""
    asked = span(request)
    currency = request.entity.currency
    days = [asked.through, asked.through.replace(day=1) - timedelta(days=1)]
    begins = chosen(BooksPolicy, request.entity.pk).year_begins_month
    found = balance_sheet(request.entity.pk, currency, days)
    sections = [found.assets, found.liabilities, found.equity]
    heads = [f"{day:%-d %b %Y}" for day in days]
    context = {
        "chips": asked.chips,
        "span": asked,
        "heads": heads,
        "sections": [
            _section(one, lambda row, at: _held_by(row, days[at], begins)) for one in sections
        ],
        "claims": found.claims,
        "balanced": found.assets.totals == found.claims,
    }
    columns = ("Kind", "Code", "Account", *heads)
    last: list[Sequence[Cell]] = [("Liabilities and equity", "", "", *found.claims)]
    name = f"balance-sheet-{asked.through}"
    return Shown(context, Sheet(name, columns, [*_cells(sections), *last]))


def _held_by(row: Row, day: date, begins: int) -> str:
    """What an account holds leads to its ledger, and profit to the statement that it is of."""
    if row.code:
        return account_address(row.code, EVER, day)
    year = year_of(day, begins)
    since, through = (EVER, year - timedelta(days=1)) if row.name == EARLIER else (year, day)
    return f"/books?tab=profit&since={since}&through={through}"


def deferred(request: StaffRequest) -> Shown:
    """What was billed in advance and is still owed as service: opened, billed, earned, left."""
    asked = span(request)
    entity = request.entity
    rows = roll_forward(entity.pk, since=asked.since, through=asked.through)
    accounts = {one.purpose: (one.code, one.name) for one in chart(entity.pk).values()}
    shown = [_rolled(one, asked, accounts) for one in rows]
    context = {
        "chips": asked.chips,
        "span": asked,
        "rows": shown,
        "chart": _held(request, asked.through),
    }
    columns = ("Revenue", "Currency", "Opening", "Billed", "Credited", "Recognised", "Adjusted",
               "Closing")  # fmt: skip
    cells = [
        (one.revenue, one.opening.currency, one.opening, one.billed, -one.credited,
         -one.recognised, one.adjusted, one.closing)
        for one in rows
    ]  # fmt: skip
    return Shown(context, Sheet(f"deferred-revenue-{asked.through}", columns, cells))


def _rolled(
    one: RollForward, asked: Span, accounts: Mapping[str, tuple[str, str]]
) -> dict[str, Any]:
    """A row and where it leads: the account to its ledger, a revenue to the lines behind it."""
    books = one.revenue == "deferred"
    code, name = accounts[one.revenue]
    currency = one.opening.currency
    days = f"since={asked.since}&through={asked.through}"
    lines = f"/books?tab=earning&revenue={one.revenue}&currency={currency}&{days}"
    url = account_address(code, asked.since, asked.through, currency) if books else lines
    back = url if books else f"{lines}&of=credits"
    amounts = (one.opening, one.billed, -one.credited, -one.recognised, one.adjusted, one.closing)
    return {
        "name": "The account in the books" if books else name,
        "total": books,
        "amounts": [(amount, back if at == 2 else url) for at, amount in enumerate(amounts)],
    }


def _held(request: StaffRequest, through: date) -> dict[str, Any]:
    months = months_through(through)
    currency = request.entity.currency
    ends = held_at_month_ends(request.entity.pk, "deferred", currency, months)
    values = [whole(Money(-minor, currency)) for minor in ends]
    return {
        "id": "deferred-months", "title": "At each month's end", "unit": currency, "small": True,
        "lower": False, "mark": None, "x": [f"{month:%b %y}" for month in months],
        "finding": f"Deferred revenue at month ends, {currency} {values[-1]:,} at the last.",
        "series": [{"name": "Deferred revenue", "kind": "area", "values": values}],
    }  # fmt: skip


def _section(one: Section, leads: Leads) -> dict[str, Any]:
    return {
        "words": _WORDS[one.kind],
        "totals": one.totals,
        "rows": [
            {
                "code": row.code,
                "name": row.name,
                "figures": [(amount, leads(row, at)) for at, amount in enumerate(row.amounts)],
            }
            for row in one.rows
        ],
    }


def _cells(sections: Sequence[Section]) -> Iterator[Sequence[Cell]]:
    for section in sections:
        kind = _WORDS[section.kind]
        for row in section.rows:
            yield kind, row.code, row.name, *row.amounts
        yield f"{kind}, total", "", "", *section.totals


def _days(since: date, through: date) -> str:
    return f"{since:%-d %b %y} – {through:%-d %b %y}"
