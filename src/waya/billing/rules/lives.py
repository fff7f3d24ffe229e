"""What the engine is told of one subscription: its life from the first day that is not billed.

A run needs no history: what was billed stays as it was billed. So a life begins, for the
engine, where the bills end, with what is left of its phases and promotions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import Any

from waya.billing.rules.engine.events import Event, Usage, midnight
from waya.billing.rules.engine.grids import Grid, grid, later
from waya.billing.rules.engine.line import Line
from waya.billing.rules.engine.lines import lines
from waya.billing.rules.engine.terms import Anchor, BillingTerms, When
from waya.billing.rules.hours import first_day
from waya.catalog.rules.plans import Discount, Interval, Phase, PlanTerms
from waya.kernel.periods import Period, next_anchor, on_day

ONCE = ("one_off", "deposit")


@dataclass(frozen=True, slots=True)
class Life:
    """A subscription from `since`, the first day that is not billed, under `plan`.

    `began` is the first day of all. `cycle_on` is a day on which a cycle began, where the
    anchor does not say. On `next_on` (`at_term`: when the term that runs then is over) it goes
    on under `next_plan`, or ends if there is none; where that is `announced`, nothing past it
    is charged first. `discounts` and `usage` are what is left and not billed; `granted` is what of
    a metric costs nothing further. `once_on` is the day on which what is charged once is asked
    for, where that is not the first of all.
    """

    key: str
    plan: PlanTerms
    since: date
    began: date
    anchor_day: int
    cycle_on: date | None = None
    quantity: Fraction = Fraction(1)
    next_plan: PlanTerms | None = None
    next_on: date | None = None
    at_term: bool = False
    announced: bool = False
    next_quantity: Fraction | None = None
    discounts: tuple[Discount, ...] = ()
    usage: tuple[Usage, ...] = ()
    granted: tuple[tuple[str, Fraction], ...] = ()
    once_on: date | None = None


def opening(phases: Sequence[Phase], began: date) -> date:
    """The first day that is charged: after a trial, if there is one."""
    first = phases[0]
    return later(began, first.length) if first.free and first.length is not None else began


def closing(phases: Sequence[Phase], began: date) -> date | None:
    """The day on which a term that is fixed is over."""
    for phase in phases:
        if phase.length is None:
            return None
        began = later(began, phase.length)
    return began


def remaining(plan: PlanTerms, began: date, since: date) -> PlanTerms:
    """A plan as it is for one who has had it since `began`: what is over is left out."""
    phases: list[Phase] = []
    for phase in plan.phases:
        if phase.length is None:
            phases.append(phase)
            break
        ends = later(began, phase.length)
        if ends > since:
            length = phase.length if began >= since else Interval("day", (ends - since).days)
            phases.append(replace(phase, length=length))
        began = ends
    return replace(plan, phases=tuple(phases) or plan.phases[-1:])


def cycles(life: Life) -> Grid:
    """When the cycles of a life turn."""
    anchor = _anchor(life)
    return grid(anchor, life.plan.interval, shared=life.since, own=life.since, began=life.since)


def within(life: Life, day: date) -> date | None:
    """The beginning of the cycle that a day is in the middle of, where neither the day nor the
    anchor says it: what is by the week, the day or several months may be cut by a phase."""
    if life.plan.interval == Interval("month") or by_the_hour(life.plan):
        return None
    began = cycles(life).cycle(day).start
    return None if began == day else began


def cycle_of(why: Mapping[str, Any], days: Period) -> Period:
    """The cycle that the days of a line that was billed are of: themselves, if they are whole, or
    were paid late and moved."""
    if why.get("ratio") == "1" or "cycle_from" not in why:
        return days
    cycle = Period(date.fromisoformat(why["cycle_from"]), date.fromisoformat(why["cycle_until"]))
    return cycle if cycle.start <= days.start and days.end <= cycle.end else days


def _anchor(life: Life) -> Anchor:
    if life.cycle_on is not None:
        on = life.cycle_on
    elif life.plan.interval.unit == "month" and not _turns(life.since, life.anchor_day):
        on = next_anchor(life.since, anchor_day=life.anchor_day)
    else:
        on = life.since
    return Anchor("subscription", day=life.anchor_day, on=on, after_trial=False)


def _turns(day: date, anchor_day: int) -> bool:
    return day == on_day(day.year, day.month, anchor_day)


def told(life: Life, terms: BillingTerms, until: date) -> list[Line]:
    """Every line of a life from its first unbilled day on, dated on or before a day; of one by
    the hour the next hours alone, since nobody knows yet when they begin."""
    first = life.since == (life.once_on or life.began)
    found = lines(
        replace(terms, anchor=_anchor(life), phases_from="start"),
        [
            Event(life.since, "start", _at(life.plan, life, first), life.quantity, life.key),
            *_next(life),
        ],
        until,
        usage=life.usage,
        discounts=life.discounts,
        granted={(life.key, metric): left for metric, left in life.granted},
    )
    return next_hours(found, life) if by_the_hour(life.plan) else found


def begins_with(life: Life, terms: BillingTerms) -> list[Line]:
    """What is asked for at the beginning of a life that is free at first: what is charged once."""
    if opening(life.plan.phases, life.began) == life.began:
        return []
    whole = replace(life, since=life.began, cycle_on=None)
    return [line for line in told(whole, terms, life.began) if line.kind in ONCE]


def by_the_hour(plan: PlanTerms) -> bool:
    """Whether a plan is paid to the minute."""
    return plan.interval.unit == "hour"


def next_hours(found: Sequence[Line], life: Life) -> list[Line]:
    """What the next hours cost, for the day on which they are asked for: `seconds` says how
    long they are, whenever they begin."""
    first, seconds = midnight(life.since), life.plan.interval.count * 3600
    return [
        replace(
            line,
            period=first_day(life.since, nothing=line.period.end == first),
            invoice_on=life.since,
            due_on=life.since,
            why={name: fact for name, fact in line.why.items() if name not in _OF_CYCLES}
            | {"seconds": seconds},
        )
        for line in found
        if line.period.start == first
    ]


# What says which cycle was counted: hours are always had whole.
_OF_CYCLES = ("days", "cycle_days", "cycle_from", "cycle_until", "convention")


def _at(plan: PlanTerms, life: Life, first: bool) -> PlanTerms:
    """What of a plan counts from `since`: charges of once only at the beginning of all."""
    left = remaining(plan, life.began, life.since)
    if first:
        return left
    return replace(left, charges=tuple(one for one in left.charges if one.kind not in ONCE))


def _next(life: Life) -> list[Event]:
    if life.next_on is None or life.next_on <= life.since:
        return []
    if life.next_plan is None:
        known = life.since if life.announced else None
        return [Event(life.next_on, "cancel", None, None, life.key, known_on=known, when="at_once")]
    plan = _at(life.next_plan, life, first=False)
    when: When = "term_end" if life.at_term else "at_once"
    return [Event(life.next_on, "change", plan, life.next_quantity, life.key, when=when)]


def charge_key(line: Line) -> str:
    """What a line asks for, so that the same is never billed twice for the same day."""
    if line.kind == "discount":
        return f"discount:{line.why['discount']}:{line.charge}"
    return line.charge


def billed_until(found: Sequence[Line], on: date) -> date | None:
    """Through which day lines bill what recurs and has passed by a day: what a run advances to."""
    ends = [
        line.period.end
        for line in found
        if line.kind in ("recurring", "proration", "usage") and line.period.end <= on
    ]
    return max(ends, default=None)


def gathered(
    found: Sequence[Line], minimum: int, *, zero: bool
) -> tuple[list[list[Line]], list[Line]]:
    """Lines by the day of their invoice, and all lines that these cover.

    What comes to less than the minimum (but more than nothing) waits for the next; what waits
    at the end is not covered, and told again when there is more. An invoice of nothing is left
    out unless `zero` says otherwise; what it was for is covered.
    """
    groups: list[list[Line]] = []
    covered: list[Line] = []
    waiting: list[Line] = []
    for on in sorted({line.invoice_on for line in found}):
        waiting += [line for line in found if line.invoice_on == on]
        amount = sum(line.amount.minor for line in waiting)
        if 0 < amount < minimum:
            continue
        if zero or any(line.amount for line in waiting):
            groups.append(waiting)
        covered += waiting
        waiting = []
    return groups, covered
