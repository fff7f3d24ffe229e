"""What one who takes a plan would pay first, with what they want on top of it: nothing is written.

It is the function that asks for the first period, so that what is shown is what is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from waya.billing.policy import BillingPolicy
from waya.billing.queries.lives.add_ons import Part
from waya.billing.queries.lives.due import Due
from waya.billing.queries.lives.worked import begun_with, work_out
from waya.billing.queries.pricing import PriceList
from waya.billing.rules.drafts import DraftLine, again
from waya.billing.rules.lives import Life, cycles, opening
from waya.catalog.models import Plan
from waya.catalog.queries import goes_with, on_day, prices
from waya.catalog.rules.plans import Phase
from waya.kernel.errors import Refused
from waya.kernel.money import Money
from waya.org.policy import chosen


@dataclass(frozen=True, slots=True)
class Beginning:
    """What is paid to begin, taxes included: its lines, their sum, and what the next period
    comes to, which all that follow do where `steady`. What begins free, until `opens`, asks for
    what is charged once; what is invoiced after its period asks for nothing now."""

    lines: tuple[DraftLine, ...]
    now: Money
    each: Money
    steady: bool
    opens: date


def beginning(plan: Plan, add_ons: Sequence[Plan], on: date) -> Beginning:
    """What one who begins with a plan on a day, one of each add-on on top, pays first and then.

    Refuses `not_an_add_on` for what does not go on top of the plan, and `no_price`.
    """
    for one in add_ons:
        if not goes_with(one, plan):
            raise Refused("not_an_add_on", plan=one.name, of=plan.name)
    clerk = _Clerk(plan, add_ons, on)
    postpaid = plan.mode == Plan.POSTPAID
    first = clerk.bill(clerk.due)
    asked = () if postpaid else first
    if clerk.due.since > on:
        asked, then = (() if postpaid else clerk.once()), first
    elif plan.unit == "hour":
        then = again(first)
    else:
        then = clerk.bill(replace(clerk.due, since=clerk.ends(clerk.due)))
    return Beginning(asked, clerk.sum(asked), clerk.sum(then), clerk.steady, clerk.due.since)


class _Clerk:
    """Works out the first bills of somebody who is not written down yet."""

    def __init__(self, plan: Plan, add_ons: Sequence[Plan], on: date) -> None:
        self.plan = plan
        self.how = chosen(BillingPolicy, plan.entity_id)
        self.prices = PriceList([plan, *add_ons], plan.entity.country)
        known = prices(self.prices.plans)
        version, *sold = (
            self.prices.versions[on_day(known.get(key, []), on).version_id]
            for key in self.prices.plans
        )
        since = opening(version.terms.phases, on)
        self.due = Due(0, 0, plan.pk, version.id, since, plan.calendar_day or since.day, on)
        self.parts = [
            Part(-place, 0, one.plan_id, one.id, 1, on) for place, one in enumerate(sold, start=1)
        ]
        self.steady = all(one.terms.phases == (Phase(),) for one in (version, *sold))

    def ends(self, due: Due) -> date:
        """The day on which the cycle ends that is due."""
        terms = self.prices.versions[due.version_id].terms
        life = Life("", terms, due.since, due.began, due.anchor_day)
        return cycles(life).cycle(due.since).end

    def bill(self, due: Due) -> tuple[DraftLine, ...]:
        """The lines of a period: asked for on its first day, or invoiced when it has passed."""
        postpaid = self.plan.mode == Plan.POSTPAID
        on = self.ends(due) if postpaid else due.since
        (worked,) = work_out(
            [due], self.prices, self.how, on, arrears=postpaid, on_top={due.id: self.parts}
        )
        return tuple(line for lines in worked.documents for line in lines)

    def once(self) -> tuple[DraftLine, ...]:
        """What is charged once as it begins free."""
        return begun_with(self.due, self.prices, self.how, arrears=False)

    def sum(self, lines: Iterable[DraftLine]) -> Money:
        """What lines come to, taxes included."""
        total = sum(line.charged.sums[2] for line in lines)
        return Money(total, self.plan.entity.currency)
