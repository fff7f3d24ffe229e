"""Write to the outbox, and send what stands in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache

from django.db import connection, transaction
from django.db.models import F

from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.messaging import queries
from waya.messaging.drivers import Sms, SmsDriver, SmsResult
from waya.messaging.drivers.africastalking import AfricasTalking, Credentials
from waya.messaging.models import Gateway, Message
from waya.messaging.queries import Sendable
from waya.messaging.rules import words
from waya.messaging.rules.segments import segments
from waya.messaging.rules.words import Say
from waya.org import jobs
from waya.org.actors import Actor
from waya.org.audit import Happened, record_many

BATCH = 100
# Longer than a carrier may take to answer; what is still leased then was a dead worker's.
LEASE = timedelta(seconds=60)
_LONGEST_WAIT = timedelta(hours=1)
_DRIVERS = ("africastalking",)


@transaction.atomic
def choose_gateway(
    *,
    entity_id: int,
    base_url: str,
    username: str,
    api_key: str,
    sender: str = "",
    driver: str = "africastalking",
    by: Actor,
) -> Gateway:
    """Say through whom an entity sends SMS.

    Refuses `no_driver` for a carrier that we cannot speak to.
    """
    by = by.must("messaging.gateway")
    if driver not in _DRIVERS:
        raise Refused("no_driver", driver=driver)
    gateway, _ = Gateway.objects.update_or_create(
        entity_id=entity_id,
        defaults={
            "driver": driver, "base_url": base_url, "username": username,
            "api_key": api_key, "sender": sender,
        },
    )  # fmt: skip
    record_many(by, [Happened("gateway.chosen", ("gateway", gateway.pk),
                              why={"driver": driver, "base_url": base_url})])  # fmt: skip
    return gateway


@transaction.atomic(savepoint=False)
def send_many(*, says: Sequence[Say], by: Actor) -> None:
    """Put messages into the outbox, in the transaction that causes them.

    What an entity has said once (by `once`) is not said again. A message without a phone is
    kept as failed. Set-wise.
    """
    by.must("messaging.send")
    if not says:
        return
    entity_ids = {say.entity_id for say in says}
    own, entities = queries.own_words(entity_ids), queries.from_entities(entity_ids)
    now = clock.real_now()
    rows = [_row(say, entities[say.entity_id], own.get(say.entity_id, {}), now) for say in says]
    Message.objects.bulk_create(rows, batch_size=1000, ignore_conflicts=True)
    jobs.nudge("messaging.drain", key="outbox")


def _row(
    say: Say, entity: Mapping[str, str], own: Mapping[tuple[str, str], str], now: datetime
) -> Message:
    if not say.once:
        raise ValueError(f"{say.key} names no event that it tells of")
    body = words.text(say, entity, own)
    return Message(
        entity_id=say.entity_id,
        customer_id=say.customer_id,
        to=say.to,
        key=say.key,
        body=body,
        once=say.once,
        urgent=words.urgent(say.key),
        state=Message.WAITING if say.to else Message.FAILED,
        reason="" if say.to else "no phone",
        created_at=now,
        next_try_at=now,
        parts=segments(body).parts,
    )


def drain_outbox(*, by: Actor) -> int:
    """Send everything that may be sent now; gives how many messages were accepted.

    A batch is leased, handed over outside any transaction, and its results written. Two
    workers never hold the same message. A worker that dies in between leaves a lease that
    runs out, and its batch is sent again: silence is worse than a message twice.
    """
    by = by.must("messaging.send")
    accepted = 0
    for one in queries.sendable():
        while batch := _lease(one):
            letters = [Sms(row.to, row.body, str(row.pk)) for row in batch]
            results = _driver(one.gateway).send(letters)
            accepted += _write(one, batch, results, by)
    return accepted


def nudge_if_due(*, by: Actor) -> None:
    """Ask for the outbox to be drained if anything in it may be sent now."""
    by.must("messaging.send")
    if queries.anything_due(at=clock.real_now()):
        jobs.nudge("messaging.drain", key="outbox")


def _lease(one: Sendable) -> list[Message]:
    now = clock.real_now()
    with transaction.atomic():
        chosen = queries.due(one, at=now).select_for_update(
            skip_locked=True, no_key=True, of=("self",)
        )
        batch = list(chosen[:BATCH])
        Message.objects.filter(pk__in=[row.pk for row in batch]).update(
            leased_until=now + LEASE, attempts=F("attempts") + 1
        )
    return batch


def _driver(gateway: Gateway) -> SmsDriver:
    return _africastalking(gateway.base_url, gateway.username, gateway.api_key, gateway.sender)


@lru_cache(maxsize=32)
def _africastalking(base_url: str, username: str, api_key: str, sender: str) -> SmsDriver:
    """One client, with its open connections, for each account."""
    return AfricasTalking(Credentials(username, api_key, sender), base_url)


_WRITE = """
update messaging_message m
set state = told.state, reason = told.reason, provider_id = told.provider_id,
    sent_at = told.sent_at, next_try_at = coalesce(told.next_try_at, m.next_try_at),
    leased_until = null,
    body = case when m.key = 'code' and told.state <> 'waiting' then '' else m.body end
from unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::timestamptz[],
            %s::timestamptz[])
    as told(id, state, reason, provider_id, sent_at, next_try_at)
where m.id = told.id and m.state = 'waiting'
returning m.id
"""


@transaction.atomic
def _write(one: Sendable, batch: Sequence[Message], results: Sequence[SmsResult], by: Actor) -> int:
    """Keep what the carrier said of each message, and tell the timeline what is final.

    A sign-in code is forgotten once it has gone out: nobody reads it here.
    """
    now = clock.real_now()
    states = [_state(row, result, one) for row, result in zip(batch, results, strict=True)]
    columns: list[list[object]] = [
        [row.pk for row in batch],
        list(states),
        [result.reason[:200] for result in results],
        [result.provider_id[:80] for result in results],
        [now if state == Message.SENT else None for state in states],
        [
            now + _wait(row.attempts) if state == Message.WAITING else None
            for row, state in zip(batch, states, strict=True)
        ],
    ]
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, columns)
        written = {key for (key,) in cursor.fetchall()}
    record_many(replace(by, entity_id=one.gateway.entity_id), [
        _told(row, state, result)
        for row, state, result in zip(batch, states, results, strict=True)
        if state != Message.WAITING and row.pk in written
    ])  # fmt: skip
    return states.count(Message.SENT)


def _state(row: Message, result: SmsResult, one: Sendable) -> str:
    if result.accepted:
        return Message.SENT
    again = result.retryable and row.attempts + 1 < one.policy.tries
    return Message.WAITING if again else Message.FAILED


def _wait(attempts: int) -> timedelta:
    """Twice as long each time: from 15 seconds to an hour."""
    return min(timedelta(seconds=15 << min(attempts, 8)), _LONGEST_WAIT)


def _told(row: Message, state: str, result: SmsResult) -> Happened:
    why = {"key": row.key, "to": row.to, "body": "" if row.key == "code" else row.body}
    if state == Message.FAILED:
        why["reason"] = result.reason
    return Happened(f"message.{state}", ("message", row.pk), customer_id=row.customer_id, why=why)
