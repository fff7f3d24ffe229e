"""Asking twice with one key does once: the second time is given the first time's answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db import IntegrityError, transaction

from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.org.actors import Actor
from waya.org.models import IdempotentAnswer

KEPT_FOR = timedelta(days=2)
_SWEPT_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: an HTTP status and the body, or for a form where it led to."""

    status: int
    body: str


def claim(*, scope: str, key: str, digest: str, by: Actor) -> Answer | None:
    """Take a key for a request whose content has this digest; None if it is fresh.

    A key that was answered gives that answer. Inside a transaction, a second caller waits
    for the first. Refuses `key_of_another` when the same key came with other content, and
    `key_in_work` while the first is not answered, or its end is not known: then it is never
    done again. Keys are forgotten after two days.
    """
    by.must("org.answer")
    _sweep()
    try:
        with transaction.atomic():
            IdempotentAnswer.objects.create(
                scope=scope, key=key, digest=digest, made_at=clock.real_now()
            )
    except IntegrityError:
        known = IdempotentAnswer.objects.get(scope=scope, key=key)
        if known.digest != digest:
            raise Refused("key_of_another") from None
        if known.status is None:
            raise Refused("key_in_work") from None
        return Answer(known.status, known.body)
    return None


def keep_answer(*, scope: str, key: str, answer: Answer, by: Actor) -> None:
    """Remember the answer to a claimed key."""
    by.must("org.answer")
    IdempotentAnswer.objects.filter(scope=scope, key=key).update(
        status=answer.status, body=answer.body
    )


def release(*, scope: str, key: str, by: Actor) -> None:
    """Give a claimed key back: nothing was done, so it may be tried again."""
    by.must("org.answer")
    IdempotentAnswer.objects.filter(scope=scope, key=key, status=None).delete()


def _sweep() -> None:
    """Forget a few of the oldest, so that the table stays small without a job of its own."""
    oldest = IdempotentAnswer.objects.order_by("pk").values_list("pk", "made_at")
    past = clock.real_now() - KEPT_FOR
    stale = [pk for pk, made_at in oldest[:_SWEPT_AT_ONCE] if made_at < past]
    if stale:
        IdempotentAnswer.objects.filter(pk__in=stale).delete()
