"""The trial balance, and an account line by line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from django.http import Http404

from waya.console.pages.books.sheets import Cell, Sheet
from waya.console.pages.books.tabs import EVER, Shown, Span, account_address, span
from waya.console.pieces import Chip, address, earlier
from waya.console.staff import StaffRequest
from waya.kernel.money import Money, total
from waya.ledger.queries.balances import Movement, movements
from waya.ledger.rules.chart import KINDS
from waya.org.models import Branch
from waya.org.queries import branches_of
from waya.reports.queries.books import general

KIND_WORDS = {"asset": "Assets", "liability": "Liabilities", "equity": "Equity",
              "income": "Income", "expense": "Expenses"}  # fmt: skip


def accounts(request: StaffRequest) -> Shown:
    """The trial balance at the end of a day, and what moved before it."""
    asked = span(request, default="year")
    held = movements(request.entity.pk, since=asked.since, through=asked.through)
    held.sort(key=lambda row: (KINDS.index(row.kind), row.code, row.opening.currency))
    currency = request.entity.currency
    closing = [row.closing for row in held if row.opening.currency == currency]
    context = {
        "chips": asked.chips,
        "span": asked,
        "rows": [
            {
                "code": row.code, "name": row.name, "kind": KIND_WORDS[row.kind],
                "url": account_address(row.code, asked.since, asked.through,
                                       row.opening.currency),
                "opening": row.opening, "debits": row.debits, "credits": row.credits,
                "closing": row.closing, "other": row.opening.currency != currency,
            }
            for row in held
        ],
        "debits": total([one for one in closing if one.minor > 0], currency),
        "credits": total([one for one in closing if one.minor < 0], currency),
        "balanced": total(closing, currency).minor == 0,
    }  # fmt: skip
    columns = ("Code", "Account", "Kind", "Currency", "Opening", "Debits", "Credits", "Closing")
    name = f"trial-balance-{asked.through}"
    return Shown(context, Sheet(name, columns, [_cells(row) for row in held]))


def _cells(row: Movement) -> Sequence[Cell]:
    return (row.code, row.name, KIND_WORDS[row.kind], row.opening.currency, row.opening,
            row.debits, row.credits, row.closing)  # fmt: skip


def ledger(request: StaffRequest) -> Shown:
    """One account's lines, oldest first, with what it held after each."""
    asked = span(request)
    entity = request.entity
    branch = _branch(request)
    found = movements(entity.pk, since=asked.since, through=asked.through,
                      branch_id=branch.pk if branch else None)  # fmt: skip
    code = request.GET.get("account", "") or (found[0].code if found else "")
    if not code:
        return Shown({"chips": asked.chips, "span": asked})
    account = general.account_of(entity.pk, code)
    if account is None:
        raise Http404
    held = {row.opening.currency: row for row in found if row.code == code}
    currency = request.GET.get("currency", "") or next(iter(held), entity.currency)
    nothing = Money(0, currency)
    opened = general.Opened(account, currency, asked.since, asked.through,
                            branch.pk if branch else None)  # fmt: skip
    page = general.page_of(opened, request.GET.get("from", ""))
    row = held.get(currency)
    closing = row.closing if row else nothing
    context = {
        "span": asked,
        "account": account,
        "others": _others(found, code, asked),
        "chips": asked.chips + [
            Chip(one, address(request, currency=one), on=one == currency, stays=True)
            for one in held if len(held) > 1
        ] + ([Chip(branch.name, address(request, branch=""), on=True)] if branch else []),
        "kept": [(name, request.GET[name]) for name in ("currency", "branch")
                 if request.GET.get(name)],
        "earlier_days": account_address(code, EVER, asked.since - timedelta(days=1), currency,
                                        branch.pk if branch else None),
        "before": general.opening(opened, page.rows[0] if page.rows else None, closing),
        "first": not request.GET.get("from"),
        "rows": [(one, f"/books/{one.line.entry_id}") for one in page.rows],
        "closing": closing,
        "moved": (row.debits, row.credits) if row else (nothing, nothing),
        "earlier": earlier(request, page.next_key),
        "later": address(request) if request.GET.get("from") else None,
    }  # fmt: skip
    columns = ("Date", "Entry", "Memo", "Source", "Party", "Debit", "Credit", "Balance")
    return Shown(context, Sheet(f"ledger-{code}-{asked.through}", columns, _lines(opened)))


def _branch(request: StaffRequest) -> Branch | None:
    """The branch whose lines are asked for; None for all of them."""
    typed = request.GET.get("branch", "")
    if not typed:
        return None
    branches = (one for one in branches_of(request.entity.pk) if str(one.pk) == typed)
    found = next(branches, None)
    if found is None:
        raise Http404
    return found


def _others(found: Sequence[Movement], code: str, asked: Span) -> list[dict[str, object]]:
    known: dict[str, str] = {row.code: row.name for row in found}
    return [
        {"code": one, "name": name, "on": one == code,
         "url": account_address(one, asked.since, asked.through)}
        for one, name in known.items()
    ]  # fmt: skip


def _lines(opened: general.Opened) -> Iterator[Sequence[Cell]]:
    for one in general.lines_of(opened):
        line = one.line
        debit, credit = _sides(line.amount)
        on: date = line.on
        yield on, line.entry_id, line.memo, line.source, one.party, debit, credit, line.running


def _sides(amount: Money) -> tuple[Money | None, Money | None]:
    return (amount, None) if amount.minor > 0 else (None, -amount)
