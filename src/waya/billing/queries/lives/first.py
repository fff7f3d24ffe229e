"""What the first period of a subscription costs, and when the periods of another of a customer's
are to turn: the same for the preview as for what is asked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from waya.billing.policy import BillingPolicy
from waya.billing.queries.lives.add_ons import plans_of
from waya.billing.queries.lives.due import due_of
from waya.billing.queries.lives.worked import begun_with, work_out
from waya.billing.queries.pricing import PriceList
from waya.billing.queries.taxes.buyers import as_asked_of, buyers
from waya.billing.rules.drafts import DraftLine
from waya.billing.rules.lives import opening
from waya.catalog.models import Plan
from waya.catalog.queries import interval_of
from waya.kernel.errors import Refused
from waya.kernel.money import Money
from waya.kernel.periods import Period
from waya.org.policy import chosen
from waya.subscriptions.models import Subscription
from waya.subscriptions.queries import RUNNING
from waya.subscriptions.rules.aligning import Turning, turns_with
from waya.subscriptions.rules.life import Turns


@dataclass(frozen=True, slots=True)
class First:
    """The first bill of a subscription that begins on a day: `since` is the first day that is
    charged, `lines` what of its first period is charged in advance or, where it is free at first,
    what is charged once as it begins; without a customer's own taxes."""

    since: date
    lines: tuple[DraftLine, ...]


def first_bill(row: Subscription, on: date) -> First:
    """What one that is wanted costs to begin on a day; it need not be saved."""
    prices = PriceList(plans_of(row) if row.pk else [row.plan], row.entity.country)
    began = opening(prices.versions[row.version_id].terms.phases, on)
    how = chosen(BillingPolicy, row.entity_id)
    if began > on:
        due = due_of(row, began, row.plan.calendar_day or row.anchor_day or began.day)
        arrears = row.plan.mode == Plan.POSTPAID
        return First(began, begun_with(replace(due, began=on), prices, how, arrears=arrears))
    due = due_of(row, on, row.plan.calendar_day or row.anchor_day or on.day)
    (worked,) = work_out([due], prices, how, on, arrears=False)
    return First(on, tuple(line for document in worked.documents for line in document))


@dataclass(frozen=True, slots=True)
class Added:
    """A further service of a customer before it is theirs: its first period, line by line, with
    the taxes that they pay. `turns` says that it ends with others of theirs. A postpaid one is
    invoiced after it, and asks for nothing. One that is free until `free_until` has what is
    charged once instead of a period."""

    plan: Plan
    turns: Turns | None
    lines: tuple[DraftLine, ...]
    total: Money
    period: Period | None
    free_until: date | None
    in_advance: bool


def added(row: Subscription, on: date) -> Added:
    """What comes of a service that a customer is to have from a day; nothing is written."""
    first = first_bill(row, on)
    lines = as_asked_of(first.lines, buyers([row.customer_id]).get(row.customer_id), row.entity_id)
    free = first.since > on
    periods = [] if free else [line.charged.period for line in lines]
    return Added(
        plan=row.plan,
        turns=Turns(row.anchor_day, row.cycle_on) if row.anchor_day else None,
        lines=lines,
        total=Money(sum(line.charged.sums[2] for line in lines), row.entity.currency),
        period=max(periods, key=lambda one: one.days, default=None),
        free_until=first.since if free else None,
        in_advance=row.plan.mode == Plan.PREPAID,
    )


def turns_of(customer_id: int, plan: Plan, wished: str) -> Turns | None:
    """When the periods of a further service are to turn: `customer` with those of the others,
    `own` by itself, and without a wish as policy has it.

    Refuses `nothing_to_align` where the wish is to align and no running service of the customer
    has periods that these could end with: none by the hour or the day, and none of a plan that
    keeps to the calendar.
    """
    policy = chosen(BillingPolicy, plan.entity_id)
    if not (wished == "customer" or (not wished and policy.aligns)):
        return None
    found = None
    if plan.calendar_day is None:
        found = turns_with(interval_of(plan), _turning(customer_id))
    if found is None and wished:
        raise Refused("nothing_to_align", plan=plan.name)
    return found


def _turning(customer_id: int) -> Iterable[Turning]:
    """The cycles of a customer's running services, the oldest first."""
    rows = Subscription.objects.filter(
        customer_id=customer_id, state__in=RUNNING, anchor_day__isnull=False,
        billed_through__isnull=False,
    ).select_related("plan").order_by("started_on", "pk")  # fmt: skip
    for row in rows:
        assert row.anchor_day is not None
        assert row.billed_through is not None
        yield Turning(interval_of(row.plan), row.anchor_day, row.cycle_on or row.billed_through)
