"""What is had on top of a subscription: taken, dropped, begun and ended on its day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.db import transaction
from django.db.models import F, Q, Sum
from django.db.models.functions import Greatest

from waya.catalog.models import Plan, PlanVersion
from waya.catalog.queries import goes_with
from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.network.commands.wishes import want_many
from waya.org.actors import Actor
from waya.org.audit import Happened, record_many
from waya.subscriptions.models import AddOn, Subscription
from waya.subscriptions.queries import RUNNING, happened, locked, wish


@transaction.atomic
def add(
    *, subscription_id: int, of: Plan, version_id: int, quantity: int, start: date, on: date,
    by: Actor,
) -> AddOn:  # fmt: skip
    """Put an add-on on top of a subscription from a day, at a version of its price; its speed
    comes on top that day. One that is had and was to end goes on instead. `of` is the plan that
    it goes on top of, which the subscription has, or has from that day.

    Refuses `not_possible_now` for a subscription that is paused or ended, `not_an_add_on` for
    what does not go with the plan, and `add_on_had` for one that is had in another number.
    """
    by = by.must("subscriptions.change")
    (row,) = locked([subscription_id])
    if row.state not in (*RUNNING, Subscription.PENDING):
        raise Refused("not_possible_now", state=row.state, wished="changed")
    version = PlanVersion.objects.select_related("plan").get(pk=version_id)
    if not goes_with(version.plan, of):
        raise Refused("not_an_add_on", plan=version.plan.name, of=of.name)
    known = row.add_ons.filter(plan=version.plan).exclude(state=AddOn.OVER).first()
    if known is not None:
        if known.quantity != quantity:
            raise Refused("add_on_had", plan=version.plan.name, quantity=known.quantity)
        if known.end is not None:
            AddOn.objects.filter(pk=known.pk).update(end=None)
        return known
    one = AddOn.objects.create(
        subscription=row, plan=version.plan, version=version, quantity=quantity, start=start,
        state=AddOn.RUNNING if start <= on else AddOn.WAITING, taken_at=clock.now(),
    )  # fmt: skip
    why = {"plan": one.plan.name, "quantity": quantity, "on": start.isoformat()}
    _speed(row, happened("add_on_taken", row, why), by)
    return one


@transaction.atomic
def drop(*, add_on_id: int, end: date, on: date, by: Actor) -> AddOn:
    """End an add-on on a day; its speed goes with it. Dropping again gives the dropped one."""
    by = by.must("subscriptions.change")
    one = AddOn.objects.select_related("plan").get(pk=add_on_id)
    (row,) = locked([one.subscription_id])
    one.refresh_from_db(fields=["state", "end", "start"])
    if one.state == AddOn.OVER or one.end == end:
        return one
    one.end = max(end, one.start)
    one.state = AddOn.OVER if end <= on else one.state
    one.save(update_fields=["end", "state"])
    what = "add_on_ended" if one.state == AddOn.OVER else "add_on_ending"
    _speed(row, happened(what, row, {"plan": one.plan.name, "on": one.end.isoformat()}), by)
    return one


@transaction.atomic
def turn_add_ons(*, subscription_id: int, on: date, by: Actor) -> None:
    """Let the add-ons of a subscription begin and end whose day has come."""
    by = by.must("subscriptions.change")
    (row,) = locked([subscription_id])
    row.add_ons.filter(state=AddOn.WAITING, start__lte=on).update(state=AddOn.RUNNING)
    row.add_ons.filter(end__lte=on).exclude(state=AddOn.OVER).update(state=AddOn.OVER)
    _speed(row, happened("add_ons_turned", row, {"on": on.isoformat()}), by)


@transaction.atomic(savepoint=False)
def leave(*, row: Subscription, gone: Iterable[AddOn], on: date, by: Actor) -> None:
    """Let add-ons be over with what they were on top of; the caller writes what happened, and
    tells the router."""
    by.must("subscriptions.change")
    keys = [one.pk for one in gone if one.state != AddOn.OVER]
    if not keys:
        return
    AddOn.objects.filter(pk__in=keys).filter(Q(end=None) | Q(end__gt=on)).update(
        end=Greatest(F("start"), on)
    )
    AddOn.objects.filter(pk__in=keys).update(state=AddOn.OVER)
    _count(row)


def _speed(row: Subscription, what: Happened, by: Actor) -> None:
    """Write what happened to add-ons, and let the router know if the speed is another."""
    (record,) = record_many(by, [what])
    if _count(row) and row.state in RUNNING:
        want_many(wishes=[wish(row, record)], by=by)


def _count(row: Subscription) -> bool:
    """Add up the speed that add-ons put on top; whether it changed."""
    had = row.add_ons.filter(state=AddOn.RUNNING).aggregate(
        down=Sum(F("plan__down_kbps") * F("quantity")), up=Sum(F("plan__up_kbps") * F("quantity"))
    )
    before = (row.extra_down_kbps, row.extra_up_kbps)
    row.extra_down_kbps, row.extra_up_kbps = had["down"] or 0, had["up"] or 0
    if before == (row.extra_down_kbps, row.extra_up_kbps):
        return False
    row.save(update_fields=["extra_down_kbps", "extra_up_kbps"])
    return True
