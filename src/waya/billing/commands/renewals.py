"""The day's billing: ask for prepaid renewals, invoice postpaid periods that have passed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import DatabaseError, transaction
from django.db.models import Exists, OuterRef, QuerySet

from waya.billing.commands.documents import ask
from waya.billing.commands.invoices import issue
from waya.billing.commands.settle import settle_many
from waya.billing.models import Credit, Parked, ProForma
from waya.billing.policy import RenewalPolicy
from waya.billing.queries.pricing import PriceList, described
from waya.billing.rules import renewal
from waya.billing.rules.drafts import Charged, Draft
from waya.billing.rules.offers import Offer
from waya.catalog.models import Plan
from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.kernel.money import Money
from waya.org.actors import Actor
from waya.org.models import Entity
from waya.org.policy import chosen
from waya.org.rows.among import among
from waya.parties.commands.customers import lock_customers
from waya.subscriptions.commands import advance_billed
from waya.subscriptions.models import Subscription
from waya.subscriptions.queries import RUNNING
from waya.subscriptions.rules.life import Advance

log = logging.getLogger("waya.billing")

# So many customers at a time: a payment of one of them waits for no more than that.
CHUNK = 500


@dataclass(frozen=True, slots=True)
class Run:
    """One day's billing of an entity: what is read once and used for every chunk."""

    entity: Entity
    on: date
    policy: RenewalPolicy
    plans: dict[int, Plan]
    prices: PriceList
    progress: Callable[[int], None]
    by: Actor


@dataclass(frozen=True, slots=True)
class Due:
    """A subscription that is due, as far as billing needs it."""

    id: int
    customer_id: int
    plan_id: int
    billed_through: date
    anchor_day: int


def _silent(done: int) -> None:
    """Nobody watches."""


def bill(
    *, entity_id: int, on: date, by: Actor, progress: Callable[[int], None] = _silent
) -> dict[str, int]:
    """Bill an entity as of a day: what is due and was not billed before, each once.

    In chunks of customers, each its own transaction, so that a payment never waits long and
    a crash loses at most the chunk that was at work. Running it again does nothing more. A
    customer who cannot be billed is parked with the reason, and stops nobody. `progress` is
    told how many subscriptions are done.
    """
    by = by.must("billing.bill")
    entity = Entity.objects.get(pk=entity_id)
    plans = Plan.objects.in_bulk(
        list(Plan.objects.filter(entity=entity).values_list("pk", flat=True))
    )
    run = Run(
        entity=entity,
        on=on,
        policy=chosen(RenewalPolicy, entity_id),
        plans=plans,
        prices=PriceList(plans.values(), entity.country),
        progress=progress,
        by=by,
    )
    return {
        "invoices": _in_chunks(run, _passed(run), _invoice),
        "pro_formas": _in_chunks(run, _lapsing(run), _ask),
    }


def _lapsing(run: Run) -> QuerySet[Subscription]:
    asked = ProForma.objects.filter(subscription=OuterRef("pk"), start=OuterRef("paid_through"))
    return Subscription.objects.filter(
        ~Exists(asked),
        entity=run.entity,
        state__in=RUNNING,
        plan__in=[key for key, plan in run.plans.items() if plan.mode == Plan.PREPAID],
        paid_through__lte=run.on + timedelta(days=run.policy.ask_days_before),
    )


def _passed(run: Run) -> QuerySet[Subscription]:
    """Postpaid ones whose period has passed: the shortest that there is after its first day
    is one day, so an earlier start is only a candidate."""
    return Subscription.objects.filter(
        entity=run.entity,
        state__in=RUNNING,
        plan__in=[key for key, plan in run.plans.items() if plan.mode == Plan.POSTPAID],
        billed_through__lt=run.on,
    )


_Work = Callable[[Run, Sequence[Due]], None]


def _in_chunks(run: Run, due: QuerySet[Subscription], work: _Work) -> int:
    done, after = 0, 0
    while customers := _next_customers(due, after):
        done += _work_or_halve(run, due, customers, work)
        after = customers[-1]
        run.progress(done)
    return done


def _next_customers(due: QuerySet[Subscription], after: int) -> list[int]:
    rows = due.filter(customer_id__gt=after).order_by("customer_id")
    return list(rows.values_list("customer_id", flat=True).distinct()[:CHUNK])


def _work_or_halve(
    run: Run, due: QuerySet[Subscription], customers: Sequence[int], work: _Work
) -> int:
    """Bill these customers, all or none; when that fails, halve until the bad one is alone."""
    try:
        with transaction.atomic():
            lock_customers(customer_ids=customers, by=run.by)
            rows = _read(due, customers)
            work(run, rows)
            _spend_credit(run, customers)
        return len(rows)
    except (Refused, DatabaseError, ValueError) as error:
        if len(customers) == 1:
            _park(run, customers[0], error)
            return 0
    half = len(customers) // 2
    return _work_or_halve(run, due, customers[:half], work) + _work_or_halve(
        run, due, customers[half:], work
    )


def _read(due: QuerySet[Subscription], customers: Sequence[int]) -> list[Due]:
    rows = due.filter(customer_id__in=among(customers)).order_by("customer_id", "pk")
    columns = ("pk", "customer_id", "plan_id", "billed_through", "anchor_day")
    return [
        Due(key, customer_id, plan_id, since, anchor_day)
        for key, customer_id, plan_id, since, anchor_day in rows.values_list(*columns)
        if since is not None and anchor_day is not None
    ]


def _park(run: Run, customer_id: int, error: Exception) -> None:
    """Leave a customer for a person, with the reason; the next run tries again."""
    log.warning("customer %s could not be billed: %s", customer_id, error)
    Parked.objects.update_or_create(
        customer_id=customer_id,
        on=run.on,
        defaults={"reason": str(error)[:300], "at": clock.now(), "entity": run.entity},
    )


def _ask(run: Run, rows: Sequence[Due]) -> None:
    """Ask for the period after the paid one; the day's reminders say so."""
    found = Subscription.objects.in_bulk([row.id for row in rows])
    asked = [(found[row.id], _next(run, row)) for row in rows]
    ask(asked=asked, on=run.on, by=run.by)


def _next(run: Run, row: Due) -> Charged:
    plan = run.plans[row.plan_id]
    start = row.billed_through
    period = renewal.following(start, anchor_day=row.anchor_day, months=plan.months)
    bought = renewal.Bought(period, row.anchor_day)
    return run.prices.charge(plan, bought, tax_point=start, whole=True)


def _invoice(run: Run, rows: Sequence[Due]) -> None:
    """Invoice the postpaid periods that have ended, in arrears: the net is earned."""
    drafts: list[Draft] = []
    advances: list[Advance] = []
    for row in rows:
        plan = run.plans[row.plan_id]
        until = row.billed_through
        passed = renewal.ended(until, run.on, anchor_day=row.anchor_day, months=plan.months)
        for bought in passed:
            whole = renewal.on_anchor(bought.period.start, anchor_day=row.anchor_day)
            charged = run.prices.charge(plan, bought, tax_point=run.on, whole=whole)
            drafts.append(_draft(run, row, plan, charged))
            until = bought.period.end
        if until != row.billed_through:
            advances.append(Advance(row.id, row.billed_through, until))
    advance_billed(advances=advances, by=run.by)
    issue(drafts=drafts, by=run.by)


def _draft(run: Run, row: Due, plan: Plan, charged: Charged) -> Draft:
    return Draft(
        entity_id=run.entity.pk,
        customer_id=row.customer_id,
        subscription_id=row.id,
        description=described(plan, charged.period),
        charged=charged,
        revenue=f"revenue:{plan.tax_class}",
        in_advance=False,
        issued_on=run.on,
        due_on=renewal.due_day(run.on, run.policy.due_days),
    )


def _spend_credit(run: Run, customers: Iterable[int]) -> None:
    """Let the credit that customers hold pay what was just asked or invoiced."""
    held = Credit.objects.filter(customer_id__in=among(customers), amount_minor__gt=0)
    nothing = Money(0, run.entity.currency)
    settle_many(
        entity_id=run.entity.pk,
        offers=[
            Offer(key, key, nothing, run.on) for key in held.values_list("customer_id", flat=True)
        ],
        by=run.by,
    )
