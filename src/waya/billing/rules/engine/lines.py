"""The one function: terms, events and a last day in; every line by invoice date out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

from waya.billing.rules.engine.book import Book
from waya.billing.rules.engine.discounts import Discounts
from waya.billing.rules.engine.events import Event, Usage, day_of, lessons, midnight
from waya.billing.rules.engine.grids import grid
from waya.billing.rules.engine.line import Line
from waya.billing.rules.engine.plans import Discount, Interval
from waya.billing.rules.engine.ratios import Share
from waya.billing.rules.engine.tally import Tally
from waya.billing.rules.engine.terms import BillingTerms
from waya.kernel.money import Money


def lines(
    terms: BillingTerms,
    events: Sequence[Event],
    until: date,
    *,
    usage: Sequence[Usage] = (),
    discounts: Sequence[Discount] = (),
) -> list[Line]:
    """Every line whose invoice is dated on or before `until`, in order.

    Pure: it does not know today, and asking it day by day gives what asking it once gives.
    What is charged rounds once per line; a credit never exceeds what is left of its charge.
    Raises `Unbillable` for events that cannot follow one another.
    """
    exactly = terms.proration.unit == "second" or any(
        event.plan is not None and event.plan.interval.unit == "hour" for event in events
    )
    clock = midnight if exactly else day_of
    if exactly:
        until = midnight(until) + timedelta(days=1, seconds=-1)
    placed = [_at(event, place, clock) for place, event in enumerate(events)]
    measured = [replace(one, on=clock(one.on)) for one in usage]
    tally = Tally(terms, measured, Discounts(discounts), Book(terms))
    for lesson in lessons(placed, terms, until):
        tally.learn(lesson)
        tally.bill(lesson, until)
    found = [_gathered(line, terms, placed) for line in tally.lines]
    return sorted(
        (line for line in found if line.invoice_on <= until), key=lambda line: line.invoice_on
    )


def due(desired: Sequence[Line], billed: Sequence[Line]) -> list[Line]:
    """Desired minus already billed: what is still to be asked for, and what was too much.

    Lines are the same by their `key`. One that was billed at another amount is corrected by
    the difference, one that should not be there is given back. Nothing is due when they agree.
    """
    asked: dict[object, int] = {}
    for line in billed:
        asked[line.key] = asked.get(line.key, 0) + line.amount.minor
    wanted: dict[object, Line] = {}
    found: list[Line] = []
    for line in desired:
        if line.key in wanted:
            kept = wanted[line.key]
            wanted[line.key] = replace(kept, amount=kept.amount + line.amount)
        else:
            wanted[line.key] = line
    for key, line in wanted.items():
        if key not in asked:
            found.append(line)
        elif asked[key] != line.amount.minor:
            found.append(_correction(line, line.amount.minor - asked[key]))
    gone = {line.key: line for line in billed if line.key not in wanted}
    found += [_correction(line, -asked[key]) for key, line in gone.items() if asked[key]]
    return found


def _at(event: Event, place: int, clock: object) -> Event:
    turn = midnight if clock is midnight else day_of
    known = None if event.known_on is None else turn(event.known_on)
    return replace(event, on=turn(event.on), known_on=known, place=place)


def _correction(line: Line, minor: int) -> Line:
    why = line.why | {"rule": "correction of what was billed before"}
    counted = Share(Fraction(0), line.share.cycle_units, line.share.unit, Fraction(0))
    return replace(
        line, kind="credit" if minor < 0 else line.kind, share=counted,
        amount=Money(minor, line.amount.currency), exact=Fraction(minor), why=why,
    )  # fmt: skip


def _gathered(line: Line, terms: BillingTerms, events: Sequence[Event]) -> Line:
    """With one bill a cycle, whatever falls between two bills waits for the next."""
    if not terms.one_bill or not events or events[0].plan is None:
        return line
    own = grid(terms.anchor, _billing_interval(events), first=events[0].on, began=events[0].on)
    cycle = own.cycle(line.invoice_on)
    on = line.invoice_on if line.invoice_on == cycle.start else cycle.end
    return replace(line, invoice_on=on, due_on=on + timedelta(days=terms.due_days))


def _billing_interval(events: Sequence[Event]) -> Interval:
    plan = events[0].plan
    return plan.interval if plan is not None else Interval()
