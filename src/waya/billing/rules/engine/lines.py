"""The one function: terms, events and a last day in; every line by invoice date out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from types import MappingProxyType

from waya.billing.rules.engine.book import Book
from waya.billing.rules.engine.discounts import Discounts
from waya.billing.rules.engine.events import Event, Meter, Usage, day_of, lessons, midnight
from waya.billing.rules.engine.grids import Grid, grid
from waya.billing.rules.engine.line import Line
from waya.billing.rules.engine.ratios import Share
from waya.billing.rules.engine.tally import Tally
from waya.billing.rules.engine.terms import BillingTerms
from waya.catalog.rules.plans import Discount, Interval
from waya.kernel.money import Money

NONE_GRANTED: Mapping[tuple[str, str], Fraction] = MappingProxyType({})


def lines(
    terms: BillingTerms,
    events: Sequence[Event],
    until: date,
    *,
    usage: Sequence[Usage] = (),
    discounts: Sequence[Discount] = (),
    granted: Mapping[tuple[str, str], Fraction] = NONE_GRANTED,
) -> list[Line]:
    """Every line whose invoice is dated on or before `until`, in order.

    Pure: it does not know today, and asking it day by day gives what asking it once gives.
    What is charged rounds once per line; a credit never exceeds what is left of its charge.
    What is `granted` of a metric, by subscription, is used before anything of it costs.
    Raises `Unbillable` for events that cannot follow one another.
    """
    exactly = terms.proration.unit == "second" or any(
        event.plan is not None and event.plan.interval.unit == "hour" for event in events
    )
    clock: Callable[[date], date] = midnight if exactly else day_of
    if exactly:
        until = midnight(until) + timedelta(days=1, seconds=-1)
    placed = [_at(event, place, clock) for place, event in enumerate(events)]
    measured = Meter(replace(one, on=clock(one.on)) for one in usage)
    paid = frozenset(event.subscription for event in placed if event.kind == "pay")
    tally = Tally(terms, measured, Discounts(discounts), Book(terms), dict(granted), paid)
    for lesson in lessons(placed, terms, until):
        tally.learn(lesson)
        tally.bill(lesson, until)
    found = [_gathered(line, terms, placed) for line in tally.lines]
    return sorted(
        (line for line in found if line.invoice_on <= until), key=lambda line: line.invoice_on
    )


def due(desired: Sequence[Line], billed: Sequence[Line]) -> list[Line]:
    """Desired minus already billed: what is still to be asked for, and what was too much.

    Lines are the same by their `key`. Where what was billed under a key comes to another
    amount, the difference is asked for or given back under that key, so that nothing is due
    once they agree.
    """
    wanted, asked = _by_key(desired), _by_key(billed)
    found: list[Line] = []
    for key, lines_of_key in wanted.items():
        if key not in asked:
            found += lines_of_key
        else:
            found += _difference(lines_of_key[0], lines_of_key, asked[key])
    for key, lines_of_key in asked.items():
        if key not in wanted:
            found += _difference(lines_of_key[0], [], lines_of_key)
    return found


def _by_key(found: Sequence[Line]) -> dict[object, list[Line]]:
    keyed: dict[object, list[Line]] = {}
    for line in found:
        keyed.setdefault(line.key, []).append(line)
    return keyed


def _difference(like: Line, wanted: Sequence[Line], asked: Sequence[Line]) -> list[Line]:
    minor = sum(line.amount.minor for line in wanted) - sum(line.amount.minor for line in asked)
    if not minor:
        return []
    why = like.why | {"rule": "correction of what was billed before"}
    counted = Share(Fraction(0), like.share.cycle_units, like.share.unit, Fraction(0))
    amount = Money(minor, like.amount.currency)
    return [replace(like, share=counted, amount=amount, exact=Fraction(minor), why=why)]


def _at(event: Event, place: int, clock: Callable[[date], date]) -> Event:
    known = None if event.known_on is None else clock(event.known_on)
    return replace(event, on=clock(event.on), known_on=known, place=place)


def _gathered(line: Line, terms: BillingTerms, events: Sequence[Event]) -> Line:
    """With one bill a cycle, whatever falls between two bills waits for the next."""
    if not terms.one_bill or not events or events[0].plan is None:
        return line
    own = grid(
        terms.anchor,
        _billing_interval(events),
        shared=events[0].on,
        own=events[0].on,
        began=events[0].on,
    )
    on = _bill_after(own, line.invoice_on)
    charged = line.charged
    if charged is not None:
        charged = charged._replace(on=_bill_after(own, charged.on))
    due_on = on + timedelta(days=terms.due_days)
    return replace(line, invoice_on=on, due_on=due_on, charged=charged)


def _bill_after(bills: Grid, day: date) -> date:
    """The day itself when it is a bill's, else the next bill's."""
    cycle = bills.cycle(day)
    return day if day == cycle.start else cycle.end


def _billing_interval(events: Sequence[Event]) -> Interval:
    plan = events[0].plan
    return plan.interval if plan is not None else Interval()
