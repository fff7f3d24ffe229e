"""Customers: the register, and the record of one with everything that happened."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.html import format_html

from waya.console import live, moments, rows, story
from waya.console.pages.company.taxes import taxed
from waya.console.pages.dunning import notes as dunning
from waya.console.pieces import Chip, Find, Note, Tab, address, earlier, newest
from waya.console.staff import StaffRequest, staff
from waya.console.words import many
from waya.kernel import clock, ids
from waya.kernel.money import Money
from waya.kernel.phone import national
from waya.org.actors import Actor
from waya.org.templatetags.states import STATES
from waya.org.templatetags.waya import when
from waya.payments.models import Prompt
from waya.reports.queries import customers as reads
from waya.reports.queries import documents, messages, timeline
from waya.reports.queries.network import services
from waya.reports.queries.payments import payments, prompt_of
from waya.reports.queries.search import customers_matching

# A phone rings for a minute or so; after this, what it did is history.
_RINGS = timedelta(minutes=5)

WORDS = {
    "good": "Active",
    "grace": "In grace",
    "walled": "Walled",
    "paused": "Paused",
    "pending_payment": "Waiting for payment",
    "ended": "Ended",
}


@staff("customers.view")
def register(request: StaffRequest, by: Actor) -> HttpResponse:
    """Everybody by name, or those that a search and the chips leave."""
    entity = request.entity
    typed = request.GET.get("q", "").strip()
    state = request.GET.get("state", "")
    only = customers_matching(entity.pk, entity.country, typed) if typed else None
    page = reads.register(
        entity.pk,
        entity.currency,
        clock.today(entity.zone),
        state=state,
        only=only,
        key=request.GET.get("from", ""),
    )
    counts = reads.state_counts(entity.pk)
    return render(
        request,
        "console/customers.html",
        {
            "total": f"{many(sum(counts.values()) - counts['ended'], 'service')}, begun or waiting",
            "find": Find(typed, "Name, phone, account", keep={"state": state} if state else {}),
            "chips": _chips(request, state, counts),
            "rows": [_row(row, by) for row in page.rows],
            "earlier": earlier(request, page.next_key),
            "earlier_words": "More",
            "later": newest(request),
            "drop": request.path if typed or state else None,
        },
    )


def _chips(request: StaffRequest, state: str, counts: dict[str, int]) -> list[Chip]:
    return [
        Chip(
            words,
            address(request, state="" if name == state else name),
            on=name == state,
            count=counts[name],
            icon=STATES[name].icon,
            tone=STATES[name].tone,
        )
        for name, words in WORDS.items()
    ]


def _row(row: reads.Row, by: Actor) -> dict[str, Any]:
    state = "online" if row.online and row.state == "good" else row.state
    return {
        "name": row.name,
        "url": f"/customers/{row.account}",
        "account": row.account,
        "phone": row.phone,
        "place": row.site,
        "plan": row.plans,
        "state": state,
        "state_words": "Online" if state == "online" else WORDS[row.state],
        "owes": row.owed if by.can("money.view") else None,
        "until": row.paid_through,
    }


@staff("customers.view")
def record(request: StaffRequest, by: Actor, account: str) -> HttpResponse:
    """One customer: what they have, whether it works, what they owe, and why."""
    number = ids.normal(account)
    if number != account:
        return redirect(f"/customers/{number}")
    entity = request.entity
    one = reads.profile(entity.pk, number, entity.currency, clock.today(entity.zone))
    if one is None:
        raise Http404
    tab = request.GET.get("tab", "overview")
    tabs = _tabs(one, by)
    if tab not in {each.name for each in tabs}:
        raise Http404
    has = services(one.subscriptions)
    context = {
        "customer": _header(one, any(each.online for each in has)),
        "tab": tab,
        "tabs": tabs,
        "account": _account(one, by),
        "contacts": [
            {"name": each.name, "phone": each.phone, "email": each.email,
             "words": "verified" if each.verified_at else ""}
            for each in one.contacts
        ],
        "site": one.site and {"words": one.site.name, "place": one.site.directions},
        "note": one.customer.note,
        "tags": one.customer.tags,
        "taxed": taxed(one.customer, clock.today(entity.zone)),
        "notices": _notices(one, by, clock.today(entity.zone)),
    }  # fmt: skip
    part = _PARTS[tab](request, by, one, has)
    return live.page(request, "console/customer.html", context | part)


def _tabs(one: reads.Profile, by: Actor) -> list[Tab]:
    tabs = [Tab("overview", "Overview")]
    if by.can("money.view"):
        tabs += [
            Tab("invoices", "Invoices", one.invoices),
            Tab("payments", "Payments", one.payments),
        ]
        tabs.append(Tab("messages", "Messages", one.messages))
    return [*tabs, Tab("audit", "Audit")]


def _header(one: reads.Profile, online: bool) -> dict[str, Any]:
    running = [each for each in one.subscriptions if each.state != each.ENDED]
    state = "online" if online and one.state == "good" else one.state
    return {
        "name": one.customer.name,
        "account": one.customer.account_number,
        "url": f"/customers/{one.customer.account_number}",
        "phone": one.contacts[0].phone if one.contacts else "",
        "plan": ", ".join(dict.fromkeys(each.plan.name for each in running)),
        "place": ", ".join(dict.fromkeys(each.site.name for each in running)),
        "since": one.customer.created_at,
        "state": state,
        "state_words": "Online" if state == "online" else WORDS[one.state],
    }


def _account(one: reads.Profile, by: Actor) -> dict[str, Any] | None:
    if not by.can("money.view"):
        return None
    return {
        "owes": one.owed,
        "overdue": one.state == "walled" and one.owed.minor > 0,
        "oldest_due": one.oldest_due,
        "credit": one.credit,
        "next_amount": one.ahead.amount if one.ahead else None,
        "next_on": one.ahead.on if one.ahead and not one.ahead.late else None,
        "paid_year": one.paid_in_a_year,
    }


def _notices(one: reads.Profile, by: Actor, today: date) -> list[Note]:
    """What a person should know before anything else."""
    if not by.can("money.view"):
        return []
    asked = prompt_of(one.customer.pk)
    return [*_asked(asked), *_lapsed(one), *dunning.notes(one.customer.pk, today)]


def _asked(asked: Prompt | None) -> list[Note]:
    """A phone that rings, or rang lately without an answer."""
    if asked is None:
        return []
    waits = clock.real_now() - asked.made_at
    if waits > _RINGS:
        return []
    amount = Money(asked.amount_minor, asked.currency)
    sent = "It may not have arrived." if asked.state == Prompt.UNKNOWN else "Waiting for the PIN."
    at = when(moments.shown(asked.made_at), "proof")
    text = format_html(
        "{} Sent {}. Nothing is booked before M-PESA says that it is paid.", sent, at
    )
    return [Note(f"M-PESA asks {national(asked.phone)} for {amount}.", text, icon="device-mobile")]


def _lapsed(one: reads.Profile) -> list[Note]:
    if one.ahead is None or one.state != "walled":
        return []
    short = one.owed - one.credit
    if short.minor <= 0:
        return []
    return [
        Note(
            f"{short} brings the service back.",
            f"The renewal {one.ahead.number} was to begin on {one.ahead.on:%-d %b} and is not "
            "paid. Within a second of the money, the router holds the plan again.",
            tone="warn",
            icon="lock",
        )
    ]


def _hidden(by: Actor) -> tuple[str, ...]:
    """What of a timeline tells sums: whoever may not see money does not see these."""
    return () if by.can("money.view") else ("money", "messages")


def _overview(
    request: StaffRequest, by: Actor, one: reads.Profile, has: list[Any]
) -> dict[str, Any]:
    kind = request.GET.get("show", "")
    hidden = _hidden(by)
    page = timeline.of_customer(
        one.customer.pk,
        kind=kind,
        without=hidden,
        hidden_actions=["access.wanted"],
        key=request.GET.get("from", ""),
    )
    chips = [Chip("All", address(request, show=""), on=not kind, stays=True)]
    chips += [
        Chip(name.capitalize(), address(request, show=name), on=name == kind, stays=True)
        for name in timeline.KINDS
        if name not in hidden
    ]
    return {
        "subscriptions": [rows.service(each, by) for each in has],
        "chips": chips,
        "entries": [story.entry(each, by) for each in page.rows],
        "earlier": earlier(request, page.next_key),
    }


def _invoices(
    request: StaffRequest, by: Actor, one: reads.Profile, has: list[Any]
) -> dict[str, Any]:
    entity, key = request.entity, request.GET.get("from", "")
    today = clock.today(entity.zone)
    page = documents.invoices(entity.pk, today, customer_id=one.customer.pk, key=key)
    return {
        "rows": rows.invoices(page.rows, today),
        "currency": entity.currency,
        "earlier": earlier(request, page.next_key),
        "later": newest(request),
    }


def _payments(
    request: StaffRequest, by: Actor, one: reads.Profile, has: list[Any]
) -> dict[str, Any]:
    entity = request.entity
    page = payments(entity.pk, customer_id=one.customer.pk, key=request.GET.get("from", ""))
    return {
        "rows": [rows.payment(each) for each in page.rows],
        "currency": entity.currency,
        "earlier": earlier(request, page.next_key),
        "later": newest(request),
    }


def _messages(
    request: StaffRequest, by: Actor, one: reads.Profile, has: list[Any]
) -> dict[str, Any]:
    page = messages.to_customer(one.customer.pk, key=request.GET.get("from", ""))
    return {
        "rows": [
            {"at": each.sent_at or each.created_at, "to": each.to, "text": each.body,
             "state": each.reason or each.state}
            for each in page.rows
        ],
        "earlier": earlier(request, page.next_key),
        "later": newest(request),
    }  # fmt: skip


def _audit(request: StaffRequest, by: Actor, one: reads.Profile, has: list[Any]) -> dict[str, Any]:
    hidden = _hidden(by)
    page = timeline.of_customer(one.customer.pk, without=hidden, key=request.GET.get("from", ""))
    return {
        "entries": [story.plainly(each, by) for each in page.rows],
        "earlier": earlier(request, page.next_key),
    }


_PARTS = {
    "overview": _overview,
    "invoices": _invoices,
    "payments": _payments,
    "messages": _messages,
    "audit": _audit,
}
