"""Desired minus billed: what is owed by all that is known, less what was asked for before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from waya.billing.rules.engine.book import Book, Given, Open, gaps
from waya.billing.rules.engine.discounts import Discounts
from waya.billing.rules.engine.events import Event, Lesson, Meter
from waya.billing.rules.engine.line import Charged, Kind, Line
from waya.billing.rules.engine.prices import of_cycle, plain, tiers_told
from waya.billing.rules.engine.ratios import WHOLE, Share, share
from waya.billing.rules.engine.spans import CONVERTED, Service, Span, Stay, services
from waya.billing.rules.engine.terms import BillingTerms
from waya.catalog.rules.plans import NOTHING, Charge, Discount, PlanTerms
from waya.catalog.rules.prices import cost
from waya.kernel.money import Money
from waya.kernel.periods import Period

ENDS = {"change", "pause", "block", "cancel"}
# Value that would buy more time of a cheap plan than this (ten years) stays money.
MOST_DAYS_BOUGHT = 3653


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a cycle that was had under one plan, and when it is billed."""

    span: Span
    period: Period
    cycle: Period


@dataclass(slots=True)
class Tally:
    """Lines so far, what is open of them, and what is known of the subscriptions."""

    terms: BillingTerms
    meter: Meter
    discounts: Discounts
    book: Book
    granted: dict[tuple[str, str], Fraction] = field(default_factory=dict)
    paid: frozenset[str] = frozenset()
    lines: list[Line] = field(default_factory=list)
    known: list[Service] = field(default_factory=list)
    moved: dict[int, date] = field(default_factory=dict)
    once: set[tuple[str, str, date]] = field(default_factory=set)
    now: date = date.min
    since: date | None = None
    horizon: date | None = None
    priced: dict[tuple[int, int, Fraction], list[tuple[str, Fraction]]] = field(
        default_factory=dict
    )

    def learn(self, lesson: Lesson) -> None:
        """Take in what became known: give back what it makes undue, at once."""
        self.now = lesson.on
        earliest = min(event.on for event in lesson.fresh)
        self.since = None if self.horizon is None else min(earliest, self.horizon)
        self.known = services(lesson.known, self.terms, self.moved, self.paid)
        changed: dict[str, Event] = {}
        for event in lesson.fresh:
            first = changed.setdefault(event.subscription, event)
            if event.on < first.on:
                changed[event.subscription] = event
        for service in self.known:
            turn = changed.get(service.subscription)
            if turn is None:
                continue
            value = self._give_back(service, turn, lesson.known)
            if value > 0 and turn.kind == "change" and self._convert(turn, service, value):
                self.known = services(lesson.known, self.terms, self.moved, self.paid)

    def bill(self, lesson: Lesson, until: date) -> None:
        """Charge every piece that falls due before the next thing becomes known."""
        limit = lesson.through or lesson.before or until
        due: list[tuple[date, int, Any]] = []
        for service in self.known:
            self._once(service, due)
            for span in service.spans:
                for piece in self._pieces(span, min(limit, until)):
                    self._plan(piece, due)
        due.sort(key=lambda one: (one[0], one[1]))
        for bill_on, _, ask in due:
            before = lesson.before is None or bill_on < lesson.before
            through = lesson.through is None or bill_on <= lesson.through
            if bill_on <= until and before and through:
                ask(max(bill_on, self.now))
        self.horizon = limit

    def _pieces(self, span: Span, limit: date) -> Iterator[Piece]:
        """The pieces of a span, but for those that ended before anything changed: they were
        billed."""
        lead, day = timedelta(days=self.terms.invoice_days_before), timedelta(days=1)
        if self.since is not None and span.end is not None and span.end < self.since - day:
            return
        begin = span.start if self.since is None else max(span.start, self.since - day)
        cycle = span.grid.cycle(begin)
        while span.end is None or cycle.start < span.end:
            start = max(cycle.start, span.start)
            if min(start - lead, span.paid_on or start) > limit:
                return
            end = cycle.end if span.end is None else min(cycle.end, span.end)
            yield Piece(span, Period(start, end), cycle)
            cycle = span.grid.after(cycle)

    def _plan(self, piece: Piece, due: list[tuple[date, int, Any]]) -> None:
        """When each charge of a piece falls due, and what then asks for it."""
        span, plan = piece.span, piece.span.plan
        early = piece.period.start - timedelta(days=self.terms.invoice_days_before)
        early, late = span.paid_on or early, self._late(piece)
        for charge in span.phase.charged(plan.charges):
            if charge.recurring:
                timing = charge.timing or self.terms.timing
                bill_on = early if timing == "advance" else late
                due.append((bill_on, 1, _Recurring(self, piece, charge)))
            elif charge.metric:
                due.append((late, 2, _Metered(self, piece, charge)))
        if plan.minimum and span.phase.kind != "trial":
            due.append((late, 3, _Minimum(self, piece)))

    def _late(self, piece: Piece) -> date:
        span, end = piece.span, piece.period.end
        if end == span.end and span.told is not None:
            return span.told
        return end - timedelta(days=1) if self.terms.arrears_on == "last_day" else end

    def _once(self, service: Service, due: list[tuple[date, int, Any]]) -> None:
        for at, stay in enumerate(service.stays):
            for charge in stay.plan.charges:
                if charge.kind == "deposit" or (charge.kind == "one_off" and at == 0):
                    due.append((stay.began, 0, _Once(self, service, stay, charge, 1)))
                if charge.kind == "deposit" and stay.ended and self.terms.return_deposit:
                    due.append((stay.ended, 4, _Once(self, service, stay, charge, -1)))

    # Giving back

    def _give_back(self, service: Service, event: Event, known: tuple[Event, ...]) -> int:
        """Credit the days that nothing of what is now known keeps; says what they come to."""
        value = 0
        for charge, line in list(self.book.after(service.subscription, event.on)):
            kept = [
                Period(max(span.start, line.start), min(span.end or line.end, line.end))
                for span in service.spans
                if span.start < line.end and (span.end is None or span.end > line.start)
                and self._keeps(span, charge, line)
            ]  # fmt: skip
            for part in reversed(gaps(Period(line.start, line.end), kept)):
                if self._credits(service.subscription, part.start, known):
                    given = self.book.give_back(service.subscription, charge, line, part)
                    value += given.amount
                    self._credit(service.subscription, charge, given)
        return value

    def _keeps(self, span: Span, charge: str, line: Open) -> bool:
        if span.phase is CONVERTED or charge == "converted":
            return span.phase is CONVERTED and charge == "converted"
        if span.plan.code != line.key[0] or span.grid.cycle(line.start) != line.cycle:
            return False
        prices = dict(self.prices(span, line.cycle))
        return prices.get(charge) == line.key[2]

    def _credits(self, subscription: str, day: date, known: tuple[Event, ...]) -> bool:
        """Whether policy gives back what the last thing that happened by a day left unused."""
        terms = self.terms
        if terms.proration.basis in ("none", "free"):
            return False
        causes = [
            event.kind for event in known
            if event.subscription == subscription and event.on <= day and event.kind in ENDS
        ]  # fmt: skip
        match causes[-1] if causes else "":
            case "change":
                return terms.change_credit
            case "pause":
                return terms.pause == "credit"
            case "block":
                return terms.blocked == "credit"
            case "cancel":
                return terms.cancel_credit
            case _:
                return True

    def _credit(self, subscription: str, charge: str, given: Given) -> None:
        if not given.amount:
            return
        counted, line = given.share, given.open
        back = Share(-counted.units, counted.cycle_units, counted.unit, -counted.ratio)
        why = {
            "rule": "unused, given back at the price it was charged at",
            "price_minor": plain(line.price - line.off),
            "charged_on": line.invoice_on.isoformat(),
            "left_minor": given.before,
        }
        self.write("credit", subscription, line.plan, charge, given.period, back, line.quantity,
                   -given.amount, -given.exact, self.now, why, line.cycle,
                   charged=line.charged)  # fmt: skip

    def _convert(self, event: Event, service: Service, value: int) -> bool:
        """Turn value left over at a change into time of the new plan, or into data of it."""
        terms, span = self.terms, _span_at(service, event.on)
        if terms.leftover == "money" or span is None:
            return False
        if terms.leftover == "data":
            if terms.data_price:
                self._into_data(event, span, value, terms.data_price)
            return False
        cycle = span.grid.cycle(event.on)
        price = sum((price for _, price in self.prices(span, cycle)), NOTHING)
        whole = share(cycle, cycle, span.plan.interval, terms)
        a_day = 86_400 if whole.unit == "second" else 1
        units = int(value * whole.units / price) if price else 0
        if not 0 < units <= MOST_DAYS_BOUGHT * a_day:
            return False
        step = timedelta(days=1) / a_day
        bought = Period(event.on, event.on + units * step)
        self.moved[event.place] = bought.end
        counted = Share(Fraction(units), Fraction(units), whole.unit, WHOLE)
        self._into_time(event, span, value, bought, counted)
        return True

    def _into_time(
        self, event: Event, span: Span, value: int, bought: Period, counted: Share
    ) -> None:
        worth = Fraction(value)
        why = {"rule": "value left over, turned into time", "price_minor": value}
        self.write("converted", event.subscription, span.plan, "converted", bought, counted,
                   span.quantity, value, worth, self.now, why, bought)  # fmt: skip
        self.book.add(
            event.subscription,
            "converted",
            Open((span.plan.code, "converted", worth), span.plan, span.quantity, bought,
                 bought.start, bought.end, worth, NOTHING, value, 0, self.now),
        )  # fmt: skip

    def _into_data(self, event: Event, span: Span, value: int, price: Fraction) -> None:
        why = {"rule": "value left over, turned into data", "price_minor": plain(price)}
        day = Period(event.on, event.on)
        self.write("converted", event.subscription, span.plan, "data", day,
                   Share(NOTHING, NOTHING, "day", WHOLE), value / price, value, Fraction(value),
                   self.now, why, day)  # fmt: skip

    # Asking

    def prices(self, span: Span, cycle: Period) -> list[tuple[str, Fraction]]:
        """What each recurring charge of a span costs for a whole cycle."""
        place = (id(span.plan), id(span.phase), span.quantity)
        found = self.priced.get(place)
        if found is None or span.plan.price_per != "cycle":
            found = self.priced[place] = list(self._prices(span, cycle))
        return found

    def _prices(self, span: Span, cycle: Period) -> Iterator[tuple[str, Fraction]]:
        keep = WHOLE - span.phase.percent_off
        for charge in span.phase.charged(span.plan.charges):
            if charge.recurring:
                yield charge.code, of_cycle(span.plan, charge, span.quantity, cycle) * keep

    def write(
        self, kind: Kind, subscription: str, plan: PlanTerms, charge: str, period: Period,
        counted: Share, quantity: Fraction, amount: int, exact: Fraction, on: date,
        why: dict[str, Any], cycle: Period, charged: Charged | None = None,
    ) -> None:  # fmt: skip
        """Add a line, with the facts that every explanation holds."""
        terms = self.terms
        told = why | {
            "convention": terms.proration.basis,
            "days": plain(counted.units),
            "cycle_days": plain(counted.cycle_units),
            "ratio": str(counted.ratio),
            "rounding": terms.rounding,
            "exact_minor": str(exact),
            **({} if counted.unit == "day" else {"unit": counted.unit}),
            "cycle_from": cycle.start.isoformat(),
            "cycle_until": cycle.end.isoformat(),
        }
        self.lines.append(
            Line(kind, subscription, plan.code, charge, period, counted, quantity,
                 Money(amount, terms.currency), exact, on, on + timedelta(days=terms.due_days),
                 told, charged)
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Recurring:
    """Asks for the days of a piece that are not charged yet, at the price of their span."""

    tally: Tally
    piece: Piece
    charge: Charge

    def __call__(self, on: date) -> None:
        tally, piece, span = self.tally, self.piece, self.piece.span
        prices = dict(tally.prices(span, piece.cycle))
        price = prices.get(self.charge.code)
        if price is None:
            return
        key = (span.plan.code, self.charge.code, price)
        opened = tally.book.of(span.subscription, self.charge.code, piece.cycle)
        for gap in gaps(piece.period, [Period(o.start, o.end) for o in opened if o.key == key]):
            off = tally.discounts.off(
                span.subscription, span.plan.code, piece.cycle, prices.items()
            )
            same = [one for one in opened if one.key == key]
            self._ask(on, gap, key, same, off.get(self.charge.code, []))

    def _ask(
        self, on: date, gap: Period, key: tuple[str, str, Fraction], same: list[Open],
        discounts: list[tuple[Discount, Fraction]],
    ) -> None:  # fmt: skip
        tally, span, cycle, price = self.tally, self.piece.span, self.piece.cycle, key[2]
        counted = share(gap, cycle, span.plan.interval, tally.terms)
        exact = price * counted.ratio
        whole = _completes(gap, cycle, same) and counted.ratio > 0
        amount = _part(tally.terms, price, counted.ratio, sum(o.left for o in same), whole)
        why = {
            "rule": _RULES[gap == cycle, span.phase.kind != "evergreen"],
            "price_minor": plain(price),
            "phase": span.phase.kind,
        } | tiers_told(self.charge, span.quantity)
        tally.write("recurring" if gap == cycle else "proration", span.subscription, span.plan,
                    self.charge.code, gap, counted, span.quantity, amount, exact, on, why,
                    cycle)  # fmt: skip
        off = sum((taken for _, taken in discounts), NOTHING)
        off_amount = 0
        if discounts:
            billed_off = sum(one.left_off for one in same)
            off_amount = min(_part(tally.terms, off, counted.ratio, billed_off, whole), amount)
            self._take_off(on, gap, counted, discounts, off_amount)
        tally.book.add(
            span.subscription,
            self.charge.code,
            Open(key, span.plan, span.quantity, cycle, gap.start, gap.end, price, off, amount,
                 off_amount, on),
        )  # fmt: skip

    def _take_off(
        self, on: date, gap: Period, counted: Share, discounts: list[tuple[Discount, Fraction]],
        left: int,
    ) -> None:  # fmt: skip
        tally, span = self.tally, self.piece.span
        for place, (discount, taken) in enumerate(discounts):
            exact = taken * counted.ratio
            last = place == len(discounts) - 1
            amount = left if last else min(tally.terms.round(exact), left)
            left -= amount
            why = {
                "rule": "discount",
                "discount": discount.code,
                "price_minor": plain(taken),
                "percent": plain(discount.percent * 100) if discount.percent else None,
            }
            back = Share(-counted.units, counted.cycle_units, counted.unit, -counted.ratio)
            tally.write("discount", span.subscription, span.plan, self.charge.code, gap, back,
                        span.quantity, -amount, -exact, on, why, self.piece.cycle)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Metered:
    """Asks for what was used of a metric in a piece, once it is over."""

    tally: Tally
    piece: Piece
    charge: Charge

    def __call__(self, on: date) -> None:
        tally, piece, span = self.tally, self.piece, self.piece.span
        mark = (span.subscription, self.charge.code, piece.period.start)
        if mark in tally.once:
            return
        tally.once.add(mark)
        used = tally.meter.used(span.subscription, self.charge.metric, piece.period)
        free = self._granted(used)
        exact = cost(self.charge, used - free)
        counted = share(piece.period, piece.cycle, span.plan.interval, tally.terms)
        why = {
            "rule": f"used, {self.charge.kind}",
            "metric": self.charge.metric,
            "used": plain(used),
            "included": plain(self.charge.included),
            "price_minor": plain(self.charge.amount),
        } | tiers_told(self.charge, used - free)
        if free:
            why["granted"] = plain(free)
        tally.write("usage", span.subscription, span.plan, self.charge.code, piece.period, counted,
                    used, tally.terms.round(exact), exact, on, why, piece.cycle)  # fmt: skip
        tally.book.add(
            span.subscription,
            f"usage:{self.charge.code}",
            Open((span.plan.code, self.charge.code, exact), span.plan, used, piece.cycle,
                 piece.period.start, piece.period.start, exact, NOTHING,
                 tally.terms.round(exact), 0, on),
        )  # fmt: skip

    def _granted(self, used: Fraction) -> Fraction:
        """What of the use beyond what is included was granted; that is then used up."""
        granted, key = self.tally.granted, (self.piece.span.subscription, self.charge.metric)
        free = min(max(used - self.charge.included, NOTHING), granted.get(key, NOTHING))
        if free:
            granted[key] -= free
        return free


@dataclass(frozen=True, slots=True)
class _Minimum:
    """Asks for what a piece falls short of the plan's minimum."""

    tally: Tally
    piece: Piece

    def __call__(self, on: date) -> None:
        tally, piece, span = self.tally, self.piece, self.piece.span
        mark = (span.subscription, "minimum", piece.period.start)
        if mark in tally.once:
            return
        tally.once.add(mark)
        counted = share(piece.period, piece.cycle, span.plan.interval, tally.terms)
        exact = span.plan.minimum * counted.ratio
        billed = tally.book.of_cycle(span.subscription, piece.period, piece.cycle)
        short = tally.terms.round(exact) - billed
        if short <= 0:
            return
        why = {
            "rule": "minimum commitment, less what the period came to",
            "price_minor": plain(span.plan.minimum),
            "billed_minor": billed,
        }
        tally.write("true_up", span.subscription, span.plan, "minimum", piece.period, counted,
                    WHOLE, short, exact - billed, on, why, piece.cycle)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Once:
    """Asks once for a one-off, and for a deposit whenever it begins; gives a deposit back at the
    end."""

    tally: Tally
    service: Service
    stay: Stay
    charge: Charge
    sign: int

    def __call__(self, on: date) -> None:
        tally, service = self.tally, self.service
        mark = (service.subscription, f"{self.charge.code}:{self.sign}", self.stay.began)
        if mark in tally.once:
            return
        tally.once.add(mark)
        exact = self.charge.amount * self.sign
        rule = "once, at the beginning" if self.sign > 0 else "deposit given back at the end"
        why = {"rule": rule, "price_minor": plain(self.charge.amount)}
        day = Period(on, on)
        kind: Kind = "deposit" if self.charge.kind == "deposit" else "one_off"
        tally.write(kind, service.subscription, self.stay.plan, self.charge.code, day,
                    Share(NOTHING, NOTHING, "day", WHOLE * self.sign), WHOLE,
                    tally.terms.round(exact), exact, on, why, day)  # fmt: skip


_RULES = {
    (True, False): "whole cycle",
    (True, True): "whole cycle, at the phase's price",
    (False, False): "share of the cycle",
    (False, True): "share of the cycle, at the phase's price",
}


def _part(terms: BillingTerms, price: Fraction, ratio: Fraction, billed: int, whole: bool) -> int:
    """The amount of a part: rounded by itself; the part that completes a cycle takes what is
    left of its price, and none goes beyond it."""
    left = terms.round(price) - billed
    return left if whole else min(terms.round(price * ratio), max(left, 0))


def _completes(gap: Period, cycle: Period, same: list[Open]) -> bool:
    if gap == cycle:
        return True
    return not gaps(cycle, [gap, *(Period(one.start, one.end) for one in same)])


def _span_at(service: Service, day: date) -> Span | None:
    for span in service.spans:
        if span.start <= day and (span.end is None or day < span.end):
            return span
    return None
