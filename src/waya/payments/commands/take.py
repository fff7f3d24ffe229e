"""Work off what providers told us: each payment booked once, whoever tells of it and how often."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

import psycopg
from django.db import (
    DatabaseError,
    DataError,
    IntegrityError,
    InterfaceError,
    connection,
    transaction,
)

from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.org import jobs
from waya.org.actors import Actor
from waya.org.policy import chosen
from waya.org.rows.reading import read
from waya.parties.commands.customers import lock_customers
from waya.payments.commands.booking import book_many
from waya.payments.commands.match import Match, match_many
from waya.payments.commands.outcomes import write_outcomes
from waya.payments.drivers import Malformed
from waya.payments.models import Merchant, Notification
from waya.payments.policy import PaymentPolicy
from waya.payments.providers import READERS
from waya.payments.queries import inbox
from waya.payments.queries.arrivals import Batch, Heard, sort_out

log = logging.getLogger("waya.payments")

AT_ONCE = 200
_TAKE_IN_TURN = "select pg_advisory_xact_lock(hashtext('waya.take'), %s)"
_WAITING = """
select {rows} from payments_notification
where merchant_id = %s and id = any(%s) and state = 'waiting' order by id
"""
_LEASE = "select pg_try_advisory_lock(hashtext('waya.drain'), %s)"
_RELEASE = "select pg_advisory_unlock(hashtext('waya.drain'), %s)"


@transaction.atomic
def take_many(*, merchant_id: int, notification_ids: Sequence[int], by: Actor) -> int:
    """Work off notifications of a merchant account: all of them, or none.

    A second notification of a payment (a prompt's callback and the paybill's confirmation)
    is attached to it, never booked. Money for an account that nobody has goes to suspense:
    money is never refused, not for its date either. What contradicts what we know is parked
    for a person. A callback whose prompt is not known yet is left waiting. Gives how many
    notifications were worked off; ones that are not waiting any more are none of them.

    Batches of one merchant account take turns, so that two never book the same money.
    """
    by = by.must("payments.take")
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_IN_TURN, [merchant_id])
    merchant = inbox.merchant_of(merchant_id)
    by = replace(by, entity_id=merchant.entity_id)
    batch = _read(merchant, notification_ids)
    if not batch.heard:
        return 0
    sort_out(batch)
    fresh = list(batch.fresh.values())
    if batch.claimed:  # two commands follow that lock customers: all of them now, in order
        owners = {one.customer_id for one in fresh if one.customer_id is not None}
        lock_customers(customer_ids=owners | set(batch.claimed.values()), by=by)
    payments = book_many(arrived=[one.arrived(batch.today) for one in fresh], by=by)
    batch.payments |= {payment.transaction: payment for payment in payments}
    if batch.claimed:
        claims = [Match(key, customer_id) for key, customer_id in batch.claimed.items()]
        match_many(matches=claims, by=by)
    return write_outcomes(batch=batch, by=by)


def _read(merchant: Merchant, notification_ids: Sequence[int]) -> Batch:
    rows = read(Notification, _WAITING, [merchant.pk, list(notification_ids)])
    batch = Batch(merchant, chosen(PaymentPolicy, merchant.entity_id))
    for row in rows:
        try:
            batch.heard.append(Heard(row, READERS[row.kind](row.raw.encode())))
        except Malformed as error:
            batch.heard.append(Heard(row, None, parked=f"unreadable: {error}"))
    return batch


def drain(*, merchant_id: int, by: Actor) -> int:
    """Work off everything that waits for a merchant account, oldest first, in batches.

    One worker at a time, under a lease that ends with its connection. Whoever finds the
    lease taken leaves: its holder looks once more after letting go. Gives how many
    notifications were worked off.
    """
    by = by.must("payments.take")
    merchant = inbox.merchant_of(merchant_id)
    policy = chosen(PaymentPolicy, merchant.entity_id)
    done = 0
    while _lease(merchant_id):
        try:
            done += _drain(merchant, policy, by)
        finally:
            with connection.cursor() as cursor:
                cursor.execute(_RELEASE, [merchant_id])
        if not inbox.takeable(merchant, policy, limit=1):
            break
    return done


def _drain(merchant: Merchant, policy: PaymentPolicy, by: Actor) -> int:
    done, after, more = 0, 0, True
    while more:
        batch = inbox.takeable(merchant, policy, limit=AT_ONCE, after=after)
        done += _take_or_halve(merchant, batch, by) if batch else 0
        after, more = max(batch, default=0), len(batch) == AT_ONCE
    return done


def _lease(merchant_id: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_LEASE, [merchant_id])
        (mine,) = cursor.fetchone()
    return bool(mine)


def _take_or_halve(merchant: Merchant, batch: Sequence[int], by: Actor) -> int:
    """Take a batch; if that fails, its halves, until the one that cannot be taken is alone.

    What is not a notification's own fault says nothing about it, so it is raised: everything
    waits, and is taken when that is mended.
    """
    try:
        return take_many(merchant_id=merchant.pk, notification_ids=batch, by=by)
    except Exception as error:  # one bad notification must not hold up the rest
        if not _is_its_own(error):
            raise
        if len(batch) == 1:
            _park(batch[0], error)
            return 0
    middle = len(batch) // 2
    halves = (batch[:middle], batch[middle:])
    return sum(_take_or_halve(merchant, half, by) for half in halves)


def _is_its_own(error: BaseException) -> bool:
    """Whether an error can come from what a notification says: not one of the database (but for
    values that it refuses), of the machine, or of how the company is set up; nor one that such
    an error lies behind, as where a job could not be asked for."""
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        if isinstance(one, _NOT_ITS_OWN) and not isinstance(one, _REFUSED_VALUES):
            return False
        if isinstance(one, Refused) and one.code in _SET_UP:
            return False
        one = one.__cause__ or one.__context__
    return True


_NOT_ITS_OWN = (DatabaseError, InterfaceError, psycopg.Error, OSError, MemoryError)
_REFUSED_VALUES = (DataError, IntegrityError, psycopg.DataError, psycopg.IntegrityError)
_SET_UP = ("no_account",)


def _park(notification_id: int, error: Exception) -> None:
    log.error("notification %s is parked", notification_id, exc_info=error)
    Notification.objects.filter(pk=notification_id, state=Notification.WAITING).update(
        state=Notification.PARKED, reason=f"{type(error).__name__}: {error}"[:200]
    )


def take_again(*, notification_id: int, by: Actor) -> None:
    """Let a parked notification be worked off once more, after a person has looked. One that
    is not parked is left as it is."""
    by = by.must("payments.match")
    with transaction.atomic():
        rows = Notification.objects.filter(pk=notification_id, state=Notification.PARKED)
        if by.entity_id is not None:
            rows = rows.filter(merchant__entity=by.entity_id)
        for merchant_id in rows.values_list("merchant_id", flat=True):
            rows.update(state=Notification.WAITING, reason="", received_at=clock.real_now())
            jobs.nudge("payments.drain", key=f"merchant:{merchant_id}", merchant_id=merchant_id)


def nudge_waiting(*, by: Actor) -> None:
    """Ask for every merchant account to be drained that something takeable waits for."""
    by.must("payments.take")
    for merchant in Merchant.objects.filter(pk__in=inbox.merchants_with_waiting()):
        policy = chosen(PaymentPolicy, merchant.entity_id)
        if inbox.takeable(merchant, policy, limit=1):
            jobs.nudge("payments.drain", key=f"merchant:{merchant.pk}", merchant_id=merchant.pk)
