"""When paid hours are over: credit buys the next ones, and whoever has none is walled."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from waya.billing.commands.documents import offer_hours
from waya.billing.commands.settle import settle_many
from waya.billing.commands.standings import Applied, wall_over
from waya.billing.models import Credit, ProForma
from waya.billing.queries.lives.hours import over
from waya.billing.rules.offers import Offer
from waya.kernel import clock
from waya.kernel.money import Money
from waya.org.actors import Actor
from waya.org.queries import entity_of
from waya.org.rows.among import among


@transaction.atomic
def end_hours(*, entity_id: int, customer_ids: Collection[int], by: Actor) -> Applied:
    """Ask some customers whose hours are over for the next ones, let the credit that they hold
    pay them from where the last ones ended, and wall whoever is not paid.

    Set-wise. The caller has locked the customers, and looked for money in flight. Hours that
    passed while we were away are bought one after the other, as they would have been. Doing it
    again does nothing more.
    """
    by = by.must("billing.stand")
    entity = entity_of(entity_id)
    on = clock.today(entity.zone)
    before: dict[int, datetime] = {}
    while (now := over(customer_ids, clock.now())) and now != before:
        _ask(now, by)
        paying = Credit.objects.filter(customer_id__in=among(customer_ids), amount_minor__gt=0)
        nothing = Money(0, entity.currency)
        offers = [
            Offer(key, key, nothing, on) for key in paying.values_list("customer_id", flat=True)
        ]
        settle_many(entity_id=entity_id, offers=offers, by=by)
        before = now
    return wall_over(entity_id=entity_id, customer_ids=customer_ids, on=on, by=by)


def _ask(keys: Collection[int], by: Actor) -> None:
    """What was offered is asked for now; whoever has no offer is asked for what the plan costs."""
    ProForma.objects.filter(
        subscription_id__in=among(keys), state=ProForma.OFFERED
    ).update(state=ProForma.OPEN)  # fmt: skip
    offer_hours(subscription_ids=list(keys), by=by, state=ProForma.OPEN)
