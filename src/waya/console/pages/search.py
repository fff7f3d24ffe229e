"""Find anything: eight results, the surest first, with what Enter does."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from waya.console.pages.customers import WORDS
from waya.console.shell import ENTRIES
from waya.console.staff import StaffRequest, staff
from waya.kernel import clock, ids
from waya.kernel.phone import national
from waya.org.actors import Actor
from waya.org.templatetags.states import STATES
from waya.reports.queries.customers import register
from waya.reports.queries.search import search as find

_MOST = 8
_PLACES = (
    ("today", "Today", "/", "sun-high", "console.use"),
    ("customers", "Customers", "/customers", "users", ENTRIES["customers"]),
    ("new customer join", "New customer", "/customers/new", "user-plus", "orders.join"),
    ("payments money", "Payments", "/payments", "cash", ENTRIES["payments"]),
    ("suspense", "Suspense", "/payments?state=suspense", "zoom-question", ENTRIES["payments"]),
    ("take cash", "Take cash", "/payments/cash", "cash", "payments.take"),
    ("send prompt", "Send a prompt", "/payments/prompt", "device-mobile", "payments.prompt"),
    ("invoices", "Invoices", "/invoices", "file-invoice", ENTRIES["invoices"]),
    ("collections overdue", "Collections", "/collections", "calendar-due", ENTRIES["collections"]),
    ("books journal", "Books", "/books", "book-2", ENTRIES["books"]),
    ("online sessions", "Online now", "/online", "activity", ENTRIES["online"]),
    ("routers", "Routers", "/routers", "router", ENTRIES["routers"]),
    ("plans prices", "Plans", "/plans", "gauge", ENTRIES["plans"]),
    ("approvals", "Approvals", "/approvals", "hand-stop", ENTRIES["approvals"]),
    ("settings business", "Settings", "/settings/business", "settings", ENTRIES["settings"]),
)


@staff()
def search(request: StaffRequest, by: Actor) -> HttpResponse:
    """The palette's answer, and a page of its own without script."""
    typed = request.GET.get("q", "").strip()
    groups = _groups(request, by, typed) if typed else []
    return render(request, "console/search.html", {"q": typed, "groups": groups})


def _groups(request: StaffRequest, by: Actor, typed: str) -> list[dict[str, Any]]:
    entity = request.entity
    found = find(entity.pk, entity.country, typed, limit=_MOST)
    groups: list[tuple[str, list[dict[str, Any]]]] = []
    if by.can("customers.view"):
        people = register(
            entity.pk,
            entity.currency,
            clock.today(entity.zone),
            only=found.customer_ids[:_MOST],
        ).rows
        groups.append(("Customers", [_customer(row) for row in people]))
        if len(people) == 1:
            groups.append((f"Do, with {people[0].name}", _deeds(people[0].account, by)))
    groups.append(("Go to", _places(typed, by)))
    if by.can("money.view"):
        groups.append(("Receipts", [
            {"url": f"/payments/{one.number}", "icon": "receipt", "title": one.transaction,
             "note": f"{one.amount}, {one.on:%-d %b} {one.customer_name or 'in suspense'}"}
            for one in found.receipts
        ]))  # fmt: skip
        groups.append(("Invoices", [
            {"url": f"/invoices/{number}", "icon": "file-invoice", "title": number, "note": name}
            for number, name in found.invoices
        ]))  # fmt: skip
    if by.can("network.view"):
        groups.append(("Routers", [
            {"url": f"/routers/{name}", "icon": "router", "title": name, "note": place}
            for name, place in found.routers
        ]))  # fmt: skip
    return _eight(groups)


def _eight(groups: list[tuple[str, list[dict[str, Any]]]]) -> list[dict[str, Any]]:
    """Eight rows in all; the first groups take what they need, but leave one for each other."""
    filled = [(title, rows) for title, rows in groups if rows]
    left, shown = _MOST, []
    for at, (title, rows) in enumerate(filled):
        room = left - (len(filled) - at - 1)
        shown.append({"title": title, "rows": rows[: max(room, 1)]})
        left -= len(shown[-1]["rows"])
    return shown


def _customer(row: Any) -> dict[str, Any]:
    state = "online" if row.online and row.state == "good" else row.state
    return {
        "url": f"/customers/{row.account}",
        "icon": STATES[state].icon,
        "tone": STATES[state].tone,
        "title": row.name,
        "note": f"{ids.in_threes(row.account)} · {national(row.phone)} · {WORDS[row.state]}",
    }


def _deeds(account: str, by: Actor) -> list[dict[str, Any]]:
    deeds = []
    if by.can("payments.take"):
        deeds.append({"url": f"/customers/{account}/pay", "icon": "cash", "dialog": True,
                      "title": "Take payment", "does": "Take", "key": "P"})  # fmt: skip
    if by.can("payments.prompt"):
        deeds.append({"url": f"/customers/{account}/prompt", "icon": "device-mobile",
                      "dialog": True, "title": "Send an M-PESA prompt", "does": "Send",
                      "key": "S"})  # fmt: skip
    return deeds


def _places(typed: str, by: Actor) -> list[dict[str, Any]]:
    wished = typed.lower()
    return [
        {"url": url, "icon": icon, "title": title, "does": "Go"}
        for keys, title, url, icon, may in _PLACES
        if by.can(may) and any(key.startswith(wished) for key in [keys, *keys.split()])
    ]
