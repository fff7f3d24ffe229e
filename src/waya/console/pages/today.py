"""Today: is the money coming in, and what needs a person?"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpResponse

from waya.console import live, rows
from waya.console.pieces import Kpi
from waya.console.staff import StaffRequest, staff
from waya.console.words import many
from waya.kernel import clock
from waya.kernel.money import Money
from waya.network.queries import RouterState, router_states
from waya.org.actors import Actor
from waya.org.models import Entity
from waya.org.queries import approvals_waiting
from waya.org.templatetags.waya import lasting, money
from waya.reports.queries import today as reads
from waya.reports.queries.owing import Overdue, overdue
from waya.reports.queries.payments import Suspense, suspense

_MOST_NEEDS = 6
_NAMES = {"mpesa": "M-PESA", "cash": "Cash", "bank": "Bank"}


@staff()
def today(request: StaffRequest, by: Actor) -> HttpResponse:
    """The day of whoever looks: what their role may see, and nothing of the rest."""
    now = clock.now()
    context: dict[str, Any] = {"as_of": now, "kpis": [], "needs": []}
    has = reads.service(request.entity.pk, clock.today(request.entity.zone))
    if by.can("money.view"):
        context |= _money(request.entity, now, has, context)
    if by.can("network.view"):
        context |= _network(request.entity, has, context)
    if by.can("org.approve"):
        context["needs"] += _decisions(request.entity)
    needs = sorted(context["needs"], key=lambda need: need["rank"])
    context |= {"needs": needs[:_MOST_NEEDS], "needs_more": len(needs[_MOST_NEEDS:])}
    return live.page(request, "console/today.html", context)


def _money(
    entity: Entity, now: datetime, has: reads.Service, context: dict[str, Any]
) -> dict[str, Any]:
    today = clock.today(entity.zone)
    got = reads.collected(entity, now)
    behind = overdue(entity.pk, entity.currency, today)
    waiting = suspense(entity.pk, entity.currency)
    context["kpis"] += [
        _collected_kpi(got, now),
        Kpi(
            "Overdue", money(behind.owed, "short"), "/collections",
            f"{many(behind.customers, 'customer')}, {has.walled:,} walled",
        ),
        Kpi(
            "Renewals not paid", f"{has.lapsed:,}", "/collections?show=renewals",
            f"{Money(has.asked, entity.currency)} asked for",
        ),
    ]  # fmt: skip
    if waiting.count:
        context["needs"].append(_suspense_need(waiting))
    return {
        "collections": _chart(got),
        "ages": _ages(behind),
        "owed": Money(sum(age.owed.minor for age in behind.ages), entity.currency),
    }


def _collected_kpi(got: reads.Collected, now: datetime) -> Kpi:
    weekday = f"last {now:%A}"
    if got.before.minor:
        percent = round((got.today.minor - got.before.minor) * 100 / got.before.minor)
        arrow = "↑" if percent >= 0 else "↓"
        note = f"{arrow} {abs(percent)} % on {weekday} by now"
        tone = "ok" if percent >= 0 else ""
    else:
        note, tone = f"nothing by now {weekday}", ""
    spark = [day.total for day in got.days[-15:]]
    return Kpi("Collected today", money(got.today), "/payments?day=today", note, tone=tone,
               spark=spark)  # fmt: skip


def _chart(got: reads.Collected) -> dict[str, Any]:
    best = max(got.days, key=lambda day: day.total)
    shown = Money(best.total, got.today.currency)
    return {
        "id": "collections",
        "title": "Collections, 30 days",
        "unit": got.today.currency,
        "finding": f"Collections in 30 days; the best was {best.day:%-d %b} with {shown}",
        "x": [f"{day.day:%-d %b}" for day in got.days],
        "series": [
            {"name": _NAMES.get(name, name), "kind": "bar",
             "values": [day.by_provider.get(name, 0) // 100 for day in got.days]}
            for name in reads.providers(got.days) or ["mpesa"]
        ],
    }  # fmt: skip


def _ages(behind: Overdue) -> list[dict[str, Any]]:
    shown = []
    for age in behind.ages:
        late = age.last is None or age.last > 0
        if age.last is None:
            words = f"Over {age.first - 1} days"
        else:
            words = f"{age.first}–{age.last} days" if late else "Not yet due"
        whole = behind.owed.minor
        shown.append(
            {
                "words": words,
                "url": "/collections" if late else "/invoices?state=open",
                "count": age.invoices,
                "amount": age.owed,
                "percent": round(age.owed.minor * 100 / whole) if late and whole else None,
                "tone": "warn" if age.first > 7 else "",
            }
        )
    return shown


def _suspense_need(waiting: Suspense) -> dict[str, Any]:
    oldest = lasting(clock.now() - waiting.oldest) if waiting.oldest else ""
    return {
        "rank": 2,
        "state": "suspense",
        "title": f"{many(waiting.count, 'payment')} in suspense",
        "text": f"{waiting.total}, oldest {oldest}",
        "url": "/payments?state=suspense",
        "verb": "Match",
    }


def _network(entity: Entity, has: reads.Service, context: dict[str, Any]) -> dict[str, Any]:
    routers = router_states(entity.pk)
    since = clock.start_of(clock.today(entity.zone), entity.zone)
    back = reads.restored(entity.pk, since)
    online = sum(one.serving or 0 for one in routers)
    blind = sum(one.online is None for one in routers)
    context["kpis"] += [
        Kpi(
            "Online now", f"{online:,}", "/online",
            f"of {has.paid_up:,} paid up" + (f", {many(blind, 'router')} unseen" if blind else ""),
        ),
        Kpi(
            "Paid to restored", lasting(back.p95) if back.p95 is not None else "—", "/routers",
            f"p95 of {back.count:,} today" if back.count else "nobody to restore today",
        ),
        _holding(routers),
    ]  # fmt: skip
    context["needs"] += [_router_need(one) for one in routers if one.state not in _CALM]
    worst = sorted(routers, key=lambda one: (_WORST.get(one.state, 9), one.name))
    return {"routers": [rows.router(one) for one in worst]}


_CALM = {"holds", "applying", "waits"}
_WORST = {"unreachable": 0, "failed": 0, "waits": 1, "conflict": 2, "drift": 2, "applying": 3}


def _holding(routers: list[RouterState]) -> Kpi:
    holding = sum(one.state in ("holds", "applying") for one in routers)
    bad = sum(_WORST.get(one.state, 9) == 0 for one in routers)
    warn = len(routers) - holding - bad
    said = ((bad, "cannot be reached"), (warn, "need a look"))
    doubts = [f"{many} {words}" for many, words in said if many]
    return Kpi(
        "Routers holding", f"{holding}", "/routers",
        ", ".join(doubts) or "each holds what it should",
        unit=f"of {len(routers)}", tone="warn" if doubts else "",
        tally={"ok": holding, "warn": warn, "bad": bad},
    )  # fmt: skip


def _router_need(one: RouterState) -> dict[str, Any]:
    owed = f", {many(one.unconfirmed, 'change')} waiting" if one.unconfirmed else ""
    return {
        "rank": 0 if one.trouble else 3,
        "state": one.state,
        "title": f"{one.name}: {rows.router_words(one).lower()}",
        "text": f"{many(one.names, 'customer')} on it{owed}",
        "url": f"/routers/{one.name}",
        "verb": "Open",
    }


def _decisions(entity: Entity) -> list[dict[str, Any]]:
    return [
        {
            "rank": 1,
            "state": "waits",
            "title": one.title,
            "text": f"asked by {one.asked_by} {lasting(clock.now() - one.asked_at)} ago",
            "url": f"/approvals#approval-{one.pk}",
            "verb": "Review",
        }
        for one in approvals_waiting(entity.pk)[: _MOST_NEEDS + 1]
    ]
