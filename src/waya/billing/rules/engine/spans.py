"""What was had, from when to when, under which plan: events turned into stretches of time."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from fractions import Fraction

from waya.billing.rules.engine.events import Event, Unbillable
from waya.billing.rules.engine.grids import Grid, grid, later
from waya.billing.rules.engine.terms import Anchor, BillingTerms, Stop, When
from waya.catalog.rules.plans import Phase, PlanTerms
from waya.catalog.rules.prices import a_year

ONE = Fraction(1)
# What value left over from another plan pays for: no charge of its own.
CONVERTED = Phase("trial", charges=())


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a subscription under one plan, phase and quantity; `end` None is open.

    `told` is the day of the event that ended the stretch; `paid_on` the day of the payment
    that bought it, where payments decide.
    """

    subscription: str
    start: date
    end: date | None
    plan: PlanTerms
    phase: Phase
    quantity: Fraction
    grid: Grid
    told: date | None = None
    paid_on: date | None = None


@dataclass(slots=True)
class Stay:
    """From a start to the end after it, if there is one: meanwhile the plan's deposit is held."""

    began: date
    plan: PlanTerms
    ended: date | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """All stretches of one subscription; one that ended and began anew has several stays."""

    subscription: str
    spans: tuple[Span, ...]
    stays: tuple[Stay, ...]


@dataclass(frozen=True, slots=True)
class Origin:
    """The first charge of whoever shares an anchor, and a subscription's own."""

    shared: date
    own: date


@dataclass(slots=True)
class _Had:
    """A stretch before phases cut it; `paid` when value left over at a change pays for it."""

    start: date
    end: date | None
    plan: PlanTerms
    quantity: Fraction
    began: date
    origin: Origin
    told: date | None = None
    paid: bool = False


@dataclass(slots=True)
class _Life:
    """The state of a subscription while its events are read in order."""

    terms: BillingTerms
    first: date
    origin: Origin
    plan: PlanTerms
    quantity: Fraction
    began: date
    had: list[_Had] = field(default_factory=list)
    open_since: date | None = None
    stopped: str = ""
    stays: list[Stay] = field(default_factory=list)
    ended: date | None = None
    pending: Event | None = None
    due: date | None = None


def services(
    events: Sequence[Event],
    terms: BillingTerms,
    moved: Mapping[int, date],
    paid: Collection[str] = (),
) -> list[Service]:
    """Every subscription's stretches, by all events that are known.

    For those named `paid`, payments decide which periods there are. `moved` says, by an event's
    place, until when the value left over at that change paid for the new plan: its cycles begin
    there. Raises `Unbillable` for events that cannot follow one another.
    """
    own: dict[str, list[Event]] = {}
    for event in events:
        own.setdefault(event.subscription, []).append(event)
    firsts = {name: _first_charge(mine, terms) for name, mine in own.items()}
    found = []
    for name, mine in own.items():
        origin = Origin(_shared(name, own, firsts, terms), firsts[name])
        life = _Life(terms, mine[0].on, origin, *_beginning(mine[0]), mine[0].on)
        make = _paid if name in paid else _service
        found.append(make(name, mine, life, moved))
    return found


def _beginning(first: Event) -> tuple[PlanTerms, Fraction]:
    if first.plan is None:
        raise Unbillable(first.place, "a start needs a plan")
    return first.plan, _quantity(first, ONE)


def _shared(
    name: str, own: dict[str, list[Event]], firsts: dict[str, date], terms: BillingTerms
) -> date:
    """The first charge of whoever shares an anchor with a subscription."""
    match terms.anchor.by:
        case "customer":
            return min(firsts.values())
        case "bundle":
            bundle = own[name][0].bundle
            return min(firsts[one] for one, mine in own.items() if mine[0].bundle == bundle)
        case _:
            return firsts[name]


def _first_charge(events: Sequence[Event], terms: BillingTerms) -> date:
    first = events[0]
    if first.kind != "start":
        raise Unbillable(first.place, f"{first.kind} comes before any start")
    if first.plan is None:
        raise Unbillable(first.place, "a start needs a plan")
    if not terms.anchor.after_trial:
        return first.on
    plan, quantity, free = first.plan, _quantity(first, ONE), _free_until(first.on, first.plan)
    for event in events[1:]:
        if event.on >= free or event.kind != "change" or event.plan is None:
            continue
        if _when(terms, event, plan, quantity) == "at_once":
            began = first.on if terms.phases_from == "start" else event.on
            free = max(event.on, _free_until(began, event.plan))
            plan, quantity = event.plan, _quantity(event, quantity)
    return free


def _free_until(began: date, plan: PlanTerms) -> date:
    """The end of a plan's trial; a plan without one is charged from its beginning."""
    opening = plan.phases[0]
    return later(began, opening.length) if opening.free and opening.length is not None else began


def _paid(name: str, events: list[Event], life: _Life, moved: Mapping[int, date]) -> Service:
    return Service(name, _bought(name, events, life), tuple(life.stays))


def _service(name: str, events: list[Event], life: _Life, moved: Mapping[int, date]) -> Service:
    for event in events:
        _settle(life, event.on)
        _STEPS[event.kind](life, event, moved)
    if life.due is not None:
        _settle(life, life.due)
    if life.open_since is not None:
        _close(life, None, None)
    spans = tuple(span for had in life.had for span in _cut(name, had, life))
    last = spans[-1].end if spans and not life.stopped else None
    life.stays[-1].ended = _sooner(life.ended, last)
    return Service(name, spans, tuple(life.stays))


def _settle(life: _Life, on: date) -> None:
    """Let a change or an end that waits for the end of a term happen, once it is reached."""
    if life.pending is None or life.due is None or life.due > on:
        return
    event, due = life.pending, life.due
    life.pending, life.due = None, None
    if event.kind == "cancel":
        _end(life, due, due)
    else:
        _replace(life, event, due)


def _start(life: _Life, event: Event, moved: Mapping[int, date]) -> None:
    if life.open_since is not None or life.stopped:
        raise Unbillable(event.place, "it has begun already")
    _begin(life, event)


def _begin(life: _Life, event: Event) -> None:
    life.plan, life.quantity = event.plan or life.plan, _quantity(event, life.quantity)
    if life.ended is not None or not life.stays:
        life.stays.append(Stay(event.on, life.plan))
    life.open_since, life.ended, life.began = event.on, None, event.on


def _change(life: _Life, event: Event, moved: Mapping[int, date]) -> None:
    if life.ended is not None:
        raise Unbillable(event.place, "a subscription that has ended cannot be changed")
    if event.plan is None and event.quantity is None:
        raise Unbillable(event.place, "a change needs a plan or a quantity")
    life.pending, life.due = None, None
    when = _when(life.terms, event, life.plan, life.quantity)
    if when == "at_once" or life.open_since is None:  # no term runs while nothing is charged
        _replace(life, event, event.on, moved.get(event.place))
    else:
        life.pending, life.due = event, _term_end(life, event.on)


def _when(terms: BillingTerms, event: Event, plan: PlanTerms, quantity: Fraction) -> When:
    if event.when is not None:
        return event.when
    dearer = a_year(event.plan or plan, _quantity(event, quantity)) >= a_year(plan, quantity)
    return terms.upgrade if dearer else terms.downgrade


def _replace(life: _Life, event: Event, on: date, until: date | None = None) -> None:
    if life.open_since is not None:
        _close(life, on, on)
        life.open_since = until or on
    life.began = until or on
    life.plan, life.quantity = event.plan or life.plan, _quantity(event, life.quantity)
    if until is not None:
        life.origin = Origin(until, until)
        life.had.append(
            _Had(on, until, life.plan, life.quantity, on, life.origin, until, paid=True)
        )


def _stop(life: _Life, event: Event, moved: Mapping[int, date]) -> None:
    if life.ended is not None or life.stopped:
        raise Unbillable(event.place, f"{event.kind}: it does not run")
    life.stopped = event.kind
    if _stops(life.terms, event.kind) != "charge" and life.open_since is not None:
        _close(life, event.on, event.on)
        life.open_since = None


def _stops(terms: BillingTerms, kind: str) -> Stop:
    return terms.pause if kind == "pause" else terms.blocked


def _resume(life: _Life, event: Event, moved: Mapping[int, date]) -> None:
    ending = life.pending is not None and life.pending.kind == "cancel"
    if life.ended is None and not life.stopped and not ending:
        raise Unbillable(event.place, f"{event.kind}: it runs already")
    if ending and not life.stopped:  # the end that it was to have is called off
        life.pending, life.due = None, None
    life.stopped = ""
    if life.open_since is None:
        _begin_again(life, event)
    elif event.plan is not None or event.quantity is not None:
        _change(life, event, moved)


def _quantity(event: Event, before: Fraction) -> Fraction:
    return before if event.quantity is None else event.quantity


def _begin_again(life: _Life, event: Event) -> None:
    began, last = life.began, life.had[-1] if life.had else None
    _begin(life, event)
    life.began = began
    if last is None or last.end != event.on:
        return
    if (last.plan, last.quantity, last.began) == (life.plan, life.quantity, began):
        life.had.pop()  # stopped for no time at all
        life.open_since = last.start


def _cancel(life: _Life, event: Event, moved: Mapping[int, date]) -> None:
    if life.ended is not None:
        raise Unbillable(event.place, "it has ended already")
    if (event.when or life.terms.cancel) == "term_end" and life.open_since is not None:
        life.pending, life.due = event, _term_end(life, event.on)
    else:
        life.pending, life.due = None, None
        _end(life, _last(life, event.on), event.on)


def _last(life: _Life, on: date) -> date:
    """Where a stretch ends that is cancelled on a day, which is free or charged by policy."""
    inclusion, day = life.terms.proration.inclusion, timedelta(days=1)
    if inclusion == "charge_last_day":
        return on + day
    if inclusion == "charge_first_day" and life.open_since is not None:
        return max(on, life.open_since + day)
    return on


def _pay(life: _Life, event: Event, moved: Mapping[int, date]) -> None:
    raise Unbillable(event.place, "payments decide for all of a subscription or for nothing")


_STEPS = {
    "start": _start, "change": _change, "pause": _stop, "block": _stop, "resume": _resume,
    "unblock": _resume, "cancel": _cancel, "pay": _pay,
}  # fmt: skip


def _end(life: _Life, on: date, told: date) -> None:
    if life.open_since is not None:
        _close(life, on, told)
    life.open_since, life.stopped, life.ended = None, "", on
    life.stays[-1].ended = on


def _close(life: _Life, on: date | None, told: date | None) -> None:
    since = life.open_since
    if on is not None:
        while life.had and life.had[-1].start >= on:
            life.had.pop()
        if life.had:
            life.had[-1] = replace(life.had[-1], end=_sooner(life.had[-1].end, on))
    if since is not None and (on is None or on > since):
        life.had.append(_Had(since, on, life.plan, life.quantity, life.began, life.origin, told))


def _term_end(life: _Life, on: date) -> date:
    """The end of the term that runs on a day; a day on which one has just ended is the end."""
    began = life.open_since or on
    cycle = _grid(life, life.plan, life.began, life.origin, began).cycle(on)
    return on if cycle.start == on and on > life.first else cycle.end


def _grid(life: _Life, plan: PlanTerms, began: date, origin: Origin, start: date) -> Grid:
    anchor = life.terms.anchor
    if anchor.change_restarts and began > life.first:
        anchor, origin = _own(anchor), Origin(began, began)
    return grid(anchor, plan.interval, shared=origin.shared, own=origin.own, began=start)


def _own(anchor: Anchor) -> Anchor:
    """The same conventions, anchored on whatever day it begins."""
    return replace(anchor, day=None, month=None, on=None, by="subscription", align="remembered")


def _cut(name: str, had: _Had, life: _Life) -> list[Span]:
    """A stretch cut where its plan's phases end."""
    if had.paid:
        own = _grid(life, had.plan, had.began, had.origin, had.start)
        return [Span(name, had.start, had.end, had.plan, CONVERTED, had.quantity, own, had.told)]
    begins = life.first if life.terms.phases_from == "start" else had.began
    found: list[Span] = []
    for phase in had.plan.phases:
        ends = later(begins, phase.length) if phase.length is not None else None
        start = max(had.start, begins)
        stop = _sooner(had.end, ends)
        if stop is None or stop > start:
            told = had.told if stop == had.end else stop
            found.append(
                Span(name, start, stop, had.plan, phase, had.quantity,
                     _grid(life, had.plan, had.began, had.origin, start), told)
            )  # fmt: skip
        if ends is None:
            break
        begins = ends
    return found


def _sooner(one: date | None, other: date | None) -> date | None:
    if one is None or other is None:
        return one or other
    return min(one, other)


def _bought(name: str, events: list[Event], life: _Life) -> tuple[Span, ...]:
    """Periods that payments bought: the start buys the first, each payment the one after it.

    Paid in time, a period follows the one before. Late, `restart` begins it on the day it is
    paid and moves the anchor there; `keep` takes the cycle that the day lies in, so the days
    that are lost are the customer's.
    """
    found: list[Span] = []
    for event in events:
        if event.kind == "cancel":
            life.ended = life.stays[-1].ended = event.on
            found = _cut_short(found, event)
        elif event.kind in ("start", "pay"):
            if event.kind == "start":
                life.stays.append(Stay(event.on, life.plan))
            found.append(_purchase(name, event, life, found[-1] if found else None))
        elif event.kind == "change":
            life.plan, life.quantity = event.plan or life.plan, _quantity(event, life.quantity)
        else:
            what = f"{event.kind}: what payments buy neither stops nor resumes"
            raise Unbillable(event.place, what)
    return tuple(found)


def _purchase(name: str, event: Event, life: _Life, before: Span | None) -> Span:
    ending = before.end if before is not None and before.end is not None else event.on
    own, start, end = _period(event.on, ending, life, before)
    return Span(name, start, end, life.plan, life.plan.phases[-1], life.quantity, own,
                paid_on=event.on)  # fmt: skip


def _period(paid: date, ending: date, life: _Life, before: Span | None) -> tuple[Grid, date, date]:
    anchor, interval = life.terms.anchor, life.plan.interval
    if before is None:
        shared, first = life.origin.shared, life.origin.own
        own = grid(anchor, interval, shared=shared, own=first, began=paid)
        return own, paid, own.cycle(paid).end
    kept = replace(before.grid, interval=interval)
    if paid <= ending:
        return kept, ending, kept.cycle(ending).end
    if life.terms.late == "keep":
        cycle = kept.cycle(paid)
        return kept, max(cycle.start, ending), cycle.end
    own = grid(_own(anchor), interval, shared=paid, own=paid, began=paid)
    return own, paid, own.cycle(paid).end


def _cut_short(found: list[Span], event: Event) -> list[Span]:
    kept = [span for span in found if span.start < event.on]
    return [replace(span, end=min(span.end or event.on, event.on), told=event.on) for span in kept]
