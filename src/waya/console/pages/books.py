"""The books: what stands in them, whether it balances, and the document behind each entry."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render

from waya.console.pieces import Chip, address, earlier, newest
from waya.console.staff import StaffRequest, staff
from waya.kernel import clock
from waya.kernel.money import total
from waya.ledger.queries.balances import Balance
from waya.ledger.rules.chart import KINDS
from waya.org.actors import Actor
from waya.reports.queries.books import journal as reads
from waya.reports.queries.payments import receipt_of

_KINDS = {"asset": "Assets", "liability": "Liabilities", "equity": "Equity", "income": "Income",
          "expense": "Expenses"}  # fmt: skip


@staff("books.view")
def books(request: StaffRequest, by: Actor) -> HttpResponse:
    """The journal, newest first, or with `tab=accounts` the trial balance."""
    entity = request.entity
    held = reads.balances(entity.pk)
    tab = "accounts" if request.GET.get("tab") == "accounts" else "journal"
    context = {
        "tab": tab,
        "currency": entity.currency,
        "period": f"to {clock.today(entity.zone):%-d %B %Y}",
        "balanced": sum(row.amount.minor for row in held) == 0,
    }
    context |= _accounts(held, entity.currency) if tab == "accounts" else _journal(request, held)
    return render(request, "console/books.html", context)


def _accounts(held: list[Balance], currency: str) -> dict[str, Any]:
    ordered = sorted(held, key=lambda row: (KINDS.index(row.kind), row.code))
    amounts = [row.amount for row in held if row.amount.currency == currency]
    return {
        "rows": [
            {
                "code": row.code,
                "name": row.name,
                "url": f"/books?account={row.code}",
                "kind": _KINDS[row.kind],
                "amount": row.amount,
            }
            for row in ordered
        ],
        "debits": total([one for one in amounts if one.minor > 0], currency),
        "credits": total([one for one in amounts if one.minor < 0], currency),
    }


def _journal(request: StaffRequest, held: list[Balance]) -> dict[str, Any]:
    code, typed = request.GET.get("account", ""), request.GET.get("day", "")
    day = _day(typed)
    page = reads.journal(request.entity.pk, code=code, day=day, key=request.GET.get("from", ""))
    name = next((row.name for row in held if row.code == code), "")
    chips = [Chip(f"{code} {name}", address(request, account=""), on=True)] if code else []
    if day:
        chips.append(Chip(f"{day:%-d %b %Y}", address(request, day=""), on=True))
    return {
        "entries": [shown(one) for one in page.rows],
        "chips": chips,
        "earlier": earlier(request, page.next_key),
        "later": newest(request),
    }


def shown(one: reads.Entry) -> dict[str, Any]:
    """An entry with the addresses of its accounts."""
    return {
        "on": one.on,
        "memo": one.memo,
        "url": f"/books/{one.id}",
        "source": one.source,
        "lines": [
            {"code": line.code, "account": line.account, "party": line.party,
             "account_url": f"/books?account={line.code}", "amount": line.amount}
            for line in one.lines
        ],
    }  # fmt: skip


@staff("books.view")
def entry(request: StaffRequest, by: Actor, entry_id: int) -> HttpResponse:
    """One entry, and the way to the document it was booked for."""
    one = reads.entry(request.entity.pk, entry_id)
    if one is None:
        raise Http404
    context = shown(one) | {"posted_at": one.posted_at, "by": "Waya", "source_url": _document(
        request.entity.pk, one.source)}  # fmt: skip
    return render(request, "console/entry.html", {"entry": context})


def _document(entity_id: int, source: str) -> str:
    """Where the document of a source is; empty when it has no page."""
    kind, _, rest = source.partition(":")
    if kind == "invoice":
        return f"/invoices/{rest}"
    receipt = receipt_of(entity_id, source)
    return f"/payments/{receipt}" if receipt else ""


def _day(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        return None
