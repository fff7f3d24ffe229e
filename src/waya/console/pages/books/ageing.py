"""How old is what customers owe, at the end of any day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from waya.billing.queries.ageing import AGES, Aged, ageing
from waya.console.pages.books.sheets import Cell, Sheet
from waya.console.pages.books.tabs import Shown, day_in, whole
from waya.console.pieces import Chip, address, earlier
from waya.console.staff import StaffRequest
from waya.kernel import clock
from waya.kernel.money import Money, total
from waya.ledger.queries.balances import trial_balance
from waya.org.models import Entity
from waya.reports.queries.books import ageing as reads

_TONES = ("", "warn", "warn", "bad", "bad")


def aged(request: StaffRequest) -> Shown:
    """Unpaid invoices by days past due; of one age, invoice by invoice."""
    entity = request.entity
    on = day_in(request, "through") or clock.today(entity.zone)
    found = [one for one in ageing(entity.pk, on) if one.owed.currency == entity.currency]
    owed = total([one.owed for one in found], entity.currency)
    age = _age(request)
    page = reads.owed_invoices(entity, on, age=age, key=request.GET.get("from", ""))
    booked = total(
        [row.amount for row in trial_balance(entity.pk, through=on)
         if row.purpose == "receivable" and row.amount.currency == entity.currency],
        entity.currency,
    )  # fmt: skip
    context = {
        "on": on,
        "chips": _chips(request, age),
        "ages": _ages(request, found, owed),
        "owed": owed,
        "booked": booked,
        "agrees": owed == booked,
        "invoices": page.rows,
        "earlier": earlier(request, page.next_key),
        "later": address(request) if request.GET.get("from") else None,
        "chart": _chart(found, entity.currency),
    }
    columns = ("Account", "Customer", "Currency", *(words(at) for at in range(len(AGES))), "Total")
    return Shown(context, Sheet(f"ageing-{on}", columns, _cells(entity, on)))


def _cells(entity: Entity, on: date) -> Iterator[Sequence[Cell]]:
    for one in reads.debtors_aged(entity, on):
        amounts = [Money(minor, one.currency) for minor in (*one.ages, one.total)]
        yield one.account, one.name, one.currency, *amounts


def words(at: int) -> str:
    """An age as people say it."""
    first, last = AGES[at]
    if first is None:
        return "Not yet due"
    return f"{first}–{last} days" if last else f"over {first - 1} days"


def _age(request: StaffRequest) -> int | None:
    typed = request.GET.get("age", "")
    return int(typed) if typed.isdigit() and int(typed) < len(AGES) else None


def _chips(request: StaffRequest, age: int | None) -> list[Chip]:
    every = Chip("Every age", address(request, age=""), on=age is None, stays=True)
    return [every] + [
        Chip(words(at), address(request, age=str(at)), on=age == at, stays=True)
        for at in range(len(AGES))
    ]


def _ages(request: StaffRequest, found: Sequence[Aged], owed: Money) -> list[dict[str, Any]]:
    return [
        {
            "words": words(at),
            "url": address(request, age=str(at)),
            "owed": one.owed,
            "tone": _TONES[at],
            "percent": max(0, one.owed.minor * 100 // owed.minor) if owed.minor > 0 else 0,
        }
        for at, one in enumerate(found)
    ]


def _chart(found: Sequence[Aged], currency: str) -> dict[str, Any]:
    values = [whole(one.owed) for one in found]
    return {
        "id": "ageing-chart", "title": "By days past due", "unit": currency, "small": True,
        "lower": False, "mark": None, "x": [words(at) for at in range(len(found))],
        "finding": f"Unpaid by age: {', '.join(f'{one:,}' for one in values) or 'nothing'}.",
        "series": [{"name": "Unpaid", "kind": "bar", "values": values}],
    }  # fmt: skip
