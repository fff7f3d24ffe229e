"""What the ladder does tonight, to whom, and whom it spares: for the run and its rehearsal."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date

from waya.billing.queries.debts import candidates, day_of, facts_of, ladder_of
from waya.billing.rules.ladder.tonight import Night, tonight
from waya.billing.rules.ladder.values import Action, Ladder


def whom(
    entity_id: int, on: date, actions: Collection[Action] = tuple(Action),
    ladder: Ladder | None = None,
) -> set[int]:  # fmt: skip
    """Customers to whom any of these may be done on a day, by a ladder (without one: by that
    which holds): found by index, not yet judged."""
    return candidates(entity_id, on, ladder or ladder_of(entity_id), actions)


def nights(
    entity_id: int, customer_ids: Iterable[int], on: date, *, in_flight: Collection[int] = (),
    ladder: Ladder | None = None,
) -> dict[int, Night]:  # fmt: skip
    """What is done to each of these customers on a day by a ladder (without one: by that which
    holds), and what is not and why. As many queries for ten thousand as for one. `in_flight`
    are those whose money may be on its way."""
    ladder, day = ladder or ladder_of(entity_id), day_of(entity_id, on)
    facts = facts_of(entity_id, customer_ids, on, in_flight=in_flight)
    return {key: tonight(ladder, facts[key], day) for key in sorted(facts)}
