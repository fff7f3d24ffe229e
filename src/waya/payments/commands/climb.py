"""Climb the ladder: the day's fees, follow-ups and write-offs, never while money may be on its
way."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from typing import Any

from django.db import transaction

from waya.billing.commands.dunning.climbing import CLIMBED
from waya.billing.commands.dunning.climbing import climb as climb_chunk
from waya.billing.queries.tonight import nights, whom
from waya.kernel import clock
from waya.kernel.errors import NotYet
from waya.org.actors import Actor
from waya.org.policy import chosen
from waya.org.rows.chunking import chunks
from waya.parties.commands.customers import lock_customers
from waya.payments.commands.cut_off import CHUNK
from waya.payments.policy import BrakePolicy
from waya.payments.queries.clear import only_when_clear
from waya.payments.queries.in_flight import customers_with_prompts
from waya.payments.queries.inbox import waiting_count


def climb(*, entity_id: int, on: date, by: Actor) -> dict[str, Any]:
    """Do what the ladder says of a day, but for messages, which are said before, and walls,
    which come after: the daily work.

    Each thing is done once for each debt, however often this runs. Raises NotYet
    `money_in_flight` as the cut-off does, and then the days after do it.
    """
    by = replace(by.must("payments.climb"), entity_id=entity_id)
    policy = chosen(BrakePolicy, entity_id)
    found = nights(entity_id, whom(entity_id, on, CLIMBED), on)
    behind = [
        key
        for key, night in found.items()
        if any(step.rung.action in CLIMBED for step in night.steps)
    ]
    if not behind:
        return {}
    only_when_clear(entity_id, policy)
    done: Counter[str] = Counter()
    for chunk in chunks(behind, CHUNK):
        with transaction.atomic():
            lock_customers(customer_ids=chunk, by=by)
            if waiting_count(entity_id):
                raise NotYet("money_in_flight", why="notifications wait")
            flying = customers_with_prompts(chunk, at=clock.real_now(), policy=policy)
            done.update(
                climb_chunk(entity_id=entity_id, customer_ids=chunk, on=on, in_flight=flying, by=by)
            )
    return dict(done)
