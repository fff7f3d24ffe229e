"""Rows that several pages show: payments, invoices, services, routers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from waya.billing.models import CreditNote, Invoice, ProForma
from waya.billing.queries.accounts import invoice_states
from waya.billing.queries.asked import Asked
from waya.billing.rules.invoice_states import State
from waya.catalog.rules.prices import UNIT_PRICED
from waya.console.moments import shown
from waya.kernel import clock
from waya.kernel.money import Money
from waya.network.queries import AccessState, RouterState
from waya.network.rules.access import WALLED
from waya.org.actors import Actor
from waya.org.templatetags.states import STATES
from waya.org.templatetags.waya import lasting
from waya.payments.models import Prompt
from waya.reports.documents.papers import reason
from waya.reports.queries import payments as money_reads
from waya.reports.queries.network import Service
from waya.reports.queries.owing import service_word
from waya.subscriptions.models import AddOn, Subscription
from waya.subscriptions.queries import RUNNING

CHANNELS = {"mpesa": "Paybill", "prompt": "Prompt", "cash": "Cash", "bank": "Bank"}
_PROMPT_STATES = {
    Prompt.SENDING: "waiting",
    Prompt.SENT: "waiting",
    Prompt.PAID: "paid",
    Prompt.FAILED: "refused",
    Prompt.UNKNOWN: "expired",
}


def payment(row: money_reads.Row) -> dict[str, Any]:
    """A payment in a list."""
    if not row.customer:
        state, words = "suspense", ""
    elif row.invoices:
        credit = f", {row.unused.plain()} credit" if row.unused else ""
        state, words = "settled", f"Settled {row.invoices[0]}{credit}"
    else:
        state, words = "settled", "Kept as credit"
    if len(row.invoices) > 1:
        words = f"Settled {len(row.invoices)} invoices"
    waits = lasting(clock.now() - row.payment.taken_at) if not row.customer else ""
    return {
        "at": row.payment.paid_at,
        "url": f"/payments/{row.payment.receipt_number}" if row.customer
        else f"/payments?state=suspense&chosen={row.payment.receipt_number}",
        "customer": row.customer,
        "customer_url": f"/customers/{row.account}",
        "account": row.account,
        "typed": row.payment.account_typed,
        "receipt": row.payment.transaction,
        "channel": CHANNELS.get(row.channel, row.channel),
        "amount": row.amount,
        "state": state,
        "state_words": words,
        "service": f"waits {waits}" if waits else row.payment.receipt_number,
    }  # fmt: skip


def prompt(row: Prompt) -> dict[str, Any]:
    """A prompt in the list of payments."""
    return {
        "at": shown(row.made_at),
        "url": f"/customers/{row.customer.account_number}",
        "customer": row.customer.name,
        "customer_url": f"/customers/{row.customer.account_number}",
        "account": row.customer.account_number,
        "receipt": "",
        "channel": "Prompt",
        "amount": Money(row.amount_minor, row.currency),
        "state": _PROMPT_STATES[row.state],
        "state_words": row.result_text if row.state == Prompt.FAILED else "",
        "service": f"code {row.result_code}" if row.result_code else "",
    }


def invoices(found: Sequence[Invoice], today: date) -> list[dict[str, Any]]:
    """The invoices of a list."""
    known = invoice_states(found, today)
    return [_invoice(row, known[row.pk], today) for row in found]


def _invoice(row: Invoice, state: State, today: date) -> dict[str, Any]:
    left = row.total_minor - row.paid_minor
    late = (today - row.due_on).days
    return {
        "number": row.number,
        "url": f"/invoices/{row.number}",
        "on": row.issued_on,
        "due_on": row.due_on,
        "customer": row.customer.name,
        "customer_url": f"/customers/{row.customer.account_number}",
        "account": row.customer.account_number,
        "words": "",
        "total": Money(row.total_minor, row.currency),
        "open": Money(left, row.currency),
        "state": state,
        "state_words": f"Overdue {late} day{'s' if late != 1 else ''}" if state == State.OVERDUE
        else "",
    }  # fmt: skip


def pro_forma(asked: Asked, today: date) -> dict[str, Any]:
    """A renewal that was asked for, beside invoices, for whatever is on it."""
    row, state = asked.first, asked.state
    number = asked.invoices[0].number if asked.invoices else ""
    late = state == ProForma.OPEN and row.start <= today
    left = asked.to_pay if state == ProForma.OPEN else Money(0, row.currency)
    return {
        "number": row.number,
        "url": f"/invoices/{number}" if number else f"/customers/{row.customer.account_number}",
        "pdf": f"/pro-formas/{row.number}.pdf",
        "on": row.issued_on,
        "due_on": row.start,
        "customer": row.customer.name,
        "customer_url": f"/customers/{row.customer.account_number}",
        "account": row.customer.account_number,
        "words": asked.names,
        "period": asked.period,
        "total": asked.total,
        "open": left,
        "state": {"open": "overdue" if late else "open", "paid": "paid"}.get(state, "void"),
        "state_words": f"Became {number}" if number else "Not paid in time" if late
        else "Lapsed" if state == ProForma.LAPSED
        else "Offered" if state == ProForma.OFFERED else "",
    }  # fmt: skip


def credit_note(row: CreditNote) -> dict[str, Any]:
    """A credit note, beside invoices."""
    return {
        "number": row.number,
        "url": f"/credit-notes/{row.number}",
        "on": row.issued_on,
        "due_on": None,
        "customer": row.customer.name,
        "customer_url": f"/customers/{row.customer.account_number}",
        "account": row.customer.account_number,
        "words": f"{reason(row.reason)}, {row.invoice.number}",
        "total": Money(row.total_minor, row.currency),
        "open": Money(0, row.currency),
        "state": "paid",
        "state_words": "Issued",
    }


def held_words(access: AccessState) -> str:
    """What a router should hold for a name: `on · 10M/10M`, `walled`, `off`."""
    if not access.enabled:
        return "off"
    if access.profile == WALLED.name:
        return "walled"
    return f"on · {access.profile.removeprefix('waya-').replace('-', '/')}"


def does_words(access: AccessState) -> str | None:
    """What the router was last seen to hold; None while it is owed and not proven."""
    if access.confirmed_at is not None:
        return held_words(access)
    if access.conflict_since is not None:
        return access.refusal or "somebody else's row"
    return None


def access_state_words(access: AccessState) -> str:
    """More than the state's own word, where time or trouble says more."""
    if access.state == "restoring":
        waited = lasting(clock.real_now() - access.since)
        if access.trouble:
            return f"Restoring, {access.router_name} is away"
        return f"Restoring, {waited}"
    if access.state == "unreachable" and access.trouble_since:
        return f"Unreachable {lasting(clock.real_now() - access.trouble_since)}"
    return ""


def service(one: Service, by: Actor) -> dict[str, Any]:
    """A subscription as a box: what it should hold, what it does, and its session."""
    row, access = one.subscription, one.access
    standing = service_word(row.state, row.standing)
    box: dict[str, Any] = {
        "plan": row.plan.name,
        "username": row.username,
        "router": row.router.name,
        "router_url": f"/routers/{row.router.name}" if by.can("network.view") else "",
        "standing": standing,
        "standing_words": "Good" if standing == "good" else "",
        "paid_to": row.paid_through,
        "paid_until": shown(row.paid_until),
        "quantity": row.quantity if row.quantity > 1 else None,
        "planned": _planned(row),
        "on_top": _on_top(row),
        "acts": _acts(row, by),
        "state": "pending" if row.state == row.PENDING else "ended",
        "state_words": "",
        "should": "nothing yet" if row.state == row.PENDING else "nothing",
        "does": None,
        "read_at": None,
    }
    if access is None:
        return box
    session = access.session if access.presence == "online" else None
    return box | {
        "state": access.state,
        "state_words": access_state_words(access),
        "should": held_words(access),
        "does": does_words(access),
        "differs": access.conflict_since is not None,
        "read_at": shown(access.confirmed_at),
        "presence": access.presence,
        "session": session
        and {
            "since": shown(session.began_at),
            "address": session.address,
            "device": session.caller_id,
        },
    }


def _planned(row: Subscription) -> str:
    """What is to become of it, and when."""
    if row.next_on is None:
        return ""
    to = f"goes to {row.next_version.plan.name}" if row.next_version else "ends"
    if row.next_quantity:
        to = f"goes to {row.next_quantity} of {row.plan.name}"
    return f"{to} on {row.next_on:%-d %b}"


def _counted(row: Subscription) -> bool:
    """Whether its plan has a price for each unit."""
    charges = row.version.terms["charges"]
    return any(one["kind"] in UNIT_PRICED and not one["metric"] for one in charges)


def _on_top(row: Subscription) -> str:
    """What is had on top of the plan, in words."""
    had = row.add_ons.exclude(state=AddOn.OVER).select_related("plan").order_by("pk")
    return ", ".join(
        (f"{one.quantity} × " if one.quantity > 1 else "")
        + one.plan.name
        + (f" from {one.start:%-d %b}" if one.state == AddOn.WAITING else "")
        + (f" until {one.end:%-d %b}" if one.end else "")
        for one in had
    )


def _acts(row: Subscription, by: Actor) -> list[tuple[str, str]]:
    """What may be done with it, as addresses and verbs."""
    running = row.state in RUNNING
    wished = [
        ("change", "Change plan", "billing.change_plan", running),
        ("quantity", "Change number", "billing.change_plan", running and _counted(row)),
        ("add-ons", "Add-ons", "billing.change_plan", running or row.state == row.PENDING),
        ("keep", "Keep as it is", "billing.change_plan", running and row.next_on is not None),
        ("pause", "Pause", "billing.pause", row.state == row.ACTIVE),
        ("resume", "Resume", "billing.pause", row.state == row.PAUSED),
        ("end", "End", "billing.cancel", row.state != row.ENDED),
    ]
    return [
        (f"/services/{row.username}/{what}", verb)
        for what, verb, permission, possible in wished
        if possible and by.can(permission)
    ]


def router(row: RouterState) -> dict[str, Any]:
    """A router in a list."""
    return {
        "name": row.name,
        "url": f"/routers/{row.name}",
        "model": " · ".join(part for part in (row.place, row.version) if part),
        "online": row.online,
        "accesses": row.names,
        "state": row.state,
        "words": router_words(row),
        "read_at": shown(row.swept_at),
    }


def router_words(row: RouterState) -> str:
    """A router's state with how long or how many."""
    word = STATES[row.state].words
    if row.trouble == "wrong_password":
        word = "Wrong password"
    if row.trouble and row.since:
        return f"{word} {lasting(clock.real_now() - row.since)}"
    if row.state == "applying":
        return f"Applying {row.unconfirmed}"
    if row.state == "conflict":
        return f"{row.conflicts} not ours"
    return word
