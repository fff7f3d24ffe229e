"""What happened to subscriptions, when it took effect, and when it was known."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import accumulate, groupby
from typing import Literal

from waya.billing.rules.engine.terms import BillingTerms, When
from waya.catalog.rules.plans import PlanTerms
from waya.kernel.periods import Period

EventKind = Literal["start", "change", "pause", "resume", "block", "unblock", "cancel", "pay"]


class Unbillable(ValueError):
    """These events cannot follow one another; `where` names the one at fault by its place."""

    def __init__(self, where: int, what: str) -> None:
        super().__init__(f"event {where}: {what}")
        self.where = where
        self.what = what


@dataclass(frozen=True, slots=True)
class Event:
    """Something that changes what is owed, from `on`.

    `known_on` is when we learnt of it: earlier is an announcement, so that nothing past it is
    charged; later is backdated, so that what was charged past it is credited. `place` orders
    events of one day.
    """

    on: date
    kind: EventKind
    plan: PlanTerms | None = None
    quantity: Fraction | None = None
    subscription: str = ""
    bundle: str = ""
    known_on: date | None = None
    when: When | None = None
    place: int = 0


@dataclass(frozen=True, slots=True)
class Usage:
    """So much of a metric was used on a day."""

    on: date
    metric: str
    quantity: Fraction
    subscription: str = ""


@dataclass(slots=True)
class _Read:
    """The days of use, in order, and how much there was before each and in all."""

    days: list[date] = field(default_factory=list)
    before: list[Fraction] = field(default_factory=list)


class Meter:
    """Everything that was used, by subscription and metric; a stretch is two look-ups."""

    def __init__(self, usage: Iterable[Usage]) -> None:
        self._read: dict[tuple[str, str], _Read] = {}
        counted: dict[tuple[str, str], list[Fraction]] = {}
        for one in sorted(usage, key=lambda one: one.on):
            place = (one.subscription, one.metric)
            self._read.setdefault(place, _Read()).days.append(one.on)
            counted.setdefault(place, [Fraction(0)]).append(one.quantity)
        for place, quantities in counted.items():
            self._read[place].before = list(accumulate(quantities))

    def used(self, subscription: str, metric: str, period: Period) -> Fraction:
        """What was used in a half-open period."""
        read = self._read.get((subscription, metric))
        if read is None:
            return Fraction(0)
        first, last = bisect_left(read.days, period.start), bisect_left(read.days, period.end)
        return read.before[last] - read.before[first]


@dataclass(frozen=True, slots=True)
class Lesson:
    """What is known from `on`, and up to when to bill by it: `before`, or `on` itself."""

    known: tuple[Event, ...]
    fresh: tuple[Event, ...]
    on: date
    before: date | None
    through: date | None


def midnight(moment: date) -> datetime:
    """A day as its first moment; a moment as it is."""
    if isinstance(moment, datetime):
        return moment
    # Without a zone, like every moment of the engine: it happens where the customer is.
    return datetime(moment.year, moment.month, moment.day)  # noqa: DTZ001


def day_of(moment: date) -> date:
    """The day of a moment."""
    return moment.date() if isinstance(moment, datetime) else moment


def known_on(event: Event, terms: BillingTerms, until: date, earliest: date) -> date:
    """When an event became known: as told, else when it happens.

    One that lies after `until` was evidently announced, and is known from the first day. A
    beginning is known in time to be invoiced in advance.
    """
    if event.known_on is not None:
        return event.known_on
    if event.on > until:
        return earliest
    if event.kind == "start":
        return event.on - timedelta(days=terms.invoice_days_before)
    return event.on


def lessons(events: Sequence[Event], terms: BillingTerms, until: date) -> list[Lesson]:
    """The events in the order of learning them, each with the stretch it is billed by.

    Events of one day are learnt one by one, as they happen (policy `same_day` `net`: together);
    what is announced is learnt together with the first thing that happens on that day.
    """
    if not events:
        return []
    lead = timedelta(days=terms.invoice_days_before)
    earliest = min(event.on for event in events) - lead
    dated = sorted(
        ((known_on(event, terms, until, earliest), event) for event in events),
        key=lambda pair: (pair[0], pair[1].on, pair[1].place),
    )
    steps: list[tuple[date, list[Event]]] = []
    for day, group in groupby(dated, key=lambda pair: pair[0]):
        if day <= until:
            together = [event for _, event in group]
            steps += [(day, part) for part in _steps(together, day, terms, lead)]
    found: list[Lesson] = []
    known: list[Event] = []
    for place, (day, fresh) in enumerate(steps):
        known += fresh
        following = steps[place + 1][0] if place + 1 < len(steps) else None
        same = following == day
        told = tuple(sorted(known, key=lambda event: (event.on, event.place)))
        found.append(
            Lesson(told, tuple(fresh), day, None if same else following, day if same else None)
        )
    return found


def _steps(
    together: list[Event], day: date, terms: BillingTerms, lead: timedelta
) -> list[list[Event]]:
    if terms.same_day == "net":
        return [together]
    announced = [event for event in together if event.on > day + lead]
    happening = [event for event in together if event.on <= day + lead]
    steps = [[event] for event in happening]
    if not steps:
        return [announced]
    steps[0] = steps[0] + announced
    return steps
