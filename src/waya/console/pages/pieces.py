"""The living page of pieces: every screen is made of these, in the states that hurt."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from waya.console.pieces import Chip, Confirm, Entry, Find, Kpi, Line, Note, Sum, Then, Why
from waya.console.staff import StaffRequest, staff
from waya.kernel import clock
from waya.kernel.money import Money
from waya.org.actors import Actor
from waya.org.templatetags.states import STATES
from waya.org.templatetags.waya import money

_LONG = "Wanjikũ wa Mwangi " * 11


@staff()
def living(request: StaffRequest, by: Actor) -> HttpResponse:
    """If a screen needs another piece, it goes here first."""
    return render(
        request,
        "console/pieces.html",
        {
            "states": sorted(STATES.items()),
            "sums": [Money(2500_00, "KES"), Money(633_34, "KES"), Money(-1583_33, "KES"),
                     Money(12_345_678_90, "KES")],
            "large": Money(8_940_000_00, "KES"),
            "kpis": _kpis(),
            "chips": [Chip("All", "#", on=True, stays=True), Chip("Walled", "#", on=True),
                      Chip("Overdue", "#", count=187, icon="calendar-due", tone="warn")],
            "find": Find("", "Name, phone, account"),
            "notes": _notes(),
            "entries": _entries(),
            "chart": _chart(),
            "confirm": _confirm(),
            "long_name": _LONG,
            "one": _candidate(),
        },
    )  # fmt: skip


def _kpis() -> list[Kpi]:
    return [
        Kpi("Collected today", money(Money(186_450_00, "KES")), "#", "↑ 12 % on last Saturday",
            tone="ok", spark=[3, 5, 9, 4, 12, 8, 10]),
        Kpi("Overdue", money(Money(412_300_00, "KES"), "short"), "#", "187 customers, 61 walled",
            spark=[9, 8, 7, 7, 6], kind="area"),
        Kpi("Routers holding", "11", "#", "1 cannot be reached", unit="of 14", tone="warn",
            tally={"ok": 11, "warn": 2, "bad": 1}),
    ]  # fmt: skip


def _notes() -> list[Note]:
    return [
        Note("Not matched: this money already has a customer.",
             "Naomi matched UKL5R8W1KD to Brian Mwangi at 14:33.", "bad", "", "#", "Open it"),
        Note("Somebody edited our rows by hand. Healed.", "amina.w7k2 has its profile again.",
             "warn", "user-edit"),
        Note("Something broke on our side. Nothing was saved.", "Tell support 7FK-3Q2.", "", "bug"),
        Note("The router holds this.", "Read back 14:31:07.", "ok"),
    ]  # fmt: skip


def _entries() -> list[Entry]:
    now = clock.now()
    chain = [Line("14:31:07.22", "M-PESA said KES 2,500 was paid, receipt UKL7X4T2QP"),
             Line("14:31:07.33", "Standing went from walled to good"),
             Line("14:31:07.63", "Read back: lanet-1 holds the plan")]  # fmt: skip
    return [
        Entry(now, "wifi", "ok", "Back online.", "Read back on lanet-1 0.41 s after the payment",
              why=Why(chain, "How?", open=True)),
        Entry(now - timedelta(minutes=1), "cash", "ok", "Paid", "KES 2,500 by M-PESA"),
        Entry(now - timedelta(days=3), "lock", "bad", "Internet walled.",
              "KES 2,500 was due 18 Nov", by="Waya"),
    ]  # fmt: skip


def _chart() -> dict[str, Any]:
    return {
        "id": "sample", "title": "Collections", "unit": "KES", "small": True,
        "finding": "Collections by day; best was Wednesday with 33,100",
        "x": ["Mon", "Tue", "Wed", "Thu", "Fri"],
        "series": [{"name": "M-PESA", "kind": "bar", "values": [11000, 19000, 33100, 21000, 16000]},
                   {"name": "Cash", "kind": "bar", "values": [2000, 0, 4000, 1000, 3000]},
                   {"name": "Last week", "kind": "compare", "step": True,
                    "values": [12000, 15000, 21000, 26000, 30000]}],
    }  # fmt: skip


def _confirm() -> Confirm:
    return Confirm(
        title="Change Chebet’s plan", text="Price held for this preview until 14:47.", action="#",
        verb="Change to Home 20, ask KES 634", back="#", keep="Keep Home 10",
        money=[Sum("Home 10, 21 Nov – 10 Dec unused", Money(-1583_33, "KES"), "2,500 × 19 ⁄ 30"),
               Sum("Home 20, 21 Nov – 10 Dec", Money(2216_67, "KES"), "3,500 × 19 ⁄ 30")],
        total=Money(633_34, "KES"), after="M-PESA takes whole shillings: it asks for 634.",
        then=[Then("device-mobile", "A prompt goes to 0700 000 418"),
              Then("router", "When it is paid, lanet-1 gets 20M/20M; off for about 3 seconds")],
    )  # fmt: skip


def _candidate() -> dict[str, Any]:
    return {
        "name": "Chebet Korir", "account": "1000014", "url": "#", "likely": "Very likely",
        "tone": "ok", "verb": "Credit KES 2,500 to 100 001 4", "action": "#",
        "evidence": [{"for": True, "text": "Two digits changed place"},
                     {"for": False, "text": "Owes nothing now: it would become credit"}],
    }  # fmt: skip
