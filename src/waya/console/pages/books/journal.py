"""The books: the journal, the tab that is asked for, and the document behind each entry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import render

from waya.console.pages.books.accounts import accounts, ledger
from waya.console.pages.books.ageing import aged
from waya.console.pages.books.earning import earning
from waya.console.pages.books.periods import periods
from waya.console.pages.books.sheets import as_file
from waya.console.pages.books.statements import balance, deferred, profit
from waya.console.pages.books.tabs import TABS, Shown, day_in
from waya.console.pieces import Chip, address, earlier, newest
from waya.console.staff import StaffRequest, staff
from waya.kernel import clock
from waya.ledger.queries.balances import Balance
from waya.org.actors import Actor
from waya.reports.queries.books import general
from waya.reports.queries.books import journal as reads
from waya.reports.queries.documents import NUMBERED, number_behind
from waya.reports.queries.payments import receipt_of


def journal(request: StaffRequest) -> Shown:
    """Entries, newest first; of one account or day if asked."""
    code, day = request.GET.get("account", ""), day_in(request, "day")
    page = reads.journal(request.entity.pk, code=code, day=day, key=request.GET.get("from", ""))
    chips = []
    if code:
        account = general.account_of(request.entity.pk, code)
        name = account.name if account else ""
        chips.append(Chip(f"{code} {name}", address(request, account=""), on=True))
    if day:
        chips.append(Chip(f"{day:%-d %b %Y}", address(request, day=""), on=True))
    return Shown({
        "entries": [shown(one) for one in page.rows],
        "chips": chips,
        "earlier": earlier(request, page.next_key),
        "later": newest(request),
    })  # fmt: skip


REPORTS: dict[str, Callable[[StaffRequest], Shown]] = {
    "journal": journal, "accounts": accounts, "ledger": ledger, "profit": profit,
    "balance": balance, "ageing": aged, "deferred": deferred, "earning": earning,
    "periods": periods,
}  # fmt: skip


@staff("books.view")
def books(request: StaffRequest, by: Actor) -> HttpResponseBase:
    """The journal, or the report that `tab` names; with `as`, that report as a file."""
    tab = request.GET.get("tab", "journal")
    if tab not in REPORTS:
        raise Http404
    report = REPORTS[tab](request)
    if report.sheet is not None and request.GET.get("as") in ("csv", "xlsx"):
        return as_file(report.sheet, request.GET["as"])
    entity = request.entity
    context: dict[str, Any] = {
        "tab": tab,
        "here": "deferred" if tab == "earning" else tab,
        "tabs": TABS,
        "body": f"console/books/{tab}.html",
        "currency": entity.currency,
        "period": f"to {clock.today(entity.zone):%-d %B %Y}",
        "files": [
            (kind.upper(), address(request, **{"as": kind}))
            for kind in ("csv", "xlsx")
            if report.sheet
        ],
        "may_close": by.can("ledger.close"),
    }
    if "balanced" not in report.context:
        context["balanced"] = _balanced(reads.balances(entity.pk))
    return render(request, "console/books.html", context | dict(report.context))


def _balanced(held: list[Balance]) -> bool:
    sums: dict[str, int] = {}
    for row in held:
        sums[row.amount.currency] = sums.get(row.amount.currency, 0) + row.amount.minor
    return not any(sums.values())


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
    if kind == "credit_note":
        return f"/credit-notes/{rest}"
    if kind == "reversal":
        return f"/books/{rest}"
    if kind == "allowance":
        return f"/books?tab=ageing&through={rest.partition(':')[0]}"
    if kind == "recognised":
        return f"/books?tab=deferred&since={rest[:8]}01&through={rest}"
    if kind in NUMBERED:
        number = number_behind(entity_id, kind, rest)
        return f"/invoices/{number}" if number else ""
    receipt = receipt_of(entity_id, source)
    return f"/payments/{receipt}" if receipt else ""
