"""What a change of a subscription would give back and ask for: the preview, and the change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from typing import Any

from waya.billing.models import InvoiceLine
from waya.billing.policy import BillingPolicy, RenewalPolicy
from waya.billing.queries.accounts import account
from waya.billing.queries.credits import creditable
from waya.billing.queries.late import Late, late, metered
from waya.billing.queries.lives.add_ons import draft_part, lines_of, plans_of, with_add_ons
from waya.billing.queries.lives.due import Due, due_of, lives
from waya.billing.queries.lives.leftovers import Allowance, Leftovers
from waya.billing.queries.lives.worked import draft_line, work_out
from waya.billing.queries.pricing import PriceList, worded
from waya.billing.queries.taxes.buyers import as_asked_of, buyers
from waya.billing.rules.credits import LineCredit, Owned, Reason, give, unused_hours
from waya.billing.rules.drafts import DEPOSITS, DraftLine
from waya.billing.rules.engine.book import gaps
from waya.billing.rules.engine.ratios import share
from waya.billing.rules.engine.terms import Leftover
from waya.billing.rules.hours import hours_of
from waya.billing.rules.lives import cycle_of, cycles, opening, told
from waya.catalog.models import Plan
from waya.catalog.queries import Version
from waya.catalog.rules.prices import a_year
from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.kernel.money import Money
from waya.kernel.periods import Period
from waya.org.policy import chosen
from waya.subscriptions.models import Subscription
from waya.subscriptions.rules.life import Metered, Moved


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
    (postpaid). `held` is credit that the customer has already, and `owed` what is open on
    invoices, which money pays first. `to` is where it goes on.
    `allowance` is the data that value left over becomes, where that is policy: what is given back
    pays it. `metered` says up to where `closing` bills what was used of a prepaid one.
    """

    on: date
    now: bool
    currency: str
    to: Moved | None = None
    back: tuple[Back, ...] = ()
    closing: tuple[tuple[DraftLine, ...], ...] = ()
    charges: tuple[DraftLine, ...] = ()
    held: Money = field(default_factory=lambda: Money(0, ""))
    owed: Money = field(default_factory=lambda: Money(0, ""))
    asks: bool = False
    allowance: Allowance | None = None
    metered: Metered | None = None

    @property
    def credit(self) -> Money:
        """What is given back, with its taxes."""
        return Money(sum(one.gross.minor for one in self.back), self.currency)

    @property
    def money(self) -> Money:
        """What is given back and stays money."""
        became = self.allowance.line.charged.sums[2] if self.allowance else 0
        return self.credit - Money(became, self.currency)

    @property
    def timed(self) -> bool:
        """Whether hours are given back, of which a moment later there are fewer."""
        return any("until_at" in one.wish.why for one in self.back)

    @property
    def charge(self) -> Money:
        """What is asked for or will be, with its taxes."""
        return Money(sum(one.charged.sums[2] for one in self.charges), self.currency)

    @property
    def to_pay(self) -> Money:
        """What is missing before it can happen: for what is prepaid, the charge, what was used
        and what is owed, less what is given back and held."""
        if not self.asks or not self.charges:
            return Money(0, self.currency)
        used = sum(line.charged.sums[2] for lines in self.closing for line in lines)
        owed = self.owed + Money(used, self.currency)
        short = self.charge + owed - self.money - self.held
        return short if short.minor > 0 else Money(0, self.currency)


class Change:
    """One subscription that is to change, with what is needed to say what comes of it."""

    def __init__(self, row: Subscription, on: date, others: Sequence[Plan] = ()) -> None:
        self.row, self.on = row, on
        self.how = chosen(BillingPolicy, row.entity_id)
        self.late = chosen(RenewalPolicy, row.entity_id).late
        self.prices = PriceList([*plans_of(row), *others], row.entity.country)
        self.currency = row.entity.currency
        self.prepaid = row.plan.mode == Plan.PREPAID
        self.hourly = row.plan.unit == "hour"
        self.hours_left = row.paid_until is not None and row.paid_until > clock.now()
        if row.billed_through is None or row.anchor_day is None:
            raise Refused("not_possible_now", state=row.state, wished="changed")
        self.due: Due = due_of(row, row.billed_through, row.anchor_day)
        self.life = lives([self.due], self.prices)[row.pk]
        self.parts = with_add_ons([self.due], self.prices.plans.values()).get(row.pk, [])
        self.meters = self.prepaid and bool(metered(self.prices))

    def term(self) -> Period:
        """The term that runs on the day of the change."""
        return cycles(self.life).cycle(self.on)

    def term_end(self) -> date:
        """When the term ends that runs now: what is paid for, or the cycle; by the hour the
        first day without any."""
        if self.hourly and not self.hours_left:
            return self.on
        if self.prepaid:
            return max(self.on, self.due.since)
        term = self.term()
        return self.on if term.start == self.on else term.end

    def ended(self) -> Outcome:
        """What ending it gives back, its deposit with it, and asks for."""
        back = self.unused(Reason.CANCELLED) if self.how.cancel_credit else []
        stood = self.row.state == Subscription.PAUSED and self.how.pause != "charge"
        return self._outcome([*back, *self.deposits()], closing=not stood)

    def paused(self) -> Outcome:
        """What pausing it gives back and asks for."""
        back = self.unused(Reason.PAUSED) if self.how.pause == "credit" else []
        return self._outcome(back, closing=self.how.pause != "charge")

    def resumed(self) -> Outcome:
        """What resuming it asks for: days that are still paid for are had first."""
        if self.hourly:
            return self._resumed_hours()
        charged = self.how.pause == "charge" and not self.prepaid
        since = self.due.since if charged else max(self.on, self.due.since)
        own = self.prepaid and self.late == "restart" and not self.row.plan.calendar_day
        if charged or since > self.on or self.due.since == self.on:
            to = Moved(self.row.version_id, since, self.due.anchor_day, self.due.cycle_on)
        elif own:
            to = Moved(self.row.version_id, since, since.day)
        else:
            to = Moved(self.row.version_id, since, self.due.anchor_day, self.term().start)
        charges = self._charges(to) if since == self.on else ()
        return self._outcome([], to=to, charges=charges, closing=False)

    def _resumed_hours(self) -> Outcome:
        """Hours that are left go on; without any the next ones are asked for."""
        now = clock.now()
        until = max(now, self.row.paid_until or now)
        since = self.on if until == now else max(self.on, self.due.since)
        to = Moved(self.row.version_id, since, since.day, until=until)
        charges = self._charges(to) if until == now else ()
        return self._outcome([], to=to, charges=charges, closing=False)

    def changed(
        self, version: Version, when: str | None = None, quantity: int | None = None,
        leftover: Leftover | None = None,
    ) -> Outcome:  # fmt: skip
        """What going over to a version, or to a quantity, gives back and asks for: dearer by
        the year at once, cheaper at the term's end, as policy has it. `leftover` says what
        becomes of value left over, instead of policy."""
        plan = self.prices.plans[version.plan_id]
        many = quantity or self.row.quantity
        if plan.mode != self.row.plan.mode:
            raise Refused("mode_differs", plan=plan.name)
        same = (version.id, many) == (self.row.version_id, self.row.quantity)
        if same and self.row.next_on is None:
            raise Refused("same_plan", plan=plan.name)
        if self._waits(version, when, many):
            end = self.term_end()
            if end > self.on:
                to = self._onto(version, end, many)
                return replace(
                    self._outcome([], closing=False), on=end, now=False,
                    charges=self._own(self._charges(to)),
                    to=Moved(version.id, end, self.due.anchor_day, quantity=to.quantity),
                    asks=False,
                )  # fmt: skip
        back = self.unused(Reason.PLAN_CHANGE) if self.how.change_credit else []
        value = sum(one.gross.minor for one in back)
        becomes = leftover or self.how.leftover
        onto = self._onto(version, self.on, many)
        left = Leftovers(self.prices, plan, version, Fraction(many), self.on, self.row.pk)
        if becomes == "time" and self.prepaid and not self.parts:
            line = left.time(value, self.life)
            if line is not None:
                end = line.charged.period.end
                day = onto.anchor_day if onto.until else end.day
                return self._outcome(back, to=replace(onto, anchor_day=day, cycle_on=None),
                                     charges=(line,))  # fmt: skip
        allowance = left.allowance(value) if becomes == "data" and value else None
        return replace(
            self._outcome(back, to=onto, charges=self._charges(onto), next_to=version),
            allowance=allowance,
        )

    def _waits(self, version: Version, when: str | None, many: int) -> bool:
        """Whether a change is for the term's end. Hours have no term to wait for."""
        if self.hourly or version.terms.interval.unit == "hour":
            if when == "term_end":
                raise Refused("hours_at_once")
            return False
        return (when or self._when(version, many)) == "term_end"

    def _when(self, version: Version, many: int) -> str:
        before = a_year(self.life.plan, self.life.quantity)
        dearer = a_year(version.terms, Fraction(many)) >= before
        return self.how.upgrade if dearer else self.how.downgrade

    def _onto(self, version: Version, since: date, many: int) -> Moved:
        """Where it goes on: within the cycles that it has, unless none has begun, because it is
        free until later, or the new ones are of another length; those begin with the change."""
        quantity = many if many != self.row.quantity else None
        if version.terms.interval.unit == "hour":
            return Moved(version.id, since, since.day, until=clock.now(), quantity=quantity)
        if since < opening(self.life.plan.phases, self.life.began):
            charged = max(since, opening(version.terms.phases, self.life.began))
            anchor_day = self.row.plan.calendar_day or charged.day
            return Moved(version.id, since, anchor_day, quantity=quantity)
        if version.terms.interval != self.life.plan.interval:
            return Moved(version.id, since, since.day, quantity=quantity)
        start = cycles(self.life).cycle(since).start
        return Moved(version.id, since, self.due.anchor_day, None if start == since else start,
                     quantity=quantity)  # fmt: skip

    def _outcome(
        self, back: list[Back], *, to: Moved | None = None, charges: tuple[DraftLine, ...] = (),
        closing: bool = True, next_to: Version | None = None,
    ) -> Outcome:  # fmt: skip
        stands = account(self.row.customer_id, self.row.entity_id)
        used = self.used() if closing and self.meters else None
        passed = self._closing(next_to) if closing and not self.prepaid else ()
        return Outcome(
            on=self.on, now=True, currency=self.currency, to=to, back=tuple(_worth(back)),
            closing=tuple(
                self._own(lines, self.on) for lines in (used.documents if used else passed)
            ),
            metered=Metered(self.row.pk, used.since, used.through) if used else None,
            charges=self._own(charges), held=stands.credit, owed=stands.owed,
            asks=self.prepaid,
        )  # fmt: skip

    def used(self) -> Late | None:
        """What is owed of a prepaid one for the days up to the change; None where nothing of it
        is metered."""
        if not self.meters:
            return None
        (found,) = late([self.due], self.prices, self.how, self.on, closes=True)
        return found

    def _own(self, lines: tuple[DraftLine, ...], day: date | None = None) -> tuple[DraftLine, ...]:
        """Lines with the taxes that this customer pays."""
        owner = self.row.customer_id
        return as_asked_of(lines, buyers([owner]).get(owner), self.row.entity_id, day)

    def unused(self, reason: Reason, charge: str = "") -> list[Back]:
        """The days that were billed in advance and are not had, each at its own price; of all
        charges, or of those that begin so; none where policy prorates nothing."""
        if self.how.basis in ("none", "free"):
            return []
        rows = InvoiceLine.objects.filter(
            subscription=self.row, end__gt=self.on, deferred=True, charge__startswith=charge
        )
        found: list[Back] = []
        for key, one in creditable(self.row.entity_id, rows, self.on).items():
            period, timed = one.line.period, hours_of(one.row.why)
            if period is None or not any(one.line.left):
                continue
            if timed is not None:
                found += self._back(
                    unused_hours(key, reason, one.line, timed, clock.now()), one.line, one.row, None
                )
                continue
            ahead = Period(min(max(self.on, period.start), period.end), period.end)
            for days in gaps(ahead, one.line.credited):
                why = {"rule": "unused days, at the price they were charged at",
                       "days": days.days, "of_days": period.days}  # fmt: skip
                exact = self._cost(one.line, one.row.why, period, days)
                wish = LineCredit(key, reason, days=days, why=why, exact=exact)
                found += self._back(wish, one.line, one.row, days)
        return found

    def _cost(
        self, line: Owned, why: Mapping[str, Any], period: Period, days: Period
    ) -> Fraction | None:
        """What some days of a line cost by the convention that it was charged by; None for what
        was charged by none."""
        if "price_minor" not in why or why.get("kind") == "converted":
            return None
        terms, cycle = self.how.terms(self.currency, arrears=False), cycle_of(why, period)
        whole = share(period, cycle, self.life.plan.interval, terms).ratio
        part = share(days, cycle, self.life.plan.interval, terms).ratio
        quoted = abs(sum(line.billed) if line.tax_inclusive else line.billed[0])
        price = Fraction(why["price_minor"])
        if terms.round(price * whole) == quoted:
            return Fraction(terms.round(price * part))
        return Fraction(terms.round(quoted * part / whole)) if whole else None

    def deposits(self, charge: str = "") -> list[Back]:
        """What is held of it as a deposit, and is given back when it ends."""
        rows = InvoiceLine.objects.filter(
            subscription=self.row, revenue=DEPOSITS, charge__startswith=charge
        )
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

    def _charges(self, to: Moved) -> tuple[DraftLine, ...]:
        """The first lines of where it goes on: asked for now, or what its first invoice will
        be."""
        plan_id = self.prices.versions[to.version_id].plan_id
        due = replace(
            self.due, version_id=to.version_id, plan_id=plan_id, since=to.since,
            anchor_day=to.anchor_day, cycle_on=to.cycle_on, next_on=None, next_version_id=None,
            quantity=to.quantity or self.due.quantity,
        )  # fmt: skip
        if self.prepaid:
            (worked,) = work_out([due], self.prices, self.how, to.since, arrears=False)
            return tuple(line for lines in worked.documents for line in lines)
        life = lives([due], self.prices)[due.id]
        end = cycles(life).cycle(to.since).end
        plan = self.prices.plans[due.plan_id]
        terms = self.how.terms(self.currency, arrears=True)
        return tuple(
            draft_line(line, due, self.prices, end, worded(plan, line), 0)
            for line in told(life, terms, end)
            if line.period.start < end
        ) + tuple(
            draft_part(part, line, due, self.prices, end, {})
            for part in self.parts
            for line in lines_of(part, due, life, self.prices, terms, end)
            if line.period.start < end
        )


def _worth(back: Sequence[Back]) -> Iterator[Back]:
    """What is worth a credit note: days that a promotion made free, of an invoice that gives
    back nothing else, are not."""
    sums: dict[str, int] = {}
    for one in back:
        sums[one.number] = sums.get(one.number, 0) + one.gross.minor
    return (one for one in back if sums[one.number] > 0)
