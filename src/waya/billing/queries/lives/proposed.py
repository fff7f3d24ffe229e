"""What somebody would pay who took a plan on terms that are not sold yet: nothing is written.

The lines come from the function that bills, with the entity's own conventions and taxes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction

from waya.billing.policy import BillingPolicy
from waya.billing.queries.pricing import worded
from waya.billing.rules.drafts import DEPOSITS, DraftLine, Pricing, drafted
from waya.billing.rules.engine.events import Usage, day_of
from waya.billing.rules.engine.grids import later
from waya.billing.rules.engine.line import Line
from waya.billing.rules.lives import (
    Life,
    begins_with,
    closing,
    cycles,
    gathered,
    opening,
    told,
)
from waya.billing.rules.tax.supply import Supply, carried
from waya.catalog.models import Plan
from waya.catalog.queries import rates_recorded
from waya.catalog.rules.plans import Interval, PlanTerms
from waya.kernel.money import Money
from waya.kernel.periods import Period, add_months
from waya.org.models import Entity
from waya.org.policy import chosen

# As long a life is looked at for the period that is like all that follow.
_FURTHEST = timedelta(days=366 * 10)
_CYCLES_A_YEAR = {"month": Fraction(12), "week": Fraction(365, 7), "day": Fraction(365)}


@dataclass(frozen=True, slots=True)
class Bill:
    """What is asked for or invoiced on a day, taxes included."""

    on: date
    lines: tuple[DraftLine, ...]
    total: Money


@dataclass(frozen=True, slots=True)
class Usual:
    """A whole period once every phase that ends is over, and what it comes to in a month."""

    period: Period
    lines: tuple[DraftLine, ...]
    total: Money
    month: Money


@dataclass(frozen=True, slots=True)
class Proposed:
    """The life of one customer on these terms. `bills` are those for service of the first year,
    `year` is what they come to, of which `deposit` is given back at the end. `free_until` is the
    first day that is charged after a trial, `ends` the first that is not had any more."""

    began: date
    bills: tuple[Bill, ...]
    usual: Usual | None
    year: Money
    deposit: Money
    free_until: date | None
    ends: date | None

    @property
    def first(self) -> Bill | None:
        """The first of all bills."""
        return self.bills[0] if self.bills else None


@dataclass(frozen=True, slots=True)
class Terms:
    """What is proposed: a plan (which need not be saved), its terms, and whether its prices
    include taxes."""

    plan: Plan
    terms: PlanTerms
    tax_inclusive: bool = True


def proposed(
    entity: Entity, offer: Terms, on: date, *, quantity: Fraction = Fraction(1),
    used: Mapping[str, Fraction] | None = None,
) -> Proposed:  # fmt: skip
    """What one who begins on a day pays, with so many units, and so much `used` of each metric
    in every period.

    Refuses what taxes refuse (`no_tax_pack`, `no_rates_then`), and raises Unbillable for terms
    that the engine cannot bill. Plans by the hour are bought as they are wanted: one period.
    """
    how = chosen(BillingPolicy, entity.pk)
    life = _life(offer, on, quantity)
    arrears = offer.plan.mode == Plan.POSTPAID
    year_ends = add_months(on, 12, anchor_day=on.day)
    hourly = offer.terms.interval.unit == "hour"
    until = on if hourly else later(year_ends, offer.terms.interval)
    life = replace(life, usage=() if hourly else tuple(_usage(life, until, used or {})))
    terms = how.terms(entity.currency, arrears=arrears)
    every = [*begins_with(life, terms), *told(life, terms, until)]
    found = [line for line in every if _asked(line)]
    found = [line for line in found if day_of(line.period.start) < year_ends or hourly]
    groups, _ = gathered(found, how.minimum_minor if arrears else 0, zero=how.zero_invoices)
    clerk = _Clerk(entity, offer)
    bills = tuple(clerk.bill(lines) for lines in groups)
    deposits = (one for bill in bills for one in bill.lines if one.revenue == DEPOSITS)
    free = day_of(life.since)
    return Proposed(
        began=on,
        bills=bills,
        usual=None if hourly else _usual(clerk, life, how, used or {}),
        year=_sum((one for bill in bills for one in bill.lines), entity.currency),
        deposit=_sum(deposits, entity.currency),
        free_until=free if free > on else None,
        ends=closing(offer.terms.phases, on),
    )


class _Clerk:
    """Writes bills for an offer, with the taxes of each one's day."""

    def __init__(self, entity: Entity, offer: Terms) -> None:
        self.entity = entity
        self.offer = offer
        charges = (offer.terms.charges, *(one.charges or () for one in offer.terms.phases))
        self.parts = {one.code: one for found in charges for one in found if one.tax_class}
        classes = {offer.plan.tax_class, *(one.tax_class for one in self.parts.values())}
        self.recorded = rates_recorded(entity.country, classes)
        self.known: dict[tuple[date, str], Pricing] = {}

    def bill(self, lines: Sequence[Line]) -> Bill:
        """The lines of one day."""
        on = day_of(lines[0].invoice_on)
        made = tuple(self._line(line, on) for line in lines)
        return Bill(on, made, _sum(made, self.entity.currency))

    def _line(self, line: Line, on: date) -> DraftLine:
        """A line, of the class of supply of the part of a bundle that it is for."""
        plan, part = self.offer.plan, self.parts.get(line.charge)
        supply = part.tax_class if part else plan.tax_class
        name = worded(plan, line, part.name if part else None)
        return drafted(line, self._pricing(on, supply), subscription_id=0, name=name,
                       revenue=f"revenue:{supply}")  # fmt: skip

    def _pricing(self, on: date, tax_class: str) -> Pricing:
        key = (on, tax_class)
        if key not in self.known:
            country = self.entity.country
            supply = Supply(place=country, day=on, seller=country)
            stack = carried(self.recorded, tax_class, supply).stack
            inclusive, currency = self.offer.tax_inclusive, self.entity.currency
            self.known[key] = Pricing(0, on, inclusive, currency, stack)
        return self.known[key]


def _life(offer: Terms, on: date, quantity: Fraction) -> Life:
    since = opening(offer.terms.phases, on)
    anchor = offer.plan.calendar_day or since.day
    return Life("", offer.terms, since, on, anchor, quantity=quantity)


def _usage(life: Life, until: date, used: Mapping[str, Fraction]) -> Iterable[Usage]:
    """So much of each metric on the first day of every cycle."""
    if not any(used.values()):
        return
    grid = cycles(life)
    cycle = grid.cycle(life.since)
    while cycle.start < until:
        on = max(cycle.start, life.since)
        yield from (Usage(on, metric, many, life.key) for metric, many in used.items() if many)
        cycle = grid.after(cycle)


def _usual(
    clerk: _Clerk, life: Life, how: BillingPolicy, used: Mapping[str, Fraction]
) -> Usual | None:
    """The first whole period after every phase that ends, but for a last one that does."""
    offer = clerk.offer
    whole = _whole(offer, life)
    if whole is None or whole.start > life.began + _FURTHEST:
        return None
    arrears = offer.plan.mode == Plan.POSTPAID
    last = replace(offer.terms.phases[-1], length=None)
    settled = replace(
        life, since=whole.start, began=life.began - timedelta(days=1), cycle_on=whole.start,
        plan=replace(offer.terms, phases=(last,)),
        usage=tuple(Usage(whole.start, metric, many, life.key) for metric, many in used.items()),
    )  # fmt: skip
    terms = how.terms(clerk.entity.currency, arrears=arrears)
    found = [
        line
        for line in told(settled, terms, whole.end)
        if _asked(line) and line.period == whole
    ]  # fmt: skip
    if not found:
        return None
    bill = clerk.bill(found)
    return Usual(whole, bill.lines, bill.total, _a_month(bill.total, offer.terms.interval))


def _whole(offer: Terms, life: Life) -> Period | None:
    *before, last = offer.terms.phases
    opened = closing(before, life.began) if before else life.began
    if opened is None:
        return None
    grid = cycles(replace(life, plan=offer.terms))
    first = grid.cycle(max(opened, life.since))
    if first.start < max(opened, life.since):
        first = grid.after(first)
    if last.length is not None and later(opened, last.length) < first.end:
        return None
    return first


def _a_month(total: Money, interval: Interval) -> Money:
    a_year = _CYCLES_A_YEAR[interval.unit] / interval.count
    return total.times(a_year / 12)


def _asked(line: Line) -> bool:
    """Whether a line is asked for; deposits that go back and credits are another matter."""
    return line.amount.minor >= 0 or line.kind == "discount"


def _sum(lines: Iterable[DraftLine], currency: str) -> Money:
    return Money(sum(line.charged.sums[2] for line in lines), currency)
