"""The dated lines behind what a page says: from what was recorded, never from today's policy."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.utils import timezone
from django.utils.dateformat import format as formatted
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from waya.billing.models import InvoiceLine
from waya.billing.queries.asked import with_lines
from waya.billing.queries.promises import open_promise
from waya.billing.rules.drafts import Charged
from waya.kernel import clock
from waya.kernel.money import Money
from waya.kernel.periods import Period
from waya.org.models import AuditRecord
from waya.org.queries import entity_of
from waya.portal.account import Standing, last_day
from waya.reports.documents.whys import Reason, before_taxes, of_charged, reasons
from waya.subscriptions.models import Subscription

# What tells a customer that something is to be paid.
_ASKING = ("renewal", "reminder", "blocked", "short")


def why_off(standing: Standing, phone: str) -> dict[str, Any]:
    """Why the internet is off: what came, what we said, what ended, and when it was switched."""
    row = standing.subscription
    assert row is not None
    lines = [*_asked(standing), *_told(row, standing, phone)]
    ended = last_day(row)
    if row.paid_until:
        at = timezone.localtime(row.paid_until)
        text = _("Your paid hours ended at %(time)s") % {"time": f"{at:%H:%M}"}
        lines.append({"on": at.date(), "when": short(at.date()), "text": text})
    if ended and standing.pro_formas:
        text = _("Your paid days ended when this day ended")
        lines.append({"on": ended, "when": short(ended), "text": text})
    cut = AuditRecord.objects.filter(pk=row.standing_cause_id or 0).first()
    if cut:
        at = timezone.localtime(cut.at)
        text = _("Internet off at %(time)s. Nothing else is wrong with your line.") % {
            "time": f"{at:%H:%M}"
        }
        lines.append({"on": at.date(), "when": short(at.date()), "text": text})
    lines += _promised(row)
    lines.sort(key=lambda line: line["on"])
    return {"word": _("Why is my internet off?"), "open": True, "lines": lines}


def _promised(row: Subscription) -> list[dict[str, Any]]:
    """The promise that holds, and until when nothing more happens for it."""
    today = clock.today(entity_of(row.entity_id).zone)
    promised = open_promise(row.customer_id, today)
    if promised is None:
        return []
    text = _("You promised to pay %(sum)s by %(day)s; nothing more happens before then") % {
        "sum": Money(promised.amount_minor, promised.currency),
        "day": short(promised.until),
    }
    return [{"on": promised.made_on, "when": short(promised.made_on), "text": text}]


def _asked(standing: Standing) -> list[dict[str, Any]]:
    lines = []
    for asked in with_lines(standing.pro_formas):
        text = _("Your bill for %(period)s came: %(sum)s") % {
            "period": between(asked.period),
            "sum": asked.to_pay,
        }
        lines.append({"on": asked.issued_on, "when": short(asked.issued_on), "text": text,
                      "url": f"/my/pro-formas/{asked.first.public_id}"})  # fmt: skip
    for bill in standing.invoices:
        text = _("Bill %(number)s came: %(sum)s, due %(due)s") % {
            "number": bill.number,
            "sum": Money(bill.total_minor - bill.paid_minor, bill.currency),
            "due": short(bill.due_on),
        }
        lines.append({"on": bill.issued_on, "when": short(bill.issued_on), "text": text,
                      "url": f"/my/bills/{bill.public_id}"})  # fmt: skip
    return lines


def _told(row: Subscription, standing: Standing, phone: str) -> list[dict[str, Any]]:
    """How often we said so, since the oldest of what is open."""
    since = min((line["on"] for line in _asked(standing)), default=None)
    if since is None:
        return []
    told = AuditRecord.objects.filter(
        customer_id=row.customer_id, action="message.sent", why__key__in=_ASKING
    )
    days = [timezone.localtime(at).date() for at in told.values_list("at", flat=True)]
    days = sorted(day for day in days if day >= since)
    if not days:
        return []
    first, last, count = days[0], days[-1], len(days)
    text = ngettext("We sent an SMS to %(phone)s", "We sent %(count)d SMS to %(phone)s", count)
    when = short(first) if first == last else f"{first.day}–{short(last)}"
    return [{"on": last, "when": when, "text": text % {"count": count, "phone": phone}}]


def why_line(line: InvoiceLine, currency: str) -> dict[str, Any]:
    """How a line of an invoice came to its sum, from the facts kept on it."""
    taxes = sorted(line.taxes.all(), key=lambda one: one.sequence)
    return _how(reasons(line.why, taxes, currency))


def why_asked(told: dict[str, Any], currency: str) -> dict[str, Any]:
    """How a line of a pro forma comes to its sum; its taxes are the invoice's to say."""
    return _how(before_taxes(told, currency))


def why_charged(charged: Charged) -> dict[str, Any]:
    """How a line that is to be charged comes to its sum."""
    return _how(of_charged(charged))


def _how(found: list[Reason]) -> dict[str, Any]:
    lines = [{"when": one.label, "text": one.text} for one in found]
    return {"word": _("How this sum came about"), "open": False, "lines": lines}


def short(day: date | datetime) -> str:
    """`10 Nov`, in the language of the page."""
    return formatted(day, "j M")


def between(period: Period) -> str:
    """`10 Nov – 10 Dec`: paid until the second day begins."""
    return f"{short(period.start)} – {short(period.end)}"
