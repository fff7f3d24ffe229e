"""Profit and loss, the balance sheet, and deferred revenue."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from waya.billing.queries.deferred import RollForward, roll_forward
from waya.console.pages.books.sheets import Cell, Sheet
from waya.console.pages.books.tabs import (
    Shown,
    account_address,
    months_through,
    span,
    whole,
)
from waya.console.staff import StaffRequest
from waya.kernel.money import Money
from waya.ledger.queries.balances import held_at_month_ends
from waya.ledger.queries.statements import balance_sheet, profit_and_loss, profit_by_month
from waya.ledger.rules.statements import Section, month_of

_WORDS = {"income": "Income", "expense": "Expenses", "asset": "Assets",
          "liability": "Liabilities", "equity": "Equity"}  # fmt: skip
# A ledger has no first day; this one is before any.
_EVER = date(2000, 1, 1)


def profit(request: StaffRequest) -> Shown:
    """What was earned and spent over some days, beside the days before them."""
    asked = span(request)
    currency = request.entity.currency
    columns = [(asked.since, asked.through), asked.before]
    found = profit_and_loss(request.entity.pk, currency, columns)
    sections = [found.income, found.expense]
    context = {
        "chips": asked.chips,
        "span": asked,
        "heads": [_days(*days) for days in columns],
        "sections": [_section(one, columns) for one in sections],
        "net": found.net,
        "chart": _by_month(request, asked.through),
    }
    name = f"profit-and-loss-{asked.since}-{asked.through}"
    heads = ("Kind", "Code", "Account", *(_days(*days) for days in columns))
    last: list[Sequence[Cell]] = [("Net profit", "", "", *found.net)]
    return Shown(context, Sheet(name, heads, [*_cells(sections), *last]))


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
    found = balance_sheet(request.entity.pk, currency, days)
    sections = [found.assets, found.liabilities, found.equity]
    heads = [f"{day:%-d %b %Y}" for day in days]
    context = {
        "chips": asked.chips,
        "span": asked,
        "heads": heads,
        "sections": [_section(one, [(_EVER, day) for day in days]) for one in sections],
        "claims": found.claims,
        "balanced": found.assets.totals == found.claims,
    }
    columns = ("Kind", "Code", "Account", *heads)
    last: list[Sequence[Cell]] = [("Liabilities and equity", "", "", *found.claims)]
    name = f"balance-sheet-{asked.through}"
    return Shown(context, Sheet(name, columns, [*_cells(sections), *last]))


def deferred(request: StaffRequest) -> Shown:
    """What was billed in advance and is still owed as service: opened, billed, earned, left."""
    asked = span(request)
    entity = request.entity
    rows = roll_forward(entity.pk, since=asked.since, through=asked.through)
    shown = [_rolled(one) for one in rows]
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


def _rolled(one: RollForward) -> dict[str, Any]:
    return {
        "name": "The account in the books" if one.revenue == "deferred" else one.revenue,
        "total": one.revenue == "deferred",
        "amounts": (one.opening, one.billed, -one.credited, -one.recognised, one.adjusted,
                    one.closing),
    }  # fmt: skip


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


def _section(one: Section, columns: Sequence[tuple[date, date]]) -> dict[str, Any]:
    return {
        "words": _WORDS[one.kind],
        "totals": one.totals,
        "rows": [
            {
                "code": row.code,
                "name": row.name,
                "figures": [
                    (amount, account_address(row.code, *days) if row.code else "")
                    for amount, days in zip(row.amounts, columns, strict=True)
                ],
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
