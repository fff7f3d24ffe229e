"""Billing: how far is tonight's run, who steers it, and whom could it not bill?"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone

from waya.billing.commands.runs import KIND
from waya.billing.models import BillingRun, Parked
from waya.billing.rules.bounds import UNLIKE
from waya.console import live
from waya.console.moments import shown
from waya.console.pages.billing.words import because, tabs
from waya.console.pieces import Kpi, Note, earlier, newest
from waya.console.staff import StaffRequest, staff
from waya.console.words import many
from waya.kernel import clock
from waya.kernel.money import Money, decimals
from waya.kernel.periods import add_months, days_between
from waya.org.actors import Actor
from waya.org.models import Approval, Entity
from waya.org.templatetags.waya import lasting, money
from waya.reports.queries.paging import ROWS, before, cut

_NIGHTS = 30
# A chunk takes seconds; a run at work that says nothing for so long is not at work.
_SILENT = timedelta(minutes=2)
_LOOK_BACK = timedelta(days=90)


@staff("money.view")
def run(request: StaffRequest, by: Actor) -> HttpResponse:
    """The newest run, the nights before it, and who waits to be billed."""
    entity, today = request.entity, clock.today(request.entity.zone)
    nights = _nights(entity, today)
    newest_run = BillingRun.objects.filter(entity=entity).order_by("-on").first()
    found = _parked(entity)
    waiting = found.values("customer_id").distinct().count()
    page = cut(_page(found, request.GET.get("from", "")), lambda row: str(row.customer_id))
    since = _since(page.rows)
    context = {
        "tabs": tabs("run", by),
        "run": _run(newest_run, entity, today, by) if newest_run else None,
        "chart": _chart(nights, entity, today),
        "parked": many(waiting, "customer"),
        "rows": [_row(one, since[one.customer_id]) for one in page.rows],
        "earlier": earlier(request, page.next_key),
        "earlier_words": "More",
        "later": newest(request),
    }
    return live.page(request, "console/billing/run.html", context)


def _run(row: BillingRun, entity: Entity, today: date, by: Actor) -> dict[str, Any]:
    now_or_ahead = row.on >= today
    return {
        "on": row.on,
        "day": row.on.isoformat(),
        "today": now_or_ahead,
        "note": _note(row, entity, by),
        "done": row.done,
        "due": max(row.due, row.done),
        "moving": row.state == BillingRun.RUNNING,
        "kpis": _kpis(row, entity),
        "stop": now_or_ahead and row.state == BillingRun.RUNNING,
        "go_on": now_or_ahead and row.state == BillingRun.STOPPED,
    }


def _note(row: BillingRun, entity: Entity, by: Actor) -> Note:
    if row.state == BillingRun.DONE:
        took = lasting(row.ended_at - row.started_at) if row.ended_at else ""
        return Note(f"Done at {_at(row.ended_at)}.", f"It began at {_at(row.started_at)} and "
                    f"took {took}.", "ok")  # fmt: skip
    if row.state == BillingRun.STOPPED:
        return Note(f"Stopped by {row.stopped_by}.", "Whoever was billed stays billed. The rest "
                    "waits until somebody lets it go on.", "warn", "player-pause")  # fmt: skip
    if row.state == BillingRun.WAITING:
        return _held(row, entity, by)
    if clock.real_now() - row.beat_at > _SILENT:
        return Note(f"No sign of life since {_at(row.beat_at)}.", "Nothing is lost: it goes on "
                    "where it was as soon as the day's work runs.", "warn")  # fmt: skip
    return Note(f"Running since {_at(row.started_at)}.", "Payments are taken meanwhile. "
                "You can leave this page.", "wait", "loader-2")  # fmt: skip


def _held(row: BillingRun, entity: Entity, by: Actor) -> Note:
    """It is beyond its bounds: whose decision is it, or what was decided?"""
    asked = Approval.objects.filter(entity=entity, kind=KIND, subject=row.on.isoformat()).first()
    if asked and asked.state == Approval.DENIED:
        return Note(f"Turned down by {asked.decided_by}.", "Nobody is billed by this run. The next "
                    "night's asks again.", "warn", "hand-stop")  # fmt: skip
    if asked and asked.state == Approval.GRANTED:
        return Note(f"Granted by {asked.decided_by}.", "It begins within seconds.", "wait",
                    "loader-2")  # fmt: skip
    url = f"/approvals#approval-{asked.pk}" if asked and by.can("org.approve") else ""
    expected = Money(row.expected_minor, entity.currency)
    return Note("It waits for a person.", f"It comes to about {expected}, out of the ordinary. "
                "Nobody is billed before somebody has said yes.",
                "warn", "hand-stop", url, "Review it")  # fmt: skip


def _kpis(row: BillingRun, entity: Entity) -> list[Kpi]:
    month_ago = add_months(row.on, -1, anchor_day=row.on.day)
    past = BillingRun.objects.filter(entity=entity, on=month_ago).first()
    compared = (
        f"{Money(past.total_minor, entity.currency)} on {month_ago:%-d %b}"
        if past else f"no run on {month_ago:%-d %b}"
    )  # fmt: skip
    parked = Parked.objects.filter(entity=entity, on=row.on, resolved_at=None).count()
    return [
        Kpi("Invoices", f"{row.invoices:,}", "/invoices", "for what has passed"),
        Kpi("Pro formas", f"{row.pro_formas:,}", "/invoices?kind=renewals", "for what comes next"),
        Kpi("Together", money(Money(row.total_minor, entity.currency), "short"), "/invoices",
            compared),
        Kpi("Could not be billed", f"{parked:,}", "#list",
            "a person should look" if parked else "everybody could be",
            tone="warn" if parked else ""),
    ]  # fmt: skip


def _nights(entity: Entity, today: date) -> dict[date, int]:
    """What the last nights came to, in minor units."""
    rows = BillingRun.objects.filter(entity=entity, on__gt=today - timedelta(days=_NIGHTS))
    return dict(rows.values_list("on", "total_minor"))


def _chart(nights: dict[date, int], entity: Entity, today: date) -> dict[str, Any] | None:
    """Bars of the last nights, through today or the run that is ahead of it."""
    if not nights:
        return None
    last = max(today, *nights)
    days = days_between(last - timedelta(days=_NIGHTS - 1), last)
    unit = 10 ** decimals(entity.currency)
    best = max(nights, key=lambda day: nights[day])
    return {
        "id": "nights",
        "title": f"Billed, {_NIGHTS} nights",
        "unit": entity.currency,
        "small": True,
        "finding": f"Billed in {_NIGHTS} nights; the largest was {best:%-d %b} with "
        f"{Money(nights[best], entity.currency)}",
        "x": [f"{day:%-d %b}" for day in days],
        "series": [{"name": "Invoices and pro formas", "kind": "bar",
                    "values": [nights.get(day, 0) // unit for day in days]}],
    }  # fmt: skip


def _parked(entity: Entity) -> QuerySet[Parked]:
    return Parked.objects.filter(entity=entity, resolved_at=None)


def _page(found: QuerySet[Parked], key: str) -> list[Parked]:
    """One row of each customer, the newest."""
    if (last := before(key)) is not None:
        found = found.filter(customer_id__gt=last)
    each = found.order_by("customer_id", "-on").distinct("customer_id")
    return list(each.select_related("customer")[: ROWS + 1])


def _since(rows: list[Parked]) -> dict[int, date]:
    """The first of the nights in a row on which each could not be billed.

    A run lets go of the nights before it, also of those whom it parks again: such a night was
    let go no earlier than the next was parked.
    """
    by_customer = {row.customer_id: row for row in rows}
    first = {row.customer_id: row.on for row in rows}
    if not rows:
        return first
    nights = Parked.objects.filter(
        customer_id__in=list(by_customer), on__gt=min(first.values()) - _LOOK_BACK
    )
    for night in nights.order_by("-on"):
        after = by_customer.get(night.customer_id)
        if after is None or night.on >= after.on:
            continue
        if night.resolved_at is None or night.resolved_at >= after.at:
            first[night.customer_id], by_customer[night.customer_id] = night.on, night
        else:
            del by_customer[night.customer_id]
    return first


def _row(row: Parked, since: date) -> dict[str, Any]:
    return {
        "id": row.pk,
        "name": row.customer.name,
        "account": row.customer.account_number,
        "url": f"/customers/{row.customer.account_number}",
        "since": since,
        "tried": shown(row.at),
        "reason": because(row.reason),
        "anyway": row.reason.startswith(UNLIKE),
    }


def _at(moment: datetime | None) -> str:
    """A technical moment by the company's clock; the day too when it is not this one."""
    if moment is None:
        return "?"
    there = timezone.localtime(shown(moment))
    same = there.date() == timezone.localtime(clock.now()).date()
    return f"{there:%H:%M}" if same else f"{there:%H:%M} on {there:%-d %b}"
