"""The day's billing: ask for prepaid renewals, invoice postpaid periods that have passed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from itertools import islice

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from waya.billing.commands.documents import ask, due_day, issue
from waya.billing.commands.notices import Notice, notify
from waya.billing.commands.settle import settle_many
from waya.billing.models import Credit, ProForma
from waya.billing.policy import RenewalPolicy
from waya.billing.queries.pricing import PriceList, described
from waya.billing.rules import renewal
from waya.billing.rules.drafts import Charged, Draft
from waya.billing.rules.offers import Offer
from waya.catalog.models import Plan
from waya.kernel.money import Money
from waya.org.actors import Actor
from waya.org.models import Entity
from waya.org.policy import chosen
from waya.parties.commands.customers import lock_customers
from waya.subscriptions.commands import activate
from waya.subscriptions.models import Subscription
from waya.subscriptions.queries import RUNNING
from waya.subscriptions.rules.life import Renewal

CHUNK = 500

_Work = Callable[[Entity, Sequence[Subscription], date, RenewalPolicy, Actor], None]


def bill(*, entity_id: int, on: date, by: Actor) -> dict[str, int]:
    """Bill an entity as of a day: what is due and was not billed before, each once.

    In chunks of customers, each its own transaction, so that a payment never waits long and
    a crash loses at most the chunk that was at work. Running it again does nothing more.
    """
    by = by.must("billing.bill")
    entity = Entity.objects.get(pk=entity_id)
    policy = chosen(RenewalPolicy, entity_id)
    return {
        "invoices": _in_chunks(_passed(entity, on), _invoice, entity, on, policy, by),
        "pro_formas": _in_chunks(_lapsing(entity, on, policy), _ask, entity, on, policy, by),
    }


def _lapsing(entity: Entity, on: date, policy: RenewalPolicy) -> QuerySet[Subscription]:
    asked = ProForma.objects.filter(subscription=OuterRef("pk"), start=OuterRef("paid_through"))
    return Subscription.objects.filter(
        ~Exists(asked),
        entity=entity,
        state__in=RUNNING,
        plan__mode=Plan.PREPAID,
        paid_through__lte=on + timedelta(days=policy.ask_days_before),
    )


def _passed(entity: Entity, on: date) -> QuerySet[Subscription]:
    return Subscription.objects.filter(
        entity=entity, state__in=RUNNING, plan__mode=Plan.POSTPAID, billed_through__lt=on
    )


def _in_chunks(
    due: QuerySet[Subscription],
    work: _Work,
    entity: Entity,
    on: date,
    policy: RenewalPolicy,
    by: Actor,
) -> int:
    done = 0
    owners = iter(due.order_by("customer_id").values_list("customer_id", flat=True).distinct())
    while customers := list(islice(owners, CHUNK)):
        with transaction.atomic():
            lock_customers(customer_ids=customers, by=by)
            rows = list(due.filter(customer_id__in=customers).select_related("plan").order_by("pk"))
            work(entity, rows, on, policy, by)
            _spend_credit(customers, entity, on, by)
        done += len(rows)
    return done


def _ask(
    entity: Entity, rows: Sequence[Subscription], on: date, policy: RenewalPolicy, by: Actor
) -> None:
    """Ask for the period after the paid one, and say so."""
    prices = PriceList({row.plan for row in rows}, entity.country)
    asked = ask(asked=[(row, _next(row, prices)) for row in rows], on=on, by=by)
    covered = _in_credit({one.customer_id for one in asked})
    plans = {row.pk: row.plan.name for row in rows}
    notify(
        notices=[
            Notice(one.customer_id, "renewal", Money(one.total_minor, one.currency),
                   one.start, f"renewal:{one.pk}", plans[one.subscription_id])
            for one in asked
            if covered.get(one.customer_id, 0) < one.total_minor
        ],
        by=by,
    )  # fmt: skip


def _next(row: Subscription, prices: PriceList) -> Charged:
    start, anchor_day = row.paid_through, row.anchor_day
    if start is None or anchor_day is None:
        raise ValueError(f"{row.username} runs without a paid period")
    period = renewal.following(start, anchor_day=anchor_day, months=row.plan.months)
    bought = renewal.Bought(period, anchor_day)
    return prices.charge(row.plan, bought, tax_point=start, whole=True)


def _invoice(
    entity: Entity, rows: Sequence[Subscription], on: date, policy: RenewalPolicy, by: Actor
) -> None:
    """Invoice the postpaid periods that have ended, in arrears: the net is earned."""
    prices = PriceList({row.plan for row in rows}, entity.country)
    drafts: list[Draft] = []
    renewals: list[Renewal] = []
    for row in rows:
        for bought, whole in _ended(row, on):
            charged = prices.charge(row.plan, bought, tax_point=on, whole=whole)
            drafts.append(_draft(entity, row, charged, on, policy))
            renewals = [one for one in renewals if one.subscription_id != row.pk]
            renewals.append(
                Renewal(
                    subscription_id=row.pk,
                    start=bought.period.start,
                    paid_through=None,
                    billed_through=bought.period.end,
                    anchor_day=bought.anchor_day,
                )
            )
    invoices = issue(drafts=drafts, by=by)
    activate(renewals=renewals, by=by)
    notify(
        notices=[
            Notice(one.customer_id, "reminder", Money(one.total_minor, one.currency),
                   one.due_on, f"invoice:{one.pk}")
            for one in invoices
        ],
        by=by,
    )  # fmt: skip


def _ended(row: Subscription, on: date) -> list[tuple[renewal.Bought, bool]]:
    """The periods of a postpaid subscription that have passed and were not billed."""
    start, anchor_day = row.billed_through, row.anchor_day
    if start is None or anchor_day is None:
        raise ValueError(f"{row.username} runs without a beginning")
    found: list[tuple[renewal.Bought, bool]] = []
    while True:
        whole = renewal.on_anchor(start, anchor_day=anchor_day)
        period = (
            renewal.following(start, anchor_day=anchor_day, months=row.plan.months)
            if whole
            else renewal.first(start, months=1, calendar_day=anchor_day).period
        )
        if period.end > on:
            return found
        found.append((renewal.Bought(period, anchor_day), whole))
        start = period.end


def _draft(
    entity: Entity, row: Subscription, charged: Charged, on: date, policy: RenewalPolicy
) -> Draft:
    return Draft(
        entity_id=entity.pk,
        customer_id=row.customer_id,
        subscription_id=row.pk,
        description=described(row.plan, charged.period),
        charged=charged,
        credits=f"revenue:{row.plan.tax_class}",
        issued_on=on,
        due_on=due_day(on, policy.due_days),
    )


def _in_credit(customers: Iterable[int]) -> dict[int, int]:
    rows = Credit.objects.filter(customer_id__in=list(customers), amount_minor__gt=0)
    return dict(rows.values_list("customer_id", "amount_minor"))


def _spend_credit(customers: Sequence[int], entity: Entity, on: date, by: Actor) -> None:
    """Let the credit that customers hold pay what was just asked or invoiced."""
    nothing = Money(0, entity.currency)
    settle_many(offers=[Offer(key, key, nothing, on) for key in _in_credit(customers)], by=by)
