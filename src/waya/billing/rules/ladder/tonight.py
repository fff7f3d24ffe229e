"""What a ladder does to a customer on a day: facts in, steps out, nothing remembered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from waya.billing.rules.dunning import Standing, worse, worst
from waya.billing.rules.ladder.facts import Debt, Facts, Service
from waya.billing.rules.ladder.values import HOLDING, Action, Kind, Ladder, Rung, Segment
from waya.kernel.money import rounded


class Hold(StrEnum):
    """Why something that the ladder would do is not done tonight."""

    DISPUTE = "dispute"
    PROMISE = "promise"
    OUTAGE = "outage"
    IN_FLIGHT = "in_flight"
    HOLIDAY = "holiday"
    WEEKDAY = "weekday"


# While a router is away, nobody on it is cut off or fined; while money may be on its way,
# nothing is done that the money would make wrong. Messages go on.
_NOT_WHEN_OUT = (Action.FEE, Action.WALL, Action.DISCONNECT)
_LEVEL = {Action.WALL: Standing.CUT_OFF, Action.DISCONNECT: Standing.OFF}
_BEHIND = (Kind.RENEWAL, Kind.INVOICE)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to be done: which rung, about which debt, so many days past due.

    `minor` is what it moves: the fee, or the sum written off. `asks` says that it waits for a
    person first. A wall or a disconnection names the service that it is for.
    """

    customer_id: int
    segment: str
    rung: Rung
    debt: Debt
    late: int
    minor: int = 0
    asks: bool = False
    service: Service | None = None


@dataclass(frozen=True, slots=True)
class Spared:
    """A step that is not taken tonight, and why."""

    step: Step
    hold: Hold
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Stand:
    """How a service stands by its debts (`standing`), and how it is to stand tonight: worse
    only if nothing holds it off, better at once. `rung` and `debt` are what decided."""

    service: Service
    standing: Standing
    tonight: Standing
    rung: Rung | None = None
    debt: Debt | None = None


@dataclass(frozen=True, slots=True)
class Night:
    """Everything about one customer on one day."""

    steps: tuple[Step, ...]
    spared: tuple[Spared, ...]
    stands: tuple[Stand, ...]


@dataclass(frozen=True, slots=True)
class Day:
    """A business day, and whether it is a public holiday of the entity."""

    on: date
    holiday: bool = False


def tonight(ladder: Ladder, facts: Facts, day: Day) -> Night:
    """What is done to a customer on a day, what is not and why, and how each service stands.

    Today's facts alone decide. Each debt is looked at for itself, so that paying one never
    brings anything upon another. What is written off tonight cuts nobody off.
    """
    segment = segment_of(ladder, facts, day.on)
    steps, spared = _events(ladder, segment, facts, day)
    gone = {one.debt.key for one in steps if one.rung.action is Action.WRITE_OFF and not one.asks}
    stood = [
        _stand(segment, service, [debt for debt in facts.debts if debt.key not in gone], facts, day)
        for service in facts.services
    ]
    for _, taken, held in stood:
        steps += taken
        spared += held
    return Night(tuple(steps), tuple(spared), tuple(stand for stand, _, _ in stood))


def stands(ladder: Ladder, facts: Facts, day: Day) -> list[tuple[Stand, Hold | None]]:
    """How each service of a customer stands, and what holds off a step that would be next."""
    segment = segment_of(ladder, facts, day.on)
    stood = [_stand(segment, service, facts.debts, facts, day) for service in facts.services]
    return [(stand, held[0].hold if held else None) for stand, _, held in stood]


def _events(
    ladder: Ladder, segment: Segment, facts: Facts, day: Day
) -> tuple[list[Step], list[Spared]]:
    """What is done once: messages, fees, follow-ups and write-offs."""
    steps: list[Step] = []
    spared: list[Spared] = []
    out = any(one.out for one in facts.services)
    for debt in facts.debts:
        for rung in segment.rungs:
            if rung.action in HOLDING or not _applies(rung, debt, facts, day.on):
                continue
            step = _step(ladder, segment, rung, debt, facts, day.on)
            if step is None or (rung.key, debt.key) in facts.done:
                continue
            hold = _hold(rung, debt, facts, day, out=out)
            if hold is None:
                steps.append(step)
            else:
                spared.append(_spared(step, hold, facts))
    return steps, spared


def segment_of(ladder: Ladder, facts: Facts, on: date) -> Segment:
    """The first segment that takes a customer."""
    return next(one for one in ladder.segments if _takes(one, facts, on))


def _takes(segment: Segment, facts: Facts, on: date) -> bool:
    if segment.takes_everybody:
        return True
    days = (on - facts.since).days
    last = segment.through_account_days
    return (
        (not segment.modes or any(one.mode in segment.modes for one in facts.services))
        and (not segment.plans or any(one.plan in segment.plans for one in facts.services))
        and (not segment.tags or bool(segment.tags & facts.tags))
        and not segment.without_tags & facts.tags
        and segment.from_account_days <= days
        and (last is None or days <= last)
    )


def _applies(rung: Rung, debt: Debt, facts: Facts, on: date) -> bool:
    """Whether a rung's conditions on the debt are met; disputes and holds are asked apart."""
    if debt.kind not in rung.debts or not rung.on_day((on - debt.due).days):
        return False
    if not rung.owed_at_least_minor:
        return True
    by = max(on, debt.due)
    due = sum(one.owed_minor for one in facts.debts if one.due <= by and not one.disputed)
    return due >= rung.owed_at_least_minor


def _step(
    ladder: Ladder, segment: Segment, rung: Rung, debt: Debt, facts: Facts, on: date
) -> Step | None:
    """The step that a rung means for a debt; None when there is nothing to say or to move."""
    minor, asks = 0, False
    if debt.owed_minor <= 0:
        return None
    if rung.action is Action.FEE:
        minor = rung.fee_minor + rounded(debt.owed_minor * rung.fee_percent)
        if minor <= 0:
            return None
    if rung.action is Action.WRITE_OFF:
        minor, asks = debt.owed_minor, debt.owed_minor > ladder.write_off_limit_minor
    late = (on - debt.due).days
    return Step(facts.customer_id, segment.key, rung, debt, late, minor, asks)


def _hold(rung: Rung, debt: Debt, facts: Facts, day: Day, *, out: bool) -> Hold | None:
    """Why a rung whose conditions are met is not climbed tonight."""
    if debt.disputed:
        return Hold.DISPUTE
    promise = facts.promise
    if promise is not None and day.on <= promise.until and day.on > debt.due:
        return Hold.PROMISE
    if out and rung.action in _NOT_WHEN_OUT:
        return Hold.OUTAGE
    if facts.in_flight and rung.action is not Action.MESSAGE:
        return Hold.IN_FLIGHT
    if day.holiday and not rung.holidays:
        return Hold.HOLIDAY
    if rung.weekdays and day.on.isoweekday() not in rung.weekdays:
        return Hold.WEEKDAY
    return None


def _spared(step: Step, hold: Hold, facts: Facts) -> Spared:
    promised = facts.promise.until if hold is Hold.PROMISE and facts.promise else None
    return Spared(step, hold, promised)


@dataclass(frozen=True, slots=True)
class _Wished:
    """A rung that would hold a service off for a debt, and what holds the rung off."""

    rung: Rung
    debt: Debt
    hold: Hold | None

    @property
    def level(self) -> Standing:
        """The standing that it would put the service into."""
        return _LEVEL[self.rung.action]


def _stand(
    segment: Segment, service: Service, debts: Sequence[Debt], facts: Facts, day: Day
) -> tuple[Stand, list[Step], list[Spared]]:
    """How a service stands, the step that puts it there, or what holds the step off.

    What is disputed never counts, nor does anything while a promise that restores holds; what
    waits for another reason counts, and waits. Hours that were bought and had are over whatever
    else is so: nothing holds that off.
    """
    ours = [debt for debt in debts if debt.subscription_id in (None, service.subscription_id)]
    wished = _wished(segment, service, ours, facts, day)
    restores = facts.promise is not None and facts.promise.restores
    void = {Hold.DISPUTE, Hold.PROMISE} if restores else {Hold.DISPUTE}
    counting = [one for one in wished if one.hold not in void]
    free = [one for one in wished if one.hold is None]
    behind = Standing.CUT_OFF if service.over else _in_grace(segment, ours, day.on)
    level = worst(behind, *(one.level for one in counting[:1]))
    reached = worst(behind, *(one.level for one in free[:1]))
    falls = worse(level, service.was)
    now = worst(Standing(service.was), reached) if falls else level
    deciding = (free if falls else counting) or counting
    stand = Stand(service, level, now, *_of(deciding[:1]))
    steps, spared = [], []
    if free and worse(now, service.was) and free[0].level == now:
        steps = [_for_service(segment, service, facts, day.on, free[0])]
    for one in wished:
        if one.hold is not None and worse(one.level, now):
            spared = [_spared(_for_service(segment, service, facts, day.on, one), one.hold, facts)]
            break
    return stand, steps, spared


def _of(deciding: Sequence[_Wished]) -> tuple[Rung | None, Debt | None]:
    return (deciding[0].rung, deciding[0].debt) if deciding else (None, None)


def _wished(
    segment: Segment, service: Service, debts: Sequence[Debt], facts: Facts, day: Day
) -> list[_Wished]:
    """The rungs that would hold a service off, the harshest and oldest first."""
    found = [
        _Wished(rung, debt, _hold(rung, debt, facts, day, out=service.out))
        for rung in segment.rungs
        if rung.action in HOLDING
        for debt in debts
        if _applies(rung, debt, facts, day.on)
    ]
    found.sort(key=lambda one: (one.rung.action is Action.WALL, one.debt.due, one.debt.key))
    return found


def _in_grace(segment: Segment, debts: Iterable[Debt], on: date) -> Standing:
    """Grace for whoever is past due with something that counts: what one pays for a service,
    or whatever a wall is named for."""
    counting = set(_BEHIND).union(*(one.debts for one in segment.rungs if one.action in HOLDING))
    late = any(debt.kind in counting and not debt.disputed and on > debt.due for debt in debts)
    return Standing.GRACE if late else Standing.GOOD


def _for_service(segment: Segment, service: Service, facts: Facts, on: date, one: _Wished) -> Step:
    late = (on - one.debt.due).days
    return Step(facts.customer_id, segment.key, one.rung, one.debt, late, service=service)


def key_of(step: Step) -> tuple[int, str, str]:
    """What a step is done once for: a customer, a rung and a debt."""
    return step.customer_id, step.rung.key, step.debt.key


def told(step: Step, currency: str) -> dict[str, str | int]:
    """The facts behind a step, as the audit keeps them."""
    return {
        "rung": step.rung.key,
        "segment": step.segment,
        "for": step.debt.number or step.debt.key,
        "due": step.debt.due.isoformat(),
        "days_late": step.late,
        "owed_minor": step.debt.owed_minor,
        "currency": currency,
    }
