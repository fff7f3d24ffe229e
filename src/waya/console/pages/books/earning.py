"""The documents behind a figure of deferred revenue, line by line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.http import Http404

from waya.billing.queries.deferred import roll_forward
from waya.console.pages.books.sheets import Cell, Sheet
from waya.console.pages.books.tabs import Shown, span
from waya.console.pieces import Chip, address, earlier
from waya.console.staff import StaffRequest
from waya.reports.queries.books import earning as reads

COLUMNS = ("Document", "Account", "Customer", "For", "Dated", "From", "Until", "Currency", "Net",
           "Billed", "Recognised", "Left")  # fmt: skip


def earning(request: StaffRequest) -> Shown:
    """What one revenue's lines were billed and have earned over some days."""
    asked, entity = span(request), request.entity
    revenue = request.GET.get("revenue", "")
    currency = request.GET.get("currency", "") or entity.currency
    credits = request.GET.get("of") == "credits"
    rows = roll_forward(entity.pk, since=asked.since, through=asked.through)
    whole = next((row for row in rows
                  if (row.revenue, row.opening.currency) == (revenue, currency)), None)  # fmt: skip
    if whole is None or revenue == "deferred":
        raise Http404
    told = reads.Asked(entity.pk, revenue, currency, asked.since, asked.through)
    key = request.GET.get("from", "")
    page = reads.credited_page(told, key) if credits else reads.billed_page(told, key)
    kept = [(name, request.GET[name]) for name in ("revenue", "currency", "of")
            if request.GET.get(name)]  # fmt: skip
    context = {
        "span": asked,
        "kept": kept,
        "chips": [
            *asked.chips,
            Chip("Billed", address(request, of=""), on=not credits, stays=True),
            Chip("Given back", address(request, of="credits"), on=credits, stays=True),
        ],
        "revenue": revenue,
        "whole": whole,
        "back": f"/books?tab=deferred&since={asked.since}&through={asked.through}",
        "rows": [(one, f"/credit-notes/{one.number}" if credits else f"/invoices/{one.number}")
                 for one in page.rows],
        "earlier": earlier(request, page.next_key),
        "later": address(request) if key else None,
    }  # fmt: skip
    name = f"earning-{asked.since}-{asked.through}"
    return Shown(context, Sheet(name, COLUMNS, _cells(told)))


def _cells(told: reads.Asked) -> Iterator[Sequence[Cell]]:
    for one in reads.every(told):
        yield (one.number, one.account, one.customer, one.words, one.on, one.period.start,
               one.period.end, told.currency, one.net, one.billed, one.recognised,
               one.left)  # fmt: skip
