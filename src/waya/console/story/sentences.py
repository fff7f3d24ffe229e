"""What people did and what came of it, each kind in a sentence of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from waya.console.words import many
from waya.kernel.money import Money
from waya.org.templatetags.waya import lasting, money
from waya.reports.queries.timeline import Event


@dataclass(frozen=True, slots=True)
class Told:
    """The sentence of an event: its sign, its colour, the bold words and the rest."""

    icon: str
    tone: str
    lead: str
    text: str | SafeString = ""


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


def _recorded(event: Event) -> Told:
    why = event.record.why
    if not why.get("signed"):
        return Told("alert-triangle", "warn", "Recorded by the tax authority,",
                    f"as {why['number']}; its signature was lost")  # fmt: skip
    return Told("circle-check", "", "Recorded by the tax authority", f"as {why['number']}")


def _moved_branch(event: Event) -> Told:
    return Told("user-edit", "", "Belongs to", f"{event.record.why['now']} now")


def _tax_number(event: Event) -> Told:
    return Told("user-edit", "", "PIN:", str(event.record.why.get("now") or "none"))


def _exempt(event: Event) -> Told:
    why = event.record.why
    words = f"{why['percent']} % of {why['tax'] or 'every tax'} by {why['certificate']}"
    if event.record.action == "exemption.ended":
        return Told("receipt", "", "Exempt no more:", words)
    return Told("receipt", "", "Exempt:", words)


def plain(event: Event) -> Told:
    """An action in its own words: the sentence of what has no sentence."""
    noun, _, verb = event.record.action.partition(".")
    words = f"{noun} {verb}".replace("_", " ")
    return Told("history", "", "", words[:1].upper() + words[1:])


SENTENCES: dict[str, Callable[[Event], Told]] = {
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
    "customer.moved_branch": _moved_branch,
    "customer.tax_number": _tax_number,
    **dict.fromkeys(("exemption.recorded", "exemption.ended"), _exempt),
    "fiscal.recorded": _recorded,
    "fiscal.rejected": _said("circle-x", "bad", "Refused by the tax authority:", "{said}"),
    "fiscal.signed": _said("circle-check", "", "Signature of the tax authority", "typed in"),
    "fiscal.tried_again": _said("receipt", "", "Sent to the tax authority", "once more"),
    "billing.caught_up": _said("file-invoice", "", "Billed after all.", "Before: {reason}"),
    "router.hand_edit": _hand_edit,
    "router.trouble": _trouble,
    "router.back": _back,
}
