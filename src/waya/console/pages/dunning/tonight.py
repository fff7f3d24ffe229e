"""Tonight: what will be done to whom, what waits for a person, and who is spared and why?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render

from waya.console.pages.dunning.tabs import tabs
from waya.console.pieces import Chip, address
from waya.console.staff import StaffRequest, staff
from waya.console.words import many
from waya.org.actors import Actor
from waya.payments.queries.tonight import next_night
from waya.reports.rehearsal import Group, Rehearsal, Row, rehearsal

# How each action is told: its icon, its tone, and its words.
ACTIONS = {
    "disconnect": ("lock", "bad", "Disabled altogether"),
    "wall": ("lock", "bad", "Walled"),
    "write_off": ("circle-minus", "warn", "Written off"),
    "fee": ("cash", "warn", "Fined"),
    "follow_up": ("user", "", "To be called"),
    "message": ("message", "", "Reminded"),
}
_HOLDS = {
    "dispute": ("hand-stop", "The invoice is disputed"),
    "promise": ("calendar-due", "They promised to pay"),
    "outage": ("plug-connected-x", "Their router is away"),
    "in_flight": ("loader-2", "Money may be on its way"),
    "holiday": ("calendar", "It is a public holiday"),
    "weekday": ("calendar", "Not on this weekday"),
}
_SHOWN = 25
_AHEAD = ((0, "Tonight"), (1, "The night after"), (7, "In a week"), (30, "In a month"))


@staff("money.view")
def tonight(request: StaffRequest, by: Actor) -> HttpResponse:
    """The rehearsal of the next night, or of the one `on` a day; nothing is written."""
    entity = request.entity
    first = next_night(entity.pk)
    on = _day(request.GET.get("on", ""), first)
    found = rehearsal(entity.pk, on)
    context = {
        "on": on,
        "holiday": found.holiday,
        "judged": many(found.judged, "customer"),
        "tabs": tabs("tonight"),
        "chips": _chips(request, first, on),
        "held": [
            {"title": f"The brake holds {one.router}: {one.customers} of {one.serves} customers.",
             "text": "Nobody there is cut off before somebody has said yes."}
            for one in found.held
        ],
        "sums": _sums(found),
        "actions": [_group(one, *ACTIONS[one.key]) for one in found.actions],
        "spared": [_group(one, _HOLDS[one.key][0], "", _HOLDS[one.key][1])
                   for one in found.spared],
    }  # fmt: skip
    return render(request, "console/dunning/tonight.html", context)


def _day(text: str, first: date) -> date:
    if not text:
        return first
    try:
        return date.fromisoformat(text)
    except ValueError as unreadable:
        raise Http404 from unreadable


def _chips(request: StaffRequest, first: date, on: date) -> list[Chip]:
    return [
        Chip(
            words,
            address(request, on=(first + timedelta(days=days)).isoformat() if days else ""),
            on=on == first + timedelta(days=days),
            stays=True,
        )
        for days, words in _AHEAD
    ]


def _sums(found: Rehearsal) -> list[dict[str, Any]]:
    """One line for each action: how many, how much, how many of them wait."""
    return [
        {
            "key": one.key,
            "words": ACTIONS[one.key][2],
            "icon": ACTIONS[one.key][0],
            "tone": ACTIONS[one.key][1],
            "customers": one.customers,
            "owed": one.owed,
            "moves": one.moves,
            "waiting": one.waiting,
        }
        for one in found.actions
    ]


def _group(group: Group, icon: str, tone: str, words: str) -> dict[str, Any]:
    outliers = {id(row) for row in group.outliers}
    return {
        "key": group.key,
        "words": words,
        "icon": icon,
        "tone": tone,
        "count": many(group.customers, "customer"),
        "owed": group.owed,
        "moves": group.moves,
        "outliers": len(group.outliers),
        "rows": [_row(row, id(row) in outliers) for row in _first(group)],
        "more": max(0, len(group.rows) - _SHOWN),
    }


def _first(group: Group) -> Sequence[Row]:
    return group.rows[:_SHOWN]


def _row(row: Row, stands_out: bool) -> dict[str, Any]:
    because = f"{many(row.late, 'day')} past due" if row.late > 0 else _ahead(row.late)
    if row.until:
        because = f"promised until {row.until:%-d %b}"
    return {
        "name": row.name,
        "url": f"/customers/{row.account}",
        "account": row.account,
        "debt": row.debt,
        "debt_url": f"/invoices/{row.debt}" if row.debt.startswith("INV-") else "",
        "due": row.due,
        "because": because,
        "action": ACTIONS[row.action.value][2],
        "rung": row.rung,
        "owed": row.owed,
        "moves": row.moves,
        "router": row.router,
        "waits": row.waits,
        "stands_out": stands_out,
    }


def _ahead(late: int) -> str:
    return "due today" if late == 0 else f"due in {many(-late, 'day')}"
