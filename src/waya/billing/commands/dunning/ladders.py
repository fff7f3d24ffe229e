"""An entity chooses its ladder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from waya.billing.policy import LadderPolicy
from waya.billing.rules.ladder.reading import read
from waya.org.actors import Actor
from waya.org.commands.policies import choose


def choose_ladder(
    *, entity_id: int, segments: Sequence[Mapping[str, Any]], fees_on_fees: bool = False, by: Actor
) -> None:
    """Keep a ladder of an entity's own, which holds from the next judgement on; without any
    segments, go back to the standard one. What it was goes to the audit.

    Refuses what `rules.ladder.reading.read` refuses, and then nothing changes.
    """
    by = by.must("org.policy")
    if segments:
        read(segments, fees_on_fees=fees_on_fees)
    kept = tuple(dict(one) for one in segments)
    choose(entity_id=entity_id, choices=LadderPolicy(kept, fees_on_fees), by=by)
