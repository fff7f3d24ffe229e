"""The subscription that somebody wants to change, with its customer locked."""

from __future__ import annotations

from waya.kernel.errors import Refused
from waya.org.actors import Actor
from waya.parties.commands.customers import lock_customers
from waya.subscriptions.models import Subscription


def opened(*, subscription_id: int, states: tuple[str, ...], by: Actor) -> Subscription:
    """The subscription, its customer locked first; as it is now.

    Refuses `other_entity`, `not_allowed` for another customer's, `subscription_ended`, and
    `not_possible_now` in a state that is not among these.
    """
    by = by.must("billing.change_plan")
    rows = Subscription.objects.filter(pk=subscription_id)
    found = rows.values_list("customer_id", "entity_id").first()
    if found is None or by.entity_id not in (None, found[1]):
        raise Refused("other_entity")
    if by.kind == "customer" and by.id != found[0]:
        raise Refused("not_allowed", permission="billing.change_plan")
    lock_customers(customer_ids=[found[0]], by=by)
    row = rows.select_related("plan__entity", "entity", "customer").get()
    if row.state == Subscription.ENDED:
        raise Refused("subscription_ended", username=row.username)
    if row.state not in states:
        raise Refused("not_possible_now", state=row.state, wished="changed")
    return row
