"""What happened, in sentences a person could read to a customer, and why.

Everything comes from recorded facts, as they were then; nothing is worked out anew from
today's prices or policies. An action that has no sentence is told plainly.
"""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from datetime import date, datetime

from django.utils import timezone
from django.utils.html import format_html

from waya.console.pieces import Entry, Line, Why
from waya.console.story.sentences import SENTENCES, Told, plain
from waya.org.actors import Actor
from waya.org.models import AuditRecord
from waya.reports.queries.timeline import Event


def entry(event: Event, by: Actor) -> Entry:
    """An event as a line of a timeline, with what is behind it."""
    event = _seen_by(by, event)
    record = event.record
    told = SENTENCES.get(record.action, plain)(event)
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
    told = SENTENCES.get(record.action, plain)(Event(record, []))
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
