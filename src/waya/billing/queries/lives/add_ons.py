"""Add-ons as billing sees them: each a life of its own within the cycles of what it is on.

Its lines stand on the parent's documents, under charges that name the add-on, so that what is
billed, given back, paused and ended of a subscription is so of its add-ons as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction

from django.db.models import Q

from waya.billing.queries.lives.due import Due
from waya.billing.queries.pricing import PriceList, worded
from waya.billing.rules.drafts import DraftLine, drafted
from waya.billing.rules.engine.line import Line
from waya.billing.rules.engine.terms import BillingTerms
from waya.billing.rules.lives import Life, charge_key, cycles, opening, told
from waya.catalog.models import Plan
from waya.catalog.queries import Version, goes_with, interval_of
from waya.catalog.rules.add_ons import fitted
from waya.catalog.rules.plans import PlanTerms
from waya.org.rows.among import among
from waya.subscriptions.models import AddOn, Subscription

Counts = dict[tuple[int, date, str], int]
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Part:
    """An add-on of a subscription, on the half-open days from `start` to `end`; one that is
    only looked at has no id yet."""

    id: int
    subscription_id: int
    plan_id: int
    version_id: int
    quantity: int
    start: date
    end: date | None = None

    @property
    def charged(self) -> str:
        """What the charges of its lines begin with."""
        return f"add-on:{self.id}:"


_COLUMNS = ("pk", "subscription_id", "plan_id", "version_id", "quantity", "start", "end")


def plans_of(row: Subscription) -> list[Plan]:
    """What a subscription is charged by: its plan, and those of its add-ons."""
    return [row.plan, *Plan.objects.filter(pk__in=row.add_ons.values("plan_id"))]


def with_add_ons(rows: Sequence[Due], plans: Iterable[Plan]) -> dict[int, list[Part]]:
    """The add-ons of some subscriptions, by subscription, but for those that were billed to
    their end; nothing is asked where no plan is an add-on."""
    found: dict[int, list[Part]] = {}
    if not rows or not any(plan.add_on for plan in plans):
        return found
    since = min(row.since for row in rows)
    had = AddOn.objects.filter(Q(end=None) | Q(end__gt=since))
    had = had.filter(subscription_id__in=among(row.id for row in rows)).order_by("pk")
    for row in had.values_list(*_COLUMNS):
        found.setdefault(row[1], []).append(Part(*row))
    return found


def part_of(row: AddOn) -> Part:
    """One add-on."""
    return Part(row.pk, row.subscription_id, row.plan_id, row.version_id, row.quantity, row.start,
                row.end)  # fmt: skip


def life_of(part: Part, row: Due, parent: Life, prices: PriceList) -> Life | None:
    """The life of an add-on from the first day of it that is charged and not billed, within the
    cycles of its parent; None where nothing of it is left, or it does not go with the plan any
    more."""
    plan, of = prices.plans[part.plan_id], prices.plans[row.plan_id]
    if not goes_with(plan, of):
        return None
    began = max(part.start, parent.began)
    version = prices.at(part.version_id, max(parent.since, began))
    terms = _terms(version, of, part.quantity)
    opens = opening(terms.phases, began)
    since = max(parent.since, opens)
    end = min((one for one in (part.end, _over(row)) if one is not None), default=None)
    if end is not None and end <= since:
        return None
    ahead = prices.ahead(version.id, since)
    dearer = ahead if ahead is not None and (end is None or ahead[0] < end) else None
    return Life(
        key=f"{row.id}+{part.id}",
        plan=terms,
        since=since,
        began=began,
        anchor_day=parent.anchor_day,
        cycle_on=cycles(parent).cycle(since).start,
        quantity=Fraction(part.quantity),
        next_plan=_terms(dearer[1], of, part.quantity) if dearer else None,
        next_on=dearer[0] if dearer else end,
        at_term=dearer is not None,
        announced=True,
        usage=parent.usage,
        once_on=max(opens, opening(parent.plan.phases, parent.began)),
    )


def _over(row: Due) -> date | None:
    """The day on which all ends with the subscription, as planned."""
    return row.next_on if row.next_version_id is None else None


def _terms(version: Version, plan: Plan, quantity: int) -> PlanTerms:
    return fitted(version.terms, interval_of(plan), quantity)


def lines_of(
    part: Part, row: Due, parent: Life, prices: PriceList, terms: BillingTerms, until: date
) -> list[Line]:
    """What an add-on owes as of a day, dated as its parent's bill is: one that ends within a
    cycle waits for the bill of the cycle, but for the bill that closes it on the day."""
    closes = row.next_on == until
    life = life_of(part, row, parent, prices)
    if life is None:
        return []
    terms = replace(terms, one_bill=not closes)
    return told(_cut(life, until) if closes else life, terms, until)


def ahead_of(
    part: Part, row: Due, parent: Life, prices: PriceList, terms: BillingTerms, through: date
) -> list[Line]:
    """What an add-on costs of the days before `through` that its prepaid parent pays for: from
    where the parent's bills end or, taken within what is paid already, from where it starts."""
    life = life_of(part, row, parent, prices)
    if life is None or life.since >= through:
        return []
    found = told(_cut(life, through), terms, through - _DAY)
    return [
        replace(line, invoice_on=min(line.invoice_on, parent.since))
        for line in found
        if line.period.start < through
    ]


def _cut(life: Life, on: date) -> Life:
    """A life that is looked at up to a day."""
    if life.next_on is not None and life.next_on <= on:
        return life
    return replace(life, next_plan=None, next_on=on, at_term=False)


def draft_part(
    part: Part, line: Line, row: Due, prices: PriceList, tax_point: date, counts: Counts
) -> DraftLine:
    """A line of an add-on as a line of a document, with the taxes of a day."""
    plan = prices.plans[part.plan_id]
    version = prices.at(part.version_id, line.period.start)
    key = part.charged + charge_key(line)
    drawn = drafted(
        line, prices.pricing(version, tax_point), subscription_id=row.id,
        revenue=f"revenue:{plan.tax_class}", name=_words(plan, line, part),
        turn=counts.get((row.id, line.period.start, key), 0),
    )  # fmt: skip
    return replace(drawn, charge=key)


def _words(plan: Plan, line: Line, part: Part) -> str:
    words = worded(plan, line)
    return words if part.quantity == 1 else f"{part.quantity} × {words}"
