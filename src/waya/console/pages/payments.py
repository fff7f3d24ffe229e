"""Payments: whose money is this? All of them, those in suspense, prompts that wait."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from waya.console import evidence, moments, rows, story
from waya.console.pieces import Chip, Find, Note, address, earlier, newest
from waya.console.staff import StaffRequest, staff
from waya.kernel import clock, ids
from waya.kernel.errors import Refused
from waya.kernel.money import Money
from waya.org.actors import Actor
from waya.org.words import words
from waya.parties.queries import customers_by_reference
from waya.payments.commands import match as match_commands
from waya.payments.commands.take import take_again
from waya.payments.models import Notification, Payment
from waya.reports.queries import payments as reads
from waya.reports.queries import timeline
from waya.reports.queries.books import journal as books
from waya.reports.queries.suspense import Suggested, suggest

_CHANNELS = {"mpesa": "M-PESA", "cash": "Cash"}


@staff("money.view")
def listed(request: StaffRequest, by: Actor) -> HttpResponse:
    """The page of payments; its tab is the `state` in the address."""
    entity = request.entity
    today = clock.today(entity.zone)
    total, count, alone = reads.day_total(entity.pk, entity.currency, today)
    waiting = reads.suspense(entity.pk, entity.currency)
    tab = request.GET.get("state", "all")
    context = {
        "tab": tab,
        "currency": entity.currency,
        "today_amount": total,
        "today_count": count,
        "suspense_count": waiting.count,
        "prompts_count": reads.prompts_waiting(entity.pk),
        "parked_count": reads.parked_count(entity.pk) if by.can("payments.match") else 0,
    }
    if tab == "suspense":
        footer = f"{alone:,} of {count:,} found their customer by themselves today."
        desk = _desk(request, by) if waiting.count else {}
        context |= desk | {
            "queue_amount": waiting.total,
            "queue_oldest": waiting.oldest,
            "footer": footer,
        }
    elif tab == "prompts":
        context |= _prompts(request)
    elif tab == "parked" and by.can("payments.match"):
        context |= _parked(request)
    else:
        context |= _all(request)
    return render(request, "console/payments.html", context)


def _all(request: StaffRequest) -> dict[str, Any]:
    entity = request.entity
    only_today = request.GET.get("day") == "today"
    channel = request.GET.get("channel", "")
    typed = request.GET.get("q", "").strip()
    page = reads.payments(
        entity.pk,
        day=clock.today(entity.zone) if only_today else None,
        channel=channel,
        transaction=typed,
        key=request.GET.get("from", ""),
    )
    chips = [Chip("Today", address(request, day="" if only_today else "today"), on=only_today)]
    chips += [
        Chip(words_, address(request, channel="" if name == channel else name), on=name == channel)
        for name, words_ in _CHANNELS.items()
    ]
    keep = {"day": "today"} if only_today else {}
    return {
        "rows": [rows.payment(row) for row in page.rows],
        "chips": chips,
        "find": Find(typed, "Receipt", keep=keep),
        "earlier": earlier(request, page.next_key),
        "later": newest(request),
    }


def _prompts(request: StaffRequest) -> dict[str, Any]:
    every = request.GET.get("show") == "every"
    page = reads.prompts(request.entity.pk, waiting=not every, key=request.GET.get("from", ""))
    return {
        "rows": [rows.prompt(row) for row in page.rows],
        "chips": [
            Chip("Waiting", address(request, show=""), on=not every, stays=True),
            Chip("Every prompt", address(request, show="every"), on=every, stays=True),
        ],
        "earlier": earlier(request, page.next_key),
        "later": newest(request),
    }


def _parked(request: StaffRequest) -> dict[str, Any]:
    """What could not be worked off: why, what was told word for word, and *Take again*."""
    page = reads.parked(request.entity.pk, key=request.GET.get("from", ""))
    return {
        "parked": [
            {
                "at": moments.shown(one.received_at),
                "kind": _TOLD.get(one.kind, one.kind),
                "paybill": one.merchant.short_code,
                "transaction": one.transaction,
                "reason": one.reason,
                "address": one.address or "",
                "raw": readable(one.raw),
                "url": f"/payments/parked/{one.pk}",
            }
            for one in page.rows
        ],
        "earlier": earlier(request, page.next_key),
        "later": newest(request),
    }


# Kinds of notifications, as the provider's driver calls them.
_TOLD = {"confirmation": "Confirmation", "stk": "Prompt’s answer"}


def readable(raw: str) -> str:
    """What was told, with each value of JSON on a line of its own; as it came if it is none."""
    try:
        return json.dumps(json.loads(raw), indent=2, ensure_ascii=False)
    except ValueError:
        return raw


@require_POST
@staff("payments.match")
def taken_again(request: StaffRequest, by: Actor, notification_id: int) -> HttpResponse:
    """Let one that was parked be worked off once more; the list says what became of it."""
    rows_ = Notification.objects.filter(pk=notification_id, merchant__entity=request.entity)
    if not rows_.exists():
        raise Http404
    take_again(notification_id=notification_id, by=by)
    messages.info(request, "It is worked off once more. If it is here again, so is the reason.")
    return redirect("/payments?state=parked")


def _desk(request: StaffRequest, by: Actor) -> dict[str, Any]:
    """The queue on the left, the chosen payment and its candidates on the right."""
    entity = request.entity
    queue = reads.queue(entity.pk)
    found = suggest(entity.pk, queue)
    wished = request.GET.get("chosen", "")
    chosen = next((one for one in queue if one.receipt_number == wished), queue[0])
    return {
        "queue": [
            {
                "url": address(request, chosen=one.receipt_number),
                "on": one is chosen,
                "amount": Money(one.amount_minor, one.currency),
                "payer": (one.payer_name or one.payer or "unknown").title(),
                "at": one.paid_at,
                "typed": one.account_typed,
            }
            | evidence.verdict(found[one.pk])
            for one in queue
        ],
        "chosen": _chosen(chosen, found[chosen.pk], queue, by),
    }


def _chosen(
    one: Payment, found: list[Suggested], queue: list[Payment], by: Actor
) -> dict[str, Any]:
    amount = Money(one.amount_minor, one.currency)
    return {
        "amount": amount,
        "channel": f"Paybill {one.account}" if one.provider == "mpesa" else one.provider,
        "at": one.paid_at,
        "receipt": one.transaction,
        "typed": one.account_typed,
        "slip": evidence.doubt(one.account_typed),
        "payer": one.payer_name or "unknown",
        "payer_phone": one.payer,
        "place": f"{queue.index(one) + 1} of {len(queue)}",
        "notices": [],
        "candidates": [
            evidence.candidate(
                each, one.account_typed, amount, f"/payments/{one.receipt_number}/match"
            )
            for each in found
        ],
        "may_match": by.can("payments.match"),
        "someone_url": f"/payments/{one.receipt_number}/match" if by.can("payments.match") else "",
    }


@staff("payments.match")
def match(request: StaffRequest, by: Actor, receipt: str) -> HttpResponse:
    """Say whose money it is; afterwards the payment's page shows where it went."""
    payment = _found(request, receipt)
    if request.method != "POST":
        return render(request, "console/confirm.html", evidence.someone_else(payment))
    typed = request.POST.get("account_number", "")
    owners = customers_by_reference(request.entity.pk, [typed])
    if typed not in owners:
        slip = "" if ids.check_digit_ok(ids.normal(typed)) else " There is a slip in it."
        context = evidence.someone_else(payment, typed, f"No account has this number.{slip}")
        return render(request, "console/confirm.html", context, status=422)
    try:
        match_commands.match(payment_id=payment.pk, customer_id=owners[typed], by=by)
    except Refused as refusal:
        context = evidence.someone_else(payment, typed, words(refusal))
        return render(request, "console/confirm.html", context, status=422)
    messages.info(request, f"{Money(payment.amount_minor, payment.currency)} found its owner")
    return redirect(f"/payments/{payment.receipt_number}")


@staff("money.view")
def payment(request: StaffRequest, by: Actor, receipt: str) -> HttpResponse:
    """One payment: where it came from, where it went, and what it booked."""
    one = _found(request, receipt)
    entity = request.entity
    row = reads.row(one)
    shares = reads.shares(one)
    sources = reads.sources(one)
    entries = books.entries_of(entity.pk, sources) if by.can("books.view") else []
    shown = rows.payment(row)
    context = {
        "payment": {
            "amount": row.amount,
            "receipt": one.transaction,
            "number": one.receipt_number,
            "channel": shown["channel"],
            "at": one.paid_at,
            "payer": one.payer_name,
            "payer_phone": one.payer,
            "typed": one.account_typed,
            "state": shown["state"],
            "state_words": shown["state_words"],
        },
        "customer": {"name": row.customer, "account": row.account,
                     "url": f"/customers/{row.account}"} if row.customer else None,
        "allocations": [
            {"number": number, "url": f"/invoices/{number}", "amount": amount,
             "note": "It had been written off" if recovers else ""}
            for number, amount, recovers in shares
        ],
        "credit": row.unused if row.customer and row.unused else None,
        "notifications": [each | {"at": moments.shown(each["at"])} for each in reads.told(one)],
        "booked": entries,
        "entries": [story.entry(each, by) for each in timeline.of_subject("payment", one.pk)],
        "notices": _matched(one),
    }  # fmt: skip
    return render(request, "console/payment.html", context)


def _matched(one: Payment) -> list[Note]:
    if not one.matched_at:
        return []
    return [Note(f"Matched by {one.matched_by}.", "It arrived without a customer.", icon="user")]


def _found(request: StaffRequest, receipt: str) -> Payment:
    rows_ = Payment.objects.filter(entity=request.entity, receipt_number=receipt)
    one = rows_.select_related("customer").first()
    if one is None:
        raise Http404
    return one
