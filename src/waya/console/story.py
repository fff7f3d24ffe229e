"""What happened, in sentences a person could read to a customer.

Everything comes from recorded facts, as they were then; nothing is worked out anew from
today's prices or policies. An action that has no sentence here is told plainly.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from waya.console.pieces import Entry, Line, Why
from waya.console.words import many
from waya.kernel.money import Money
from waya.org.actors import Actor
from waya.org.models import AuditRecord
from waya.org.templatetags.waya import lasting, money
from waya.reports.queries.timeline import Event


@dataclass(frozen=True, slots=True)
class Told:
    """The sentence of an event: its sign, its colour, the bold words and the rest."""

    icon: str
    tone: str
    lead: str
    text: str | SafeString = ""


def entry(event: Event, by: Actor) -> Entry:
    """An event as a line of a timeline, with what is behind it."""
    event = _seen_by(by, event)
    record = event.record
    told = _SENTENCES.get(record.action, _plain)(event)
    actor = "" if record.actor_kind in ("system", "customer") else record.actor_name
    return Entry(
        at=record.at,
        icon=told.icon,
        tone=told.tone,
        lead=told.lead,
        text=told.text,
        by=actor,
        why=_why(event, by),
    )


# Facts that say how much.
_SUMS = {"minor", "amount_minor", "total_minor", "owed", "owed_minor", "currency"}


def _seen_by(by: Actor, event: Event) -> Event:
    """The event without its sums, for those who may not see money."""
    if by.can("money.view"):
        return event
    return replace(
        event,
        record=_without_sums(event.record),
        causes=[_without_sums(one) for one in event.causes],
    )


def _without_sums(record: AuditRecord) -> AuditRecord:
    bare = copy(record)
    bare.why = {name: value for name, value in record.why.items() if name not in _SUMS}
    return bare


def plainly(event: Event, by: Actor) -> Entry:
    """An event as the audit has it: what was done to what, by whom, and every fact kept."""
    record = _seen_by(by, event).record
    facts = [Line(_label(name), said(value)) for name, value in record.why.items()]
    subject = f"{record.subject_kind} {record.subject_id}" if record.subject_id else ""
    return Entry(
        at=record.at,
        icon="history",
        tone="",
        lead=record.action.replace("_", " ").replace(".", ", "),
        text=subject,
        by=record.actor_name,
        why=Why(facts, "Facts") if facts else None,
    )


def because(record: AuditRecord | None, by: Actor) -> tuple[str, datetime | None]:
    """Why a router should hold what it should, in a few words; sums only for who may see."""
    if record is None:
        return "", None
    words = _REASONS.get(record.action, record.action.replace(".", " ").replace("_", " "))
    owed = record.why.get("owed")
    if owed and record.action == "subscription.walled" and by.can("money.view"):
        return f"{words}, {owed}", record.at
    return words, record.at


_REASONS = {
    "subscription.activated": "First period paid",
    "subscription.renewed": "Renewal paid",
    "subscription.restored": "Paid what was behind",
    "subscription.walled": "Not paid in time",
    "subscription.disconnected": "Not paid for long",
    "subscription.ended": "Service ended",
    "subscription.changed": "Plan changed",
    "subscription.paused": "Service paused",
    "subscription.resumed": "Service resumed",
}


def why_of(record: AuditRecord | None, by: Actor) -> Why | None:
    """The facts kept with the record behind an access; sums only for who may see them."""
    if record is None:
        return None
    hidden = _UNTOLD if by.can("money.view") else _UNTOLD | _SUMS
    words, _ = because(record, by)
    lines = [Line(f"{timezone.localtime(record.at):%-d %b %H:%M:%S}", words)]
    lines += [
        Line(_label(name), said(value))
        for name, value in record.why.items()
        if name not in hidden and value not in ("", None, [])
    ]
    return Why(lines)


def _money(why: dict[str, Any]) -> SafeString | str:
    """The amount among the facts, if there is one."""
    minor = next(
        (why[name] for name in ("minor", "amount_minor", "total_minor") if name in why), None
    )
    if not isinstance(minor, int):
        return ""
    return money(Money(minor, str(why.get("currency", "KES"))))


def _day(value: object) -> str:
    """`10 Nov` from an ISO date; anything else as it is."""
    try:
        return f"{date.fromisoformat(str(value)[:10]):%-d %b}"
    except ValueError:
        return str(value)


def _until(value: object) -> str:
    """The same; of a moment also the time."""
    if "T" not in str(value):
        return _day(value)
    return f"{timezone.localtime(datetime.fromisoformat(str(value))):%-d %b, %H:%M}"


def _document(number: object) -> SafeString:
    return format_html('<a href="/invoices/{0}">{0}</a>', str(number))


def _paid(event: Event) -> Told:
    payment = event.payment
    if payment is None:
        return Told("cash", "ok", "Paid", _money(event.record.why))
    how = {"mpesa": "by M-PESA", "cash": "in cash"}.get(payment.provider, payment.provider)
    numbers = event.record.why.get("invoices") or []
    settled = format_html(", settled {}", ", ".join(map(str, numbers))) if numbers else ""
    matched = event.record.action == "payment.matched"
    return Told(
        "cash",
        "ok",
        "Money found its owner." if matched else "Paid",
        format_html(
            '<b>{}</b> {}, <a class="mono" href="/payments/{}">{}</a>{}',
            money(Money(payment.amount_minor, payment.currency)),
            how,
            payment.receipt_number,
            payment.transaction,
            settled,
        ),
    )


def _invoice(event: Event) -> Told:
    why = event.record.why
    number = event.invoice.number if event.invoice else why.get("number", "")
    return Told(
        "file-invoice",
        "",
        "",
        format_html(
            "Invoice {} for {}{}",
            _document(number),
            _money(why),
            f", due {_day(why['due'])}" if "due" in why else "",
        ),
    )


def _credited(event: Event) -> Told:
    why = event.record.why
    note = format_html('<a href="/credit-notes/{0}">{0}</a>', why.get("number", ""))
    words = format_html(
        "Credited {} of {} by {}", _money(why), _document(why.get("invoice", "")), note
    )
    return Told("arrow-back-up", "", "", words)


def _pro_forma(event: Event) -> Told:
    why = event.record.why
    return Told(
        "file-invoice",
        "",
        "",
        format_html(
            "Asked {} for {} – {}, {}",
            _money(why), _day(why.get("from", "")), _day(why.get("until", "")),
            why.get("number", ""),
        ),
    )  # fmt: skip


def _requested(event: Event) -> Told:
    return Told("user-plus", "", "", f"Asked for {event.record.why.get('plan', 'a plan')}")


def _activated(event: Event) -> Told:
    why = event.record.why
    return Told("wifi", "ok", "Service began.", f"Paid until {_until(why.get('until', ''))}")


def _renewed(event: Event) -> Told:
    why = event.record.why
    start, until = _day(why.get("from", "")), _until(why.get("until", ""))
    return Told("calendar", "", "Renewed", f"from {start} until {until}")


def _walled(event: Event) -> Told:
    why = event.record.why
    due = f" was due {_day(why['due'])}" if "due" in why else ""
    return Told("lock", "bad", "Internet walled.", f"{why.get('owed', '')}{due}")


def _restored(event: Event) -> Told:
    return Told("lock-open", "ok", "Restored.", "The plan is wanted again on the router")


def _said(icon: str, tone: str, lead: str, text: str) -> Callable[[Event], Told]:
    """A sentence with the record's facts in it, its dates as days."""

    def told(event: Event) -> Told:
        facts = {name: str(value) for name, value in event.record.why.items()}
        facts["on"] = _day(facts.get("on", ""))
        return Told(icon, tone, lead.format_map(facts), text.format_map(facts))

    return told


def _ended(event: Event) -> Told:
    return Told("circle-minus", "", "Service ended", _day(event.record.why.get("on", "")))


def _wanted(event: Event) -> Told:
    why = event.record.why
    words = format_html(
        '{} is to hold <span class="mono">{}</span>',
        event.router or "The router",
        why.get("profile", "") if why.get("enabled", True) else "nothing",
    )
    return Told("router", "", "", words)


def _confirmed(event: Event) -> Told:
    why = event.record.why
    router = why.get("router") or event.router
    paid = next((one for one in event.causes if one.action.startswith("payment.")), None)
    nearest = event.causes[0].action if event.causes else ""
    if nearest == "subscription.walled":
        return Told("lock", "", "", f"Read back on {router}: only the pay page opens")
    lead = "Back online." if nearest == "subscription.restored" else "On the router."
    if paid is None:
        profile = format_html('<span class="mono">{}</span>', why.get("profile", ""))
        return Told("router", "ok", lead, format_html("{} holds {}", router, profile))
    after = lasting(event.record.at - paid.at)
    return Told(
        "wifi",
        "ok",
        lead,
        format_html("Read back on {} <b>{}</b> after the payment", router, after),
    )


def _conflict(event: Event) -> Told:
    why = event.record.why
    words = why.get("words") or "somebody else made a row of this name; it is left alone"
    return Told("alert-triangle", "warn", f"{why.get('router', 'The router')} refuses.", str(words))


def _revealed(event: Event) -> Told:
    return Told("eye", "warn", "", "Looked at the PPPoE password")


# Messages whose words are not kept.
_SECRET = {"code": "sign-in code"}


def _message(event: Event) -> Told:
    failed = event.record.action == "message.failed"
    why = event.record.why
    body = why.get("body", "")
    said = f"SMS “{body}”" if body else f"SMS with a {_SECRET.get(why.get('key'), 'message')}"
    if failed:
        return Told("message", "warn", "Not sent:", f"{said} {why.get('reason', '')}")
    parts = many(event.message.parts if event.message else 1, "part")
    return Told("message", "", "", format_html('{} <span class="by">{}</span>', said, parts))


def _prompt_sent(event: Event) -> Told:
    return Told("device-mobile", "", "Asked on the phone for", _money(event.record.why))


def _prompt_failed(event: Event) -> Told:
    told = [event.record.why.get(name) for name in ("text", "result", "reason")]
    return Told("device-mobile", "", "Prompt not paid:", str(next(filter(None, told), "no answer")))


def _promised(event: Event) -> Told:
    why, back = event.record.why, event.record.action == "promise.withdrawn"
    words = format_html("to pay {} by {}", _money(why), _day(why.get("until")))
    return Told("calendar-due", "", "Promise taken back," if back else "Promised", words)


def _disputed(event: Event) -> Told:
    why, number = event.record.why, _document(event.record.why.get("number"))
    if event.record.action == "dispute.closed":
        return Told("hand-stop", "", "Dispute closed:", format_html("{} {}", number, why["state"]))
    return Told("hand-stop", "warn", "Disputed:", format_html("{}, {}", number, why["reason"]))


def _lost(event: Event) -> Told:
    words = format_html("{} of {}", _money(event.record.why), _document(event.record.why["number"]))
    if event.record.action == "invoice.recovered":
        return Told("cash", "ok", "Paid after it was written off:", words)
    return Told("circle-minus", "warn", "Written off:", words)


def _to_be_called(event: Event) -> Told:
    if event.record.action == "follow_up.resolved":
        return Told("phone", "", "Called:", str(event.record.why.get("note", "")))
    return Told("phone", "", "To be called,", f"{event.record.why.get('days_late')} days past due")


def _tagged(event: Event) -> Told:
    return Told("user-edit", "", "Tags:", ", ".join(event.record.why.get("tags") or ["none"]))


def _registered(event: Event) -> Told:
    return Told("user-plus", "", "", "Registered")


def _hand_edit(event: Event) -> Told:
    why = event.record.why
    words = format_html(
        '<span class="mono">{}</span>: {} was <span class="mono">{}</span>, '
        'should be <span class="mono">{}</span>',
        why.get("name", ""), why.get("field", "a field"),
        why.get("does", "?"), why.get("should", "?"),
    )  # fmt: skip
    return Told("user-edit", "warn", "Edited by hand.", words)


def _trouble(event: Event) -> Told:
    why = event.record.why
    word = str(why.get("trouble") or why.get("words") or "does not answer").replace("_", " ")
    return Told("plug-connected-x", "bad", "In trouble:", word)


def _back(event: Event) -> Told:
    away = lasting(timedelta(seconds=int(event.record.why.get("seconds", 0))))
    return Told("plug-connected", "ok", "Answers again", f"after {away}")


def _plain(event: Event) -> Told:
    noun, _, verb = event.record.action.partition(".")
    words = f"{noun} {verb}".replace("_", " ")
    return Told("history", "", "", words[:1].upper() + words[1:])


_SENTENCES: dict[str, Callable[[Event], Told]] = {
    "payment.taken": _paid,
    "payment.matched": _paid,
    "invoice.issued": _invoice,
    "pro_forma.issued": _pro_forma,
    "credit_note.issued": _credited,
    "prompt.sent": _prompt_sent,
    "prompt.failed": _prompt_failed,
    "subscription.requested": _requested,
    "subscription.activated": _activated,
    "subscription.renewed": _renewed,
    "subscription.walled": _walled,
    "subscription.disconnected": _walled,
    "subscription.restored": _restored,
    "subscription.ended": _ended,
    "subscription.changed": _said("gauge", "ok", "Now on {to_plan}", "from {from_plan}, {on}"),
    "subscription.planned": _said("calendar", "", "To go on as {to_plan}", "on {on}"),
    "subscription.ending": _said("calendar", "", "Is to end", "on {on}"),
    "subscription.paused": _said("player-pause", "", "Paused", "from {on}"),
    "subscription.resumed": _said("wifi", "ok", "Resumed", "{on}"),
    "subscription.kept": _said("calendar", "", "To go on as it is", "and not to change on {on}"),
    "subscription.granted": _said("cash", "ok", "Granted {quantity} of {metric}", "from {on}"),
    "subscription.promoted": _said("cash", "", "Promotion {code}", "{name}"),
    "access.wanted": _wanted,
    "access.confirmed": _confirmed,
    "access.conflict": _conflict,
    "access.revealed": _revealed,
    "message.sent": _message,
    "message.failed": _message,
    "customer.registered": _registered,
    "customer.tagged": _tagged,
    "promise.made": _promised,
    "promise.withdrawn": _promised,
    "dispute.opened": _disputed,
    "dispute.closed": _disputed,
    **dict.fromkeys(("invoice.written_off", "invoice.recovered"), _lost),
    "follow_up.asked": _to_be_called,
    "follow_up.resolved": _to_be_called,
    "router.hand_edit": _hand_edit,
    "router.trouble": _trouble,
    "router.back": _back,
}

# What is told with the chain that led to it; for the rest the facts say enough.
_PROVEN = {
    "access.confirmed",
    "access.conflict",
    "subscription.restored",
    "subscription.activated",
    "payment.matched",
}
# Facts that the sentence tells already, or that only machines read.
_UNTOLD = {
    "minor",
    "currency",
    "owed_minor",
    "number",
    "username",
    "name",
    "router",
    "body",
    "ms",
    "transaction",
    "provider",
    "profile",
    "enabled",
    "certain",
}
_LABELS = {
    "due": "due", "owed": "owed", "rule": "rule", "grace_days": "grace", "paid_through": "paid to",
    "on": "judged on", "from": "from", "until": "until", "for": "for", "moved": "moved",
    "pro_forma": "pro forma", "slip": "slip", "account_typed": "typed", "typed": "typed",
}  # fmt: skip


def _why(event: Event, by: Actor) -> Why | None:
    """The chain that led here, earliest first, then the facts kept with the event itself."""
    if event.causes and event.record.action in _PROVEN:
        chain = [*reversed(event.causes), event.record]
        return Why([_step(one, by) for one in chain], "How?")
    facts = [
        Line(_label(name), said(value))
        for name, value in event.record.why.items()
        if name not in _UNTOLD and value not in ("", None, [])
    ]
    return Why(facts) if len(facts) > 1 else None


def _step(record: AuditRecord, by: Actor) -> Line:
    """One step of a chain: when, to the hundredth, and what."""
    local = timezone.localtime(record.at)
    told = _SENTENCES.get(record.action, _plain)(Event(record, []))
    if record.action.startswith("payment.") and not by.can("money.view"):
        told = Told("", "", "Paid")
    words = format_html("{} {}", told.lead, told.text) if told.lead else told.text
    return Line(f"{local:%H:%M:%S}.{local.microsecond // 10_000:02d}", words)


def _label(name: str) -> str:
    return _LABELS.get(name, name.replace("_", " "))


def said(value: object) -> str:
    """A fact as people write it: dates as `10 Nov 2026`, lists with commas."""
    if isinstance(value, list):
        return ", ".join(said(one) for one in value)
    if isinstance(value, dict):
        return ", ".join(f"{_label(name)} {said(one)}" for name, one in value.items())
    text = str(value)
    try:
        return f"{date.fromisoformat(text):%-d %b %Y}"
    except ValueError:
        return text
