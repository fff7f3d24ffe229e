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
from waya.billing.policy import BillingPolicy, RenewalPolicy
from waya.billing.queries.lives import COLUMNS, Due, granted, plain
from waya.billing.queries.pricing import PriceList, described
from waya.billing.queries.worked import work_out
from waya.billing.rules import renewal
from waya.billing.rules.drafts import Draft, DraftLine, together
from waya.billing.rules.engine.whole import Due as WholeDue
from waya.billing.rules.engine.whole import Whole, WholePeriods
from waya.billing.rules.offers import Offer
from waya.catalog.models import Plan, Promotion
from waya.catalog.queries import Version
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
    how: BillingPolicy
    plans: dict[int, Plan]
    prices: PriceList
    periods: WholePeriods
    promotions: bool
    progress: Callable[[int], None]
    by: Actor


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
        how=chosen(BillingPolicy, entity_id),
        plans=plans,
        prices=PriceList(plans.values(), entity.country),
        periods=WholePeriods(entity.currency),
        promotions=Promotion.objects.filter(entity=entity).exists(),
        progress=progress,
        by=by,
    )
    return {
        "invoices": _in_chunks(run, _passed(run), _invoice),
        "pro_formas": _in_chunks(run, _lapsing(run), _ask),
    }


def _lapsing(run: Run) -> QuerySet[Subscription]:
    asked = ProForma.objects.filter(
        subscription=OuterRef("pk"), start=OuterRef("paid_through"), state=ProForma.OPEN
    )
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
    return [Due(*row) for row in rows.values_list(*COLUMNS) if None not in row[4:7]]


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
    common, special = _parted(run, rows)
    asked: list[tuple[Subscription, tuple[DraftLine, ...]]] = [
        (found[row.id], (_line(run, row, whole, whole.start, in_advance=True),))
        for row, version in common
        for whole in run.periods.lines([_next(run, row, version)], row.since, arrears=False)
    ]
    for worked in work_out(special, run.prices, run.how, run.on, arrears=False):
        asked += [(found[worked.row.id], lines) for lines in worked.documents]
    ask(asked=asked, on=run.on, by=run.by)


def _invoice(run: Run, rows: Sequence[Due]) -> None:
    """Invoice what has passed of postpaid subscriptions, in arrears: the net is earned."""
    common, special = _parted(run, rows)
    drafts: list[Draft] = []
    reached: dict[int, Advance] = {}
    due = (_next(run, row, version) for row, version in common)
    for whole in run.periods.lines(due, run.on, arrears=True):
        row = whole.key
        line = _line(run, row, whole, run.on, in_advance=False)
        drafts.append(_draft(run, row, (line,)))
        reached[row.id] = Advance(row.id, row.since, whole.end)
    for worked in work_out(special, run.prices, run.how, run.on, arrears=True):
        drafts += [_draft(run, worked.row, lines) for lines in worked.documents]
        if worked.until is not None:
            reached[worked.row.id] = Advance(worked.row.id, worked.row.since, worked.until)
    advance_billed(advances=list(reached.values()), by=run.by)
    issue(drafts=together(drafts) if run.how.one_bill else drafts, by=run.by)


def _parted(run: Run, rows: Sequence[Due]) -> tuple[list[tuple[Due, Version]], list[Due]]:
    """Those for whom whole periods at one price are all that is due, and the rest."""
    least = max(run.how.minimum_minor, 0 if run.how.zero_invoices else 1)
    given = granted([row.id for row in rows]) if run.promotions else set()
    common: list[tuple[Due, Version]] = []
    special: list[Due] = []
    for row in rows:
        version = run.prices.at(row.version_id, row.since)
        if (
            plain(row, version, given)
            and version.price.minor >= least
            and not run.prices.moves(version, row.since, run.on)
        ):
            common.append((row, version))
        else:
            special.append(row)
    return common, special


def _next(run: Run, row: Due, version: Version) -> WholeDue[Due]:
    count = run.plans[row.plan_id].count
    return WholeDue(row, row.since, row.anchor_day, count, version.price.minor)


def _line(run: Run, row: Due, whole: Whole[Due], tax_point: date, *, in_advance: bool) -> DraftLine:
    plan, version = run.plans[row.plan_id], run.prices.at(row.version_id, row.since)
    charged = run.prices.whole(version, whole, tax_point)
    return DraftLine(
        row.id, described(plan, charged.period), charged, f"revenue:{plan.tax_class}", in_advance,
        version.terms.charges[0].code,
    )  # fmt: skip


def _draft(run: Run, row: Due, lines: tuple[DraftLine, ...]) -> Draft:
    return Draft(
        entity_id=run.entity.pk,
        customer_id=row.customer_id,
        lines=lines,
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
