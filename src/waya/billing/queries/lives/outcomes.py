"""What a change of a subscription would give back and ask for: the preview, and the change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from waya.billing.models import Credit, InvoiceLine
from waya.billing.policy import BillingPolicy, RenewalPolicy
from waya.billing.queries.credits import creditable
from waya.billing.queries.lives.due import Due, due_of, lives
from waya.billing.queries.lives.worked import draft_line, work_out
from waya.billing.queries.pricing import PriceList, described, worded
from waya.billing.rules.credits import LineCredit, Owned, Reason, give
from waya.billing.rules.drafts import CONVERTED, DEPOSITS, Charged, DraftLine
from waya.billing.rules.engine.book import gaps
from waya.billing.rules.lives import cycles, told
from waya.catalog.models import Plan
from waya.catalog.queries import Version
from waya.catalog.rules.prices import a_year
from waya.kernel.errors import Refused
from waya.kernel.money import Money
from waya.kernel.periods import Period
from waya.org.policy import chosen
from waya.subscriptions.models import Subscription
from waya.subscriptions.rules.life import Moved

# Value that would buy more time of a cheap plan than this (ten years) stays money.
MOST_DAYS_BOUGHT = 3653


@dataclass(frozen=True, slots=True)
class Back:
    """What is given back of a line that was billed: these days of it, or all that is left."""

    wish: LineCredit
    number: str
    description: str
    days: Period | None
    gross: Money


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a change comes to.

    It happens `on` a day; `now` says whether that is at once. `back` is given back as credit,
    `closing` is invoiced for what passed, `charges` is asked for (prepaid) or will be invoiced
    (postpaid). `held` is credit that the customer has already. `to` is where it goes on.
    """

    on: date
    now: bool
    currency: str
    to: Moved | None = None
    back: tuple[Back, ...] = ()
    closing: tuple[tuple[DraftLine, ...], ...] = ()
    charges: tuple[DraftLine, ...] = ()
    held: Money = field(default_factory=lambda: Money(0, ""))
    asks: bool = False

    @property
    def credit(self) -> Money:
        """What is given back, with its taxes."""
        return Money(sum(one.gross.minor for one in self.back), self.currency)

    @property
    def charge(self) -> Money:
        """What is asked for or will be, with its taxes."""
        return Money(sum(one.charged.sums[2] for one in self.charges), self.currency)

    @property
    def to_pay(self) -> Money:
        """What is missing before it can happen: for what is prepaid, the charge less what is
        given back and held."""
        short = self.charge - self.credit - self.held if self.asks else Money(0, self.currency)
        return short if short.minor > 0 else Money(0, self.currency)


class Change:
    """One subscription that is to change, with what is needed to say what comes of it."""

    def __init__(self, row: Subscription, on: date, others: Sequence[Plan] = ()) -> None:
        self.row, self.on = row, on
        self.how = chosen(BillingPolicy, row.entity_id)
        self.late = chosen(RenewalPolicy, row.entity_id).late
        self.prices = PriceList([row.plan, *others], row.entity.country)
        self.currency = row.entity.currency
        self.prepaid = row.plan.mode == Plan.PREPAID
        if row.billed_through is None or row.anchor_day is None:
            raise Refused("not_possible_now", state=row.state, wished="changed")
        self.due: Due = due_of(row, row.billed_through, row.anchor_day)
        self.life = lives([self.due], self.prices)[row.pk]

    def term(self) -> Period:
        """The term that runs on the day of the change."""
        return cycles(self.life).cycle(self.on)

    def term_end(self) -> date:
        """When the term ends that runs now: what is paid for, or the cycle."""
        if self.prepaid:
            return max(self.on, self.due.since)
        term = self.term()
        return self.on if term.start == self.on else term.end

    def ended(self) -> Outcome:
        """What ending it gives back, its deposit with it, and asks for."""
        back = self.unused(Reason.CANCELLED) if self.how.cancel_credit else []
        return self._outcome([*back, *self.deposits()])

    def paused(self) -> Outcome:
        """What pausing it gives back and asks for."""
        back = self.unused(Reason.PAUSED) if self.how.pause == "credit" else []
        return self._outcome(back)

    def resumed(self) -> Outcome:
        """What resuming it asks for: days that are still paid for are had first."""
        since = max(self.on, self.due.since)
        own = self.prepaid and self.late == "restart" and not self.row.plan.calendar_day
        if since > self.on or self.due.since == self.on:
            to = Moved(self.row.version_id, since, self.due.anchor_day, self.due.cycle_on)
        elif own:
            to = Moved(self.row.version_id, since, since.day)
        else:
            to = Moved(self.row.version_id, since, self.due.anchor_day, self.term().start)
        charges = self._charges(self.row.version_id, to) if since == self.on else ()
        return self._outcome([], to=to, charges=charges, closing=False)

    def changed(self, version: Version, when: str | None = None) -> Outcome:
        """What going over to a version gives back and asks for: dearer by the year at once,
        cheaper at the term's end, as policy has it."""
        plan = self.prices.plans[version.plan_id]
        if plan.mode != self.row.plan.mode:
            raise Refused("mode_differs", plan=plan.name)
        if version.id == self.row.version_id and self.row.next_on is None:
            raise Refused("same_plan", plan=plan.name)
        if (when or self._when(version)) == "term_end":
            end = self.term_end()
            to = Moved(version.id, end, self.due.anchor_day)
            if end > self.on:
                charges = self._charges(version.id, self._onto(version, end))
                return replace(self._outcome([], closing=False), on=end, now=False, to=to,
                               charges=charges, asks=False)  # fmt: skip
        back = self.unused(Reason.PLAN_CHANGE) if self.how.change_credit else []
        if self.prepaid and self.how.leftover == "time":
            bought = self._time(version, sum(one.gross.minor for one in back))
            if bought is not None:
                return self._outcome(back, to=bought[0], charges=bought[1])
        to = self._onto(version, self.on)
        return self._outcome(back, to=to, charges=self._charges(version.id, to), next_to=version)

    def _when(self, version: Version) -> str:
        quantity = self.life.quantity
        dearer = a_year(version.terms, quantity) >= a_year(self.life.plan, quantity)
        return self.how.upgrade if dearer else self.how.downgrade

    def _onto(self, version: Version, since: date) -> Moved:
        """Where it goes on: within the cycles that it has, unless the new ones are of another
        length; those begin with the change."""
        if version.terms.interval != self.life.plan.interval:
            return Moved(version.id, since, since.day)
        start = cycles(self.life).cycle(since).start
        return Moved(version.id, since, self.due.anchor_day, None if start == since else start)

    def _outcome(
        self, back: list[Back], *, to: Moved | None = None, charges: tuple[DraftLine, ...] = (),
        closing: bool = True, next_to: Version | None = None,
    ) -> Outcome:  # fmt: skip
        held = Credit.objects.filter(customer_id=self.row.customer_id).first()
        return Outcome(
            on=self.on, now=True, currency=self.currency, to=to, back=tuple(back),
            closing=self._closing(next_to) if closing and not self.prepaid else (),
            charges=charges, held=Money(held.amount_minor if held else 0, self.currency),
            asks=self.prepaid,
        )  # fmt: skip

    def unused(self, reason: Reason) -> list[Back]:
        """The days that were billed in advance and are not had, each at its own price."""
        rows = InvoiceLine.objects.filter(subscription=self.row, end__gt=self.on, deferred=True)
        found: list[Back] = []
        for key, one in creditable(self.row.entity_id, rows, self.on).items():
            period = one.line.period
            if period is None or not any(one.line.left):
                continue
            ahead = Period(min(max(self.on, period.start), period.end), period.end)
            for days in gaps(ahead, one.line.credited):
                why = {"rule": "unused days, at the price they were charged at",
                       "days": days.days, "of_days": period.days}  # fmt: skip
                wish = LineCredit(key, reason, days=days, why=why)
                found += self._back(wish, one.line, one.row, days)
        return found

    def deposits(self) -> list[Back]:
        """What is held of it as a deposit, and is given back when it ends."""
        rows = InvoiceLine.objects.filter(subscription=self.row, revenue=DEPOSITS)
        return [
            back
            for key, one in creditable(self.row.entity_id, rows, self.on).items()
            if any(one.line.left)
            for back in self._back(LineCredit(key, Reason.CANCELLED), one.line, one.row, None)
        ]

    def _back(
        self, wish: LineCredit, line: Owned, row: InvoiceLine, days: Period | None
    ) -> Iterable[Back]:
        try:
            given = give(line, wish)
        except Refused:  # days that cost nothing
            return
        yield Back(wish, row.invoice.number, row.description, days,
                   Money(given.gross_minor, self.currency))  # fmt: skip

    def _closing(self, version: Version | None) -> tuple[tuple[DraftLine, ...], ...]:
        """What passed since the last bill, up to the change, of what is paid after it."""
        if self.on <= self.due.since:
            return ()
        due = replace(self.due, next_on=self.on, next_version_id=version.id if version else None)
        how = replace(self.how, minimum_minor=0)
        (worked,) = work_out([due], self.prices, how, self.on, arrears=True)
        before = [
            tuple(line for line in lines if line.charged.period.start < self.on)
            for lines in worked.documents
        ]
        return tuple(lines for lines in before if lines)

    def _charges(self, version_id: int, to: Moved) -> tuple[DraftLine, ...]:
        """The first lines under a version: asked for now, or what its first invoice will be."""
        due = replace(
            self.due, version_id=version_id, plan_id=self.prices.versions[version_id].plan_id,
            since=to.since, anchor_day=to.anchor_day, cycle_on=to.cycle_on, next_on=None,
            next_version_id=None,
        )  # fmt: skip
        if self.prepaid:
            (worked,) = work_out([due], self.prices, self.how, to.since, arrears=False)
            return tuple(line for lines in worked.documents for line in lines)
        life = lives([due], self.prices)[due.id]
        end = cycles(life).cycle(to.since).end
        plan = self.prices.plans[due.plan_id]
        found = told(life, self.how.terms(self.currency, arrears=True), end)
        return tuple(
            draft_line(line, due, self.prices, end, worded(plan, line), 0)
            for line in found
            if line.period.start < end
        )

    def _time(self, version: Version, value: int) -> tuple[Moved, tuple[DraftLine, ...]] | None:
        """Value left over as days of the new plan: how many it pays for."""
        cycle = cycles(self.life).cycle(self.on)
        price = version.price.minor
        days = value * cycle.days // price if price else 0
        if not 0 < days <= MOST_DAYS_BOUGHT:
            return None
        period = Period(self.on, self.on + timedelta(days=days))
        pricing = self.prices.pricing(version, self.on)
        plan = self.prices.plans[version.plan_id]
        why: dict[str, Any] = pricing.facts(period) | {
            "rule": "value left over, turned into time", "price_minor": price, "kind": CONVERTED,
            "days": days, "cycle_days": cycle.days, "cycle_from": cycle.start.isoformat(),
            "cycle_until": cycle.end.isoformat(), "tax_inclusive": True,
        }  # fmt: skip
        charged = Charged(period, replace(pricing, inclusive=True).taxed(value), why)
        line = DraftLine(self.row.pk, described(plan, period), charged,
                         f"revenue:{plan.tax_class}", True, CONVERTED)  # fmt: skip
        return Moved(version.id, self.on, period.end.day), (line,)
