"""Tonight: what the ladder would do to whom, what waits for a person, and who is spared.

The run and its rehearsal both ask here, so that one cannot differ from the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from waya.billing.queries.tonight import nights, whom
from waya.billing.rules.ladder.tonight import Night, Spared, Step
from waya.billing.rules.ladder.values import Ladder
from waya.kernel import clock
from waya.network.queries import access_counts
from waya.org.models import DailyRun
from waya.org.policy import chosen
from waya.org.queries import entity_of
from waya.payments.policy import BrakePolicy
from waya.payments.queries.in_flight import customers_with_prompts
from waya.payments.rules.brake import routers_to_hold

_LAST = "payments.commands.cut_off.cut_off"


@dataclass(frozen=True, slots=True)
class Tonight:
    """A night of an entity, by customer. `held` are routers whose cut-offs wait for a person,
    with how many customers each would lose."""

    entity_id: int
    on: date
    nights: Mapping[int, Night]
    held: Mapping[int, int]

    @property
    def steps(self) -> Iterator[Step]:
        """Everything that would be done, by customer."""
        return (step for night in self.nights.values() for step in night.steps)

    @property
    def spared(self) -> Iterator[Spared]:
        """Everything that would be done but for something, by customer."""
        return (one for night in self.nights.values() for one in night.spared)

    def waits(self, step: Step) -> bool:
        """Whether a step waits for a person."""
        return step.asks or (step.service is not None and step.service.router_id in self.held)


def tonight(entity_id: int, on: date, ladder: Ladder | None = None) -> Tonight:
    """What a ladder (without one: that which holds) would do on a day, as things stand now. The
    number of queries does not grow with the customers."""
    policy = chosen(BrakePolicy, entity_id)
    keys = whom(entity_id, on, ladder=ladder)
    flying = customers_with_prompts(keys, at=clock.real_now(), policy=policy)
    found = nights(entity_id, keys, on, in_flight=flying, ladder=ladder)
    losing: dict[int, set[int]] = {}
    for night in found.values():
        for step in night.steps:
            if step.service is not None:
                losing.setdefault(step.service.router_id, set()).add(step.customer_id)
    held = held_routers(losing, policy)
    return Tonight(entity_id, on, found, {key: len(losing[key]) for key in sorted(held)})


def held_routers(losing: Mapping[int, Iterable[int]], policy: BrakePolicy) -> set[int]:
    """Which routers' cut-offs wait for a person, given the customers whom each would lose."""
    return routers_to_hold(
        {router_id: len(set(customers)) for router_id, customers in losing.items()},
        access_counts(losing.keys()),
        customers=policy.customers,
        percent=policy.percent,
        night=policy.night,
    )


def next_night(entity_id: int) -> date:
    """The day whose work comes next: today, until its cut-off is done."""
    today = clock.today(entity_of(entity_id).zone)
    done = DailyRun.objects.filter(entity_id=entity_id, day=today, kind=_LAST).exists()
    return today + timedelta(days=1) if done else today
