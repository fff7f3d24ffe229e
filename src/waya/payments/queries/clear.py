"""Whether money may be on its way to anybody: while it may, nobody is cut off or fined."""

from __future__ import annotations

from waya.kernel import clock
from waya.kernel.errors import NotYet
from waya.network.queries import all_swept_since_start
from waya.payments import providers
from waya.payments.policy import BrakePolicy
from waya.payments.queries.in_flight import silent_merchants
from waya.payments.queries.inbox import waiting_count


def only_when_clear(entity_id: int, policy: BrakePolicy) -> None:
    """Raise NotYet `money_in_flight` while notifications wait, a provider is silent and does
    not answer, or not every router was swept since we started."""
    if waiting_count(entity_id):
        raise NotYet("money_in_flight", why="notifications wait")
    if not all_swept_since_start(entity_id):
        raise NotYet("money_in_flight", why="not every router was swept since the start")
    for merchant in silent_merchants(entity_id, at=clock.real_now(), policy=policy):
        if not providers.reachable(merchant):
            raise NotYet("money_in_flight", why=f"{merchant} is silent and does not answer")
