"""What providers tell us is kept word for word, at once; what it means is worked out later."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from django.db import connection

from waya.kernel import clock
from waya.org import jobs
from waya.org.actors import SYSTEM, Actor
from waya.payments import providers
from waya.payments.commands.validation import validate
from waya.payments.drivers import Malformed
from waya.payments.drivers.daraja import RECEIVED
from waya.payments.models import Merchant, Notification
from waya.payments.queries.inbox import merchant_at

log = logging.getLogger("waya.payments")

LONGEST = 64 * 1024
_KINDS = {providers.CONFIRMATION: "confirmation", providers.PROMPTED: "stk"}

_KEEP = """
insert into payments_notification
    (merchant_id, kind, event_key, prompt_key, transaction, raw, address, received_at,
     state, reason, repeats)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 0)
on conflict (merchant_id, kind, event_key)
    do update set repeats = payments_notification.repeats + 1
returning state = 'waiting'
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the provider is answered: an HTTP status, and JSON."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Said:
    """What a notification says of itself, as far as it could be read.

    `trouble` is why it cannot be worked off; then it is kept and parked.
    """

    event_key: str
    prompt_key: str = ""
    transaction: str = ""
    trouble: str = ""


def receive(*, path: str, kind: str, raw: bytes, address: str | None, by: Actor = SYSTEM) -> Answer:
    """Take what came to `/hk/<path>/<kind>` and say what to answer; `c` confirms a payment,
    `v` asks whether one may go ahead, `s` tells what became of a prompt.

    A path or kind that is nobody's is answered 404 and logged. What cannot be read is kept,
    parked and answered as received: a provider that repeats it would not write it better.
    """
    by = by.must("payments.notify")
    merchant = merchant_at(path)
    if merchant is None or kind not in {*_KINDS, providers.VALIDATION}:
        log.warning("a notification to an unknown path, kind %.10r, from %s", kind, address)
        return Answer(404, _json({"ResultCode": 1, "ResultDesc": "Not found"}))
    if kind == providers.VALIDATION:
        return Answer(200, validate(merchant=merchant, raw=raw, by=by))
    said = _read(_KINDS[kind], raw)
    if said.trouble:
        log.warning("parked: %s on %s from %s", said.trouble, merchant, address)
    keep_notification(
        merchant=merchant, kind=_KINDS[kind], event_key=said.event_key, raw=raw, address=address,
        prompt_key=said.prompt_key, transaction=said.transaction, trouble=said.trouble, by=by,
    )  # fmt: skip
    return Answer(200, _json(RECEIVED))


def keep_notification(
    *,
    merchant: Merchant,
    kind: str,
    event_key: str,
    raw: bytes,
    address: str | None,
    by: Actor,
    prompt_key: str = "",
    transaction: str = "",
    trouble: str = "",
) -> None:
    """Keep a notification, committed at once, and ask for it to be worked off.

    A repetition is counted on the first. One that is in `trouble` waits for a person. Two
    statements: the row is committed before anybody is asked to look, so whoever is asked
    sees it.
    """
    by.must("payments.notify")
    text = raw[:LONGEST].decode("utf-8", "backslashreplace").replace("\x00", "\\x00")
    state = Notification.PARKED if trouble else Notification.WAITING
    with connection.cursor() as cursor:
        cursor.execute(
            _KEEP,
            [merchant.pk, kind, event_key[:120], prompt_key[:80], transaction[:60], text, address,
             clock.real_now(), state, trouble[:200]],
        )  # fmt: skip
        (waits,) = cursor.fetchone()
    if waits:
        jobs.nudge("payments.drain", key=f"merchant:{merchant.pk}", merchant_id=merchant.pk)


def _read(kind: str, raw: bytes) -> Said:
    try:
        if len(raw) > LONGEST:
            raise Malformed(f"{len(raw)} bytes")
        received = providers.READERS[kind](raw)
    except Malformed as error:
        return Said(f"unread:{sha256(raw).hexdigest()}", trouble=f"unreadable: {error}")
    return Said(received.event_key, received.prompt_key or "", received.transaction or "")


def _json(answer: Mapping[str, str | int]) -> bytes:
    return json.dumps(answer).encode()
