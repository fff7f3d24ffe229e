"""The end of hours that were paid for: to the minute, and never while money may be on its way."""

from __future__ import annotations

from dataclasses import replace

from django.db import transaction

from waya.billing.commands.lives.hours import end_hours as end_chunk
from waya.billing.queries.lives.hours import customers_over, entities_with_over
from waya.kernel import clock
from waya.kernel.errors import NotYet
from waya.org import jobs
from waya.org.actors import Actor
from waya.org.policy import chosen
from waya.org.rows.chunking import chunks
from waya.parties.commands.customers import lock_customers
from waya.payments.commands.cut_off import CHUNK
from waya.payments.policy import BrakePolicy
from waya.payments.queries.clear import only_when_clear
from waya.payments.queries.in_flight import customers_with_prompts
from waya.payments.queries.inbox import waiting_count


def end_hours(*, entity_id: int, by: Actor) -> int:
    """Renew by credit, or wall, whoever's paid hours are over; gives how many were walled.

    The brake does not count them: hours that end are what was bought, like a pass that expires,
    and nobody's debt, however many end at once. What keeps anybody from being cut off holds
    here too: while notifications wait, the provider is silent or not every router was swept
    since we started nobody is walled, nor is whoever was just asked for money on their phone.
    A moment later it is tried again, and what is then so is done.
    """
    by = replace(by.must("payments.end_hours"), entity_id=entity_id)
    policy = chosen(BrakePolicy, entity_id)
    walled = 0
    try:
        for chunk in chunks(customers_over(entity_id, clock.now()), CHUNK):
            only_when_clear(entity_id, policy)
            with transaction.atomic():
                lock_customers(customer_ids=chunk, by=by)
                if waiting_count(entity_id):
                    raise NotYet("money_in_flight", why="notifications wait")
                asked = customers_with_prompts(chunk, at=clock.real_now(), policy=policy)
                ending = set(chunk) - asked
                ended = end_chunk(entity_id=entity_id, customer_ids=ending, by=by)
                walled += ended.restricted
    except NotYet:
        pass
    return walled


def nudge_over(*, by: Actor) -> None:
    """Ask for this wherever hours are over."""
    by.must("payments.end_hours")
    for key in entities_with_over(clock.now()):
        jobs.nudge("payments.end_hours", key=str(key), entity_id=key)
