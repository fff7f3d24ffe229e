"""The day's billing: ask for prepaid renewals, invoice postpaid periods that have passed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import Protocol

from django.db import (
    DatabaseError,
    InterfaceError,
    OperationalError,
    connection,
    transaction,
)
from django.db.models import QuerySet

from waya.billing.commands.documents import ask
from waya.billing.commands.invoices import issue
from waya.billing.commands.pace import Pace
from waya.billing.commands.runs import beat, begin, finish
from waya.billing.commands.settle import spend
from waya.billing.models import BillingRun, Parked
from waya.billing.policy import BoundsPolicy
from waya.billing.queries.due import (
    Billing,
    Search,
    ToInvoice,
    billing_of,
    found_of,
    lapsing,
    passed,
    to_ask,
    to_invoice,
    to_meter,
    used,
)
from waya.billing.queries.lives.due import Due
from waya.billing.queries.lives.unlike import unlike_bills
from waya.billing.rules.bounds import UNLIKE
from waya.billing.rules.drafts import DraftLine
from waya.kernel import clock
from waya.kernel.errors import NotYet, Refused
from waya.org.actors import Actor
from waya.org.audit import Happened, record_many
from waya.org.policy import chosen
from waya.parties.commands.customers import lock_customers
from waya.subscriptions.commands.lives import advance_billed, advance_metered
from waya.subscriptions.models import Subscription

log = logging.getLogger("waya.billing")

# At most so many customers at a time, so that memory stays flat.
CHUNK = 1000
# One computes while the other's rows are written: numbers without gaps are given to one at a
# time, so a third would only wait.
HANDS = 2


def _silent(done: int) -> None:
    """Nobody watches."""


def _alone() -> None:
    """Nobody waits for a turn."""


@dataclass(frozen=True, slots=True)
class Made:
    """What a chunk of a run came to; the total with taxes, in minor units. Whoever is `held`
    was beyond the bounds of one bill, and is parked."""

    looked_at: int = 0
    invoices: int = 0
    pro_formas: int = 0
    total_minor: int = 0
    held: int = 0


class _Work(Protocol):
    """Bills what is due of some customers. `written` is called when little but the books is left
    to write, so that the next hand may start."""

    def __call__(
        self, day: Billing, rows: Sequence[Due], by: Actor, written: Callable[[], None] = _alone
    ) -> Made: ...


@dataclass(slots=True)
class _Run:
    """A run at work: what its hands share. `sums` are documents by kind."""

    day: Billing
    row: BillingRun
    progress: Callable[[int], None]
    by: Actor
    pace: Pace
    lock: threading.Lock = field(default_factory=threading.Lock)
    done: int = 0
    stopped: bool = False
    sums: dict[str, int] = field(default_factory=lambda: {"invoices": 0, "pro_formas": 0})

    def count(self, made: Made) -> None:
        """Note what a chunk came to."""
        with self.lock:
            self.done += made.looked_at
            self.sums["invoices"] += made.invoices
            self.sums["pro_formas"] += made.pro_formas
            self.progress(self.done)


def bill(
    *, entity_id: int, on: date, by: Actor, progress: Callable[[int], None] = _silent
) -> dict[str, int]:
    """Bill an entity as of a day: what is due and was not billed before, each once.

    In chunks of customers, each its own transaction, so that a payment never waits long and
    a crash loses at most the chunks that were at work. Running it again does nothing more. A
    customer who cannot be billed, or whose bill is beyond the bounds of one, is parked with the
    reason, and stops nobody. `progress` is
    told how many subscriptions are done. Gives how many invoices and pro formas were issued.

    Raises NotYet `run_waits` while a run that is beyond its bounds waits for a person, and
    `run_stopped` when somebody stopped it: it goes on where it was when they let it.
    """
    by = by.must("billing.bill")
    day = billing_of(entity_id, on)
    works = _works(day, chosen(BoundsPolicy, entity_id))
    row = begin(day=day, due=[due for due, _ in works], by=by)
    if row is None:
        return {"invoices": 0, "pro_formas": 0}
    run = _Run(day, row, progress, by, Pace(CHUNK))
    for due, work in works:
        _in_chunks(run, Search.of(due), work)
    if run.stopped:
        raise NotYet("run_stopped", by="")
    finish(row=row, by=by)
    return run.sums


def _works(day: Billing, bounds: BoundsPolicy) -> Sequence[tuple[QuerySet[Subscription], _Work]]:
    """What a day's billing does within the bounds of one bill, in order, and who is due."""
    after = used(day)
    return (
        (passed(day), partial(_invoice, bounds)),
        *([] if after is None else [(after, partial(_meter, bounds))]),
        (lapsing(day), partial(_ask, bounds)),
    )


def _in_chunks(run: _Run, due: Search, work: _Work) -> None:
    """Work through everybody who is due, with two hands if there are that many."""
    todo = due.chunks(run.pace.size)
    if connection.in_atomic_block or run.row.due <= CHUNK:
        _work_through(run, due, todo, work)
        return

    def hand(_: int) -> None:
        try:
            _work_through(run, due, todo, work)
        finally:
            connection.close()

    with ThreadPoolExecutor(HANDS, "billing") as hands:
        list(hands.map(hand, range(HANDS)))


def _work_through(run: _Run, due: Search, todo: Iterator[list[int]], work: _Work) -> None:
    while True:
        with run.lock:
            customers = None if run.stopped else next(todo, None)
        if customers is None:
            return
        with run.pace.turn(len(customers)) as over:
            made = _work_or_halve(run, due, customers, partial(work, written=over))
        run.count(made)


def _work_or_halve(run: _Run, due: Search, customers: Sequence[int], work: _Work) -> Made:
    """Bill these customers, all or none; when that fails, halve until the bad one is alone.

    A lost connection or a deadlock says nothing about a customer, so it is raised.
    """
    try:
        with transaction.atomic():
            made = _bill(run.day, due, customers, work, run.by)
            stopped = _beat(run, made)
        run.stopped = run.stopped or stopped
        return made
    except (OperationalError, InterfaceError):
        raise
    except (Refused, DatabaseError, ValueError) as error:
        if len(customers) == 1:
            return _park(run, customers[0], error)
    half = len(customers) // 2
    first = _work_or_halve(run, due, customers[:half], work)
    second = _work_or_halve(run, due, customers[half:], work)
    return Made(
        first.looked_at + second.looked_at,
        first.invoices + second.invoices,
        first.pro_formas + second.pro_formas,
        first.total_minor + second.total_minor,
    )


def _bill(day: Billing, due: Search, customers: Sequence[int], work: _Work, by: Actor) -> Made:
    """Bill what these customers are due, read after they were locked: whoever was first did it."""
    lock_customers(customer_ids=customers, by=by)
    made = work(day, due.rows(customers), by)
    spend(entity_id=day.entity.pk, customer_ids=customers, on=day.on, by=by)
    return made


def _beat(run: _Run, made: Made) -> bool:
    return beat(row=run.row, looked_at=made.looked_at, invoices=made.invoices,
                pro_formas=made.pro_formas, total_minor=made.total_minor, by=run.by)  # fmt: skip


def _park(run: _Run, customer_id: int, error: Exception) -> Made:
    """Leave a customer for a person, with the reason; the next run tries again."""
    made = Made(looked_at=1)
    log.warning("customer %s could not be billed: %s", customer_id, error)
    _leave(run.day, customer_id, error)
    run.stopped = _beat(run, made) or run.stopped
    return made


def _leave(day: Billing, customer_id: int, error: Exception) -> None:
    Parked.objects.update_or_create(
        customer_id=customer_id,
        on=day.on,
        defaults={"reason": str(error)[:300], "at": clock.real_now(), "entity": day.entity,
                  "resolved_at": None},
    )  # fmt: skip


def try_again(*, parked_id: int, by: Actor) -> bool:
    """Bill a parked customer now, as the business day's run does; whether nothing is in the way
    any more. What still is becomes the reason. One who waits because their bill was beyond its
    bounds is billed: somebody has looked at it.

    Whoever was billed meanwhile is not billed again. A lost connection or a deadlock says
    nothing about a customer, so it is raised.
    """
    by = by.must("billing.steer")
    parked = Parked.objects.select_related("entity").get(pk=parked_id)
    if parked.resolved_at:
        return True
    day = billing_of(parked.entity_id, max(parked.on, clock.today(parked.entity.zone)))
    waiting = Parked.objects.filter(customer_id=parked.customer_id, resolved_at=None)
    seen = parked.reason.startswith(UNLIKE)
    bounds = chosen(BoundsPolicy, parked.entity_id)
    if seen:
        bounds, day = BoundsPolicy(), replace(day, how=replace(day.how, most_lines=0))
    try:
        with transaction.atomic():
            made = [
                _bill(day, Search.of(due), [parked.customer_id], work, by)
                for due, work in _works(day, bounds)
            ]
            if any(one.held for one in made):
                return False
            if waiting.update(resolved_at=clock.real_now()):
                record_many(by, [Happened("billing.caught_up", ("parked", parked.pk),
                                          parked.customer_id,
                                          why={"reason": parked.reason})])  # fmt: skip
    except (OperationalError, InterfaceError):
        raise
    except (Refused, DatabaseError, ValueError) as error:
        log.warning("customer %s could not be billed: %s", parked.customer_id, error)
        waiting.update(reason=str(error)[:300])
        return False
    return True


def _ask(
    bounds: BoundsPolicy, day: Billing, rows: Sequence[Due], by: Actor,
    written: Callable[[], None] = _alone,
) -> Made:  # fmt: skip
    """Ask for the period after the paid one; the day's reminders say so."""
    found, beside = found_of(day, [row.id for row in rows])
    asked = to_ask(day, rows)
    held = _hold_out(day, bounds, ((one.row.customer_id, one.lines) for one in asked), None)
    asked = [one for one in asked if one.row.customer_id not in held]
    written()
    made = ask(asked=[(found[one.row.id], one.lines) for one in asked], on=day.on, by=by,
               beside=beside)  # fmt: skip
    papers = len({one.number for one in made})
    return Made(len(rows), 0, papers, sum(one.total_minor for one in made), len(held))


def _invoice(
    bounds: BoundsPolicy, day: Billing, rows: Sequence[Due], by: Actor,
    written: Callable[[], None] = _alone,
) -> Made:  # fmt: skip
    """Invoice what has passed of postpaid subscriptions."""
    found = to_invoice(day, rows)
    documents = ((one.customer_id, one.lines) for one in found.drafts)
    held = _hold_out(day, bounds, documents, day.on)
    if held:
        kept = {row.id for row in rows if row.customer_id not in held}
        found = ToInvoice(
            [one for one in found.drafts if one.customer_id not in held],
            [one for one in found.advances if one.subscription_id in kept],
        )
    advance_billed(advances=found.advances, by=by)
    made = issue(drafts=found.drafts, by=by, written=written)
    return Made(len(rows), len(made), 0, sum(one.total_minor for one in made), len(held))


def _meter(
    bounds: BoundsPolicy, day: Billing, rows: Sequence[Due], by: Actor,
    written: Callable[[], None] = _alone,
) -> Made:  # fmt: skip
    """Invoice what was used of what is paid before, once the days are over."""
    drafts, advances = to_meter(day, rows)
    documents = ((one.customer_id, one.lines) for one in drafts)
    held = _hold_out(day, bounds, documents, day.on)
    if held:
        kept = {row.id for row in rows if row.customer_id not in held}
        drafts = [one for one in drafts if one.customer_id not in held]
        advances = [one for one in advances if one.subscription_id in kept]
    advance_metered(advances=advances, by=by)
    made = issue(drafts=drafts, by=by, written=written)
    return Made(len(rows), len(made), 0, sum(one.total_minor for one in made), len(held))


def _hold_out(
    day: Billing, bounds: BoundsPolicy, documents: Iterable[tuple[int, Sequence[DraftLine]]],
    taxed_on: date | None,
) -> set[int]:  # fmt: skip
    """Park whoever's bill is beyond its bounds; gives them."""
    found = unlike_bills(bounds, documents, entity_id=day.entity.pk, taxed_on=taxed_on)
    for customer_id, refusal in found.items():
        log.warning("customer %s waits for a person: %s", customer_id, refusal)
        _leave(day, customer_id, refusal)
    return set(found)
