"""Ask phones for money (STK push): written before the call, which no transaction waits for."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta

from django.db import connection, transaction

from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.kernel.phone import e164
from waya.org import jobs
from waya.org.actors import Actor
from waya.org.audit import Happened, record_many
from waya.org.policy import chosen
from waya.parties.models import Customer
from waya.payments import providers
from waya.payments.commands.outcomes import tell_failed
from waya.payments.drivers import DriverError, Outcome, PromptState, Uncertain
from waya.payments.drivers import Prompt as Wish
from waya.payments.drivers.daraja import LIMIT_MINOR
from waya.payments.models import Merchant, Notification, Prompt
from waya.payments.policy import PaymentPolicy
from waya.payments.queries import inbox
from waya.payments.rules.prompts import OPEN, Asked, seconds_to_wait, whole_shillings

log = logging.getLogger("waya.payments")

_AT_ONCE = 20


def prompt(*, customer_id: int, phone: str, amount_minor: int, by: Actor) -> Prompt:
    """Ask a phone for money for a customer, in whole shillings rounded up.

    Gives the prompt as `sent`, `failed` (surely not sent, with the provider's words) or
    `unknown` (the answer was lost: the phone may be ringing, and only money will tell).
    Refuses `no_merchant`, `amount_out_of_range`, `phone_unreadable`, `not_allowed` for another
    customer, and `prompt_waiting` with the `seconds` until this phone may be asked again.
    """
    for_another = by.kind == "customer" and by.id != customer_id
    if for_another and not by.vouched:
        raise Refused("not_allowed", permission="payments.prompt")
    by = by.must("payments.prompt")
    customer = Customer.objects.select_related("entity").get(pk=customer_id)
    merchant = inbox.merchant_for(customer.entity_id)
    if merchant is None:
        raise Refused("no_merchant")
    amount_minor = whole_shillings(amount_minor)
    if not 0 < amount_minor <= LIMIT_MINOR:
        raise Refused("amount_out_of_range")
    number = e164(phone, customer.entity.country)
    written = _write(customer, merchant, number, amount_minor)
    return _send(written, customer, merchant, replace(by, entity_id=customer.entity_id))


@transaction.atomic(durable=True)
def _write(customer: Customer, merchant: Merchant, phone: str, amount_minor: int) -> Prompt:
    """Write the intent down, and commit it, unless the phone was asked too lately."""
    now = clock.real_now()
    policy = chosen(PaymentPolicy, customer.entity_id)
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"prompt:{phone}"])
    lately = Prompt.objects.filter(
        phone=phone, made_at__gt=now - timedelta(seconds=policy.prompt_same_amount_seconds)
    ).exclude(state=Prompt.FAILED, key=None)
    seconds = seconds_to_wait(
        [Asked(row.amount_minor, row.made_at) for row in lately],
        amount_minor,
        now,
        again_seconds=policy.prompt_again_seconds,
        same_amount_seconds=policy.prompt_same_amount_seconds,
    )
    if seconds:
        raise Refused("prompt_waiting", seconds=seconds)
    return Prompt.objects.create(
        merchant=merchant, customer=customer, phone=phone, amount_minor=amount_minor,
        currency=customer.entity.currency, made_at=now,
    )  # fmt: skip


def _send(row: Prompt, customer: Customer, merchant: Merchant, by: Actor) -> Prompt:
    wish = Wish(
        phone=row.phone,
        amount_minor=row.amount_minor,
        account=customer.account_number,
        callback_url=providers.address_for(merchant, providers.PROMPTED),
    )
    try:
        sent = providers.driver_of(merchant).push(wish)
    except Uncertain as doubt:
        log.warning("prompt %s may have been sent: %s", row.pk, doubt)
        return _answered(row, Prompt.UNKNOWN, None, str(doubt), by)
    except DriverError as refusal:
        return _refused(row, refusal, by)
    return _answered(row, Prompt.SENT, sent.prompt_key, "", by)


@transaction.atomic
def _answered(row: Prompt, state: str, key: str | None, text: str, by: Actor) -> Prompt:
    """Keep the provider's key. A confirmation may have been quicker: what is paid stays. A
    callback that was quicker has waited for the key, and is worked off now."""
    rows = Prompt.objects.filter(pk=row.pk)
    rows.update(key=key)
    rows.filter(state=Prompt.SENDING).update(state=state, result_text=text[:200])
    record_many(by, [Happened("prompt.sent", ("prompt", row.pk), customer_id=row.customer_id,
                              why={"minor": row.amount_minor, "currency": row.currency,
                                   "phone": row.phone, "certain": key is not None})])  # fmt: skip
    waits = Notification.objects.filter(
        merchant_id=row.merchant_id, prompt_key=key or "-", state=Notification.WAITING
    )
    if waits.exists():
        jobs.nudge("payments.drain", key=f"merchant:{row.merchant_id}",
                   merchant_id=row.merchant_id)  # fmt: skip
    row.refresh_from_db()
    return row


@transaction.atomic
def _refused(row: Prompt, refusal: DriverError, by: Actor) -> Prompt:
    row.state, row.ended_at = Prompt.FAILED, clock.real_now()
    row.result_code, row.result_text = refusal.code[:20], refusal.text[:200]
    row.save(update_fields=["state", "ended_at", "result_code", "result_text"])
    log.warning("prompt %s was not sent: %s", row.pk, refusal)
    tell_failed(prompts=[row], speak=False, by=by)
    return row


def query_silent(*, by: Actor) -> int:
    """Ask the provider once about each prompt that has been silent too long.

    A failure ends the prompt, though money that comes after all still counts. A success
    names no receipt: the prompt stays open and says so, and the paybill's confirmation books
    the money. Prompts whose sender died are unknown from then on. Gives how many were asked.
    """
    by = by.must("payments.prompt")
    now = clock.real_now()
    inbox.abandoned_prompts(at=now).update(state=Prompt.UNKNOWN)
    rows = inbox.silent_prompts(at=now)
    asked = 0
    for row in rows.select_related("merchant", "customer")[:_AT_ONCE]:
        if rows.filter(pk=row.pk).update(queried_at=now):
            asked += 1
            _query(row, by)
    return asked


def _query(row: Prompt, by: Actor) -> None:
    try:
        state = providers.driver_of(row.merchant).query(row.key or "")
    except DriverError as error:
        log.warning("prompt %s: the provider did not say what became of it: %s", row.pk, error)
        return
    _learned(row, state, replace(by, entity_id=row.merchant.entity_id))


@transaction.atomic
def _learned(row: Prompt, state: PromptState, by: Actor) -> None:
    """A callback may have come while we asked: only what is still open changes."""
    still = Prompt.objects.filter(pk=row.pk, state__in=OPEN)
    row.result_code, row.result_text = state.result_code[:20], state.result_text[:200]
    if state.outcome in (Outcome.SUCCESS, Outcome.UNKNOWN):
        still.update(result_code=row.result_code, result_text=row.result_text)
    elif state.outcome is not Outcome.PENDING:
        failed = still.update(
            state=Prompt.FAILED,
            result_code=row.result_code,
            result_text=row.result_text,
            ended_at=clock.real_now(),
        )
        policy = chosen(PaymentPolicy, row.merchant.entity_id)
        tell_failed(prompts=[row] * failed, speak=policy.tell_refused_prompts, by=by)


def nudge_silent(*, by: Actor) -> None:
    """Ask for silent prompts to be looked into, if there are any."""
    by.must("payments.prompt")
    now = clock.real_now()
    silent = inbox.silent_prompts(at=now)
    if silent.exists() or inbox.abandoned_prompts(at=now).exists():
        jobs.nudge("payments.query_prompts", key="silent")
