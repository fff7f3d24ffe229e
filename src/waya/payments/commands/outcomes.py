"""Write down what a batch of notifications came to: on each of them and on the prompts."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection

from waya.kernel import clock
from waya.kernel.money import Money
from waya.messaging.commands import send_many
from waya.messaging.rules.words import Say, sum_words
from waya.org.actors import Actor
from waya.org.audit import Happened, record_many
from waya.org.rows.changing import change_rows
from waya.parties.models import Customer
from waya.payments.drivers import Outcome
from waya.payments.drivers.daraja import outcome
from waya.payments.models import Notification, Prompt
from waya.payments.queries.arrivals import Batch, Heard
from waya.payments.rules.prompts import after_failure

_WRITE = """
update payments_notification n
set state = told.state, reason = told.reason, payment_id = told.payment_id,
    prompt_id = told.prompt_id
from unnest(%s::bigint[], %s::text[], %s::text[], %s::bigint[], %s::bigint[])
    as told(id, state, reason, payment_id, prompt_id)
where n.id = told.id
"""
_HEARD = "update payments_merchant set heard_at = %s where id = %s"
# Nobody has too little money by our choice, and nobody mistypes a PIN on purpose.
_TOO_LITTLE = "1"


def write_outcomes(*, batch: Batch, by: Actor) -> int:
    """Mark what is done and what is parked, end the prompts, and note that the provider was
    heard. What waits is left as it is. Gives how many are done."""
    by = by.must("payments.take")
    settled = [one for one in batch.heard if not one.waits]
    latest = max(one.row.received_at for one in batch.heard)
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, _columns(settled, batch))
        cursor.execute(_HEARD, [latest, batch.merchant.pk])
    _end_prompts(batch, by)
    return sum(one.open for one in batch.heard)


def _columns(settled: Iterable[Heard], batch: Batch) -> list[list[object]]:
    rows = [
        (
            one.row.pk,
            Notification.PARKED if one.parked else Notification.DONE,
            one.parked[:200],
            batch.payments[one.transaction].pk if one.transaction else None,
            one.prompt.pk if one.prompt else None,
        )
        for one in settled
    ]
    return [list(column) for column in zip(*rows, strict=True)] or [[], [], [], [], []]


def _end_prompts(batch: Batch, by: Actor) -> None:
    """A success absorbs everything; a failure ends what is not paid; a code that is not
    final, or that nobody knows, leaves the prompt open."""
    now = clock.real_now()
    for prompt in batch.paid.values():
        prompt.state, prompt.result_code, prompt.result_text = Prompt.PAID, "0", ""
        prompt.ended_at = now
    failed: dict[int, Prompt] = {}
    noted: dict[int, Prompt] = {}
    for one in batch.heard:
        if one.prompt is None or not one.open or one.received is None or one.received.succeeded:
            continue
        prompt, told = one.prompt, one.received
        if prompt.pk in batch.paid or prompt.state == Prompt.PAID:
            continue
        prompt.result_code, prompt.result_text = told.result_code[:20], told.result_text[:200]
        noted[prompt.pk] = prompt
        if outcome(told.result_code, told.result_text) in _FINAL:
            prompt.state, prompt.ended_at = after_failure(prompt.state), now
            failed[prompt.pk] = prompt
    changed = {**noted, **batch.paid}
    fields = ["state", "result_code", "result_text", "ended_at"]
    if changed:
        change_rows(changed.values(), fields)
    tell_failed(prompts=list(failed.values()), speak=batch.policy.tell_refused_prompts, by=by)


_FINAL = (Outcome.CUSTOMER, Outcome.RETRY, Outcome.CONFIG)


def tell_failed(*, prompts: list[Prompt], speak: bool, by: Actor) -> None:
    """Put prompts that failed on the timeline; whoever refused one is told how to pay.

    Who was not reached, or whose time ran out, may still pay, and is not told anything.
    """
    by = by.must("payments.take")
    if not prompts:
        return
    record_many(by, [
        Happened("prompt.failed", ("prompt", one.pk), customer_id=one.customer_id,
                 why={"minor": one.amount_minor, "currency": one.currency,
                      "code": one.result_code, "text": one.result_text, "phone": one.phone})
        for one in prompts
    ])  # fmt: skip
    refused = [
        one
        for one in prompts
        if speak and outcome(one.result_code, one.result_text) is Outcome.CUSTOMER
    ]
    if not refused:
        return
    customers = Customer.objects.in_bulk({one.customer_id for one in refused})
    send_many(says=[_say(one, customers[one.customer_id]) for one in refused], by=by)


def _say(prompt: Prompt, customer: Customer) -> Say:
    return Say(
        entity_id=customer.entity_id,
        to=prompt.phone,
        key="too_little" if prompt.result_code == _TOO_LITTLE else "prompt_refused",
        language=customer.language,
        values={
            "amount": sum_words(Money(prompt.amount_minor, prompt.currency)),
            "account": customer.account_number,
        },
        once=f"prompt:{prompt.pk}",
        customer_id=customer.pk,
    )
