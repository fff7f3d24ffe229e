"""What a customer has: asked for, begun, renewed, walled, restored, changed, ended."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from django.db import connection, transaction
from django.db.models import Q

from waya.catalog.models import Plan, PlanVersion, Promotion
from waya.catalog.queries import goes_with, version_today
from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.network.commands.wishes import want_many
from waya.org.actors import Actor
from waya.org.audit import record_many
from waya.org.rows.among import array
from waya.org.rows.changing import change_rows
from waya.parties.models import Customer, Site
from waya.subscriptions.commands.add_ons import leave
from waya.subscriptions.models import AddOn, Change, Grant, Subscription
from waya.subscriptions.queries import RUNNING, happened, locked, wish
from waya.subscriptions.rules.life import (
    CUT_OFF,
    LEGAL,
    OFF,
    Advance,
    Metered,
    Moved,
    Renewal,
    Stood,
    Turns,
    state_for,
    turns,
    username,
)

_TURNED = {CUT_OFF: "walled", OFF: "disconnected"}
_STOOD = ("standing", "state", "standing_cause_id")
_RENEWED = (*_STOOD, "started_on", "anchor_day", "paid_through", "billed_through")

# No vowels and nothing that reads like something else.
_LETTERS = "bcdfghjkmnpqrstvwxz23456789"


@transaction.atomic
def request(
    *, customer: Customer, site: Site, plan: Plan, router_id: int, by: Actor,
    turns: Turns | None = None,
) -> Subscription:  # fmt: skip
    """Note that a customer wants a plan at a site; nothing is on the wire until it is paid.

    They have the version that is sold today, and keep it. Where `turns` says so, its periods
    end with those of another service; otherwise the day on which it begins is its own. Refuses
    `plan_withdrawn` for a plan that is not on sale, and `no_price`.
    """
    by = by.must("subscriptions.request")
    if not plan.on_sale:
        raise Refused("plan_withdrawn", plan=plan.name)
    subscription = Subscription.objects.create(
        entity_id=customer.entity_id,
        customer=customer,
        site=site,
        plan=plan,
        version_id=version_today(plan),
        router_id=router_id,
        username=_username(customer.name),
        created_at=clock.now(),
        anchor_day=turns.anchor_day if turns else None,
        cycle_on=turns.cycle_on if turns else None,
    )
    record_many(by, [happened("requested", subscription, {"plan": plan.name})])
    return subscription


def _username(name: str) -> str:
    while True:
        chosen = username(name, "".join(secrets.choice(_LETTERS) for _ in range(5)))
        if not Subscription.objects.filter(username=chosen).exists():
            return chosen


@transaction.atomic(savepoint=False)
def activate(*, renewals: Sequence[Renewal], by: Actor) -> None:
    """Begin or renew subscriptions whose period is paid (prepaid) or begun (postpaid), as
    `turn` does; whether one that was walled comes back is for billing to judge."""
    by = by.must("subscriptions.activate")
    turn(renewals=renewals, standings={}, by=by)


@transaction.atomic(savepoint=False)
def turn(
    *, renewals: Sequence[Renewal], standings: Mapping[int, Stood], by: Actor
) -> list[Subscription]:
    """Renew subscriptions, and put running ones where they stand now, by subscription; gives
    those whose standing changed.

    Set-wise. One that was asked for becomes active and goes on the wire. Entering cut_off
    walls a running one, off disables it, leaving them restores: the subscription, its audit
    record and what the router should hold change together. Refuses `subscription_ended`.
    """
    by = by.must("subscriptions.stand")
    wished = {one.subscription_id: one for one in renewals}
    rows = locked({*wished, *standings})
    renewed = [row for row in rows if row.pk in wished]
    begun = [row for row in renewed if _renewed(row, wished[row.pk])]
    changed, turned = _stand(rows, standings)
    causes = _record(renewed, wished, begun, turned, standings, by)
    for row in turned:
        row.standing_cause_id = causes[row.pk]
    touched = {row.pk: row for row in (*renewed, *changed)}
    columns = _RENEWED if renewed else _STOOD
    if any(one.paid_until for one in renewals):
        columns = (*columns, "paid_until")
    if any(one.turns for one in renewals):
        columns = (*columns, "cycle_on")
    change_rows(touched.values(), columns)
    Change.objects.bulk_create(
        Change(subscription=row, kind="begun", on=wished[row.pk].start, to_plan_id=row.plan_id,
               made_at=clock.now())
        for row in begun
    )  # fmt: skip
    wired = {row.pk: row for row in (*begun, *turned)}
    want_many(wishes=[wish(row, causes[key]) for key, row in wired.items()], by=by)
    return changed


def _stand(
    rows: Iterable[Subscription], standings: Mapping[int, Stood]
) -> tuple[list[Subscription], list[Subscription]]:
    """Put running ones where they stand; gives those changed, and of them those walled,
    disabled or back."""
    changed, turned = [], []
    for row in rows:
        wished = standings.get(row.pk)
        if wished is None or row.state not in RUNNING or row.standing == wished.standing:
            continue
        if turns(row.standing, wished.standing):
            row.state = _legal(row, state_for(wished.standing))
            turned.append(row)
        row.standing = wished.standing
        changed.append(row)
    return changed, turned


def _renewed(row: Subscription, renewal: Renewal) -> bool:
    """Extend a subscription; tells whether it begins with that."""
    if row.state == Subscription.ENDED:
        raise Refused("subscription_ended", username=row.username)
    begins = row.state == Subscription.PENDING
    if begins:
        row.state, row.started_on = Subscription.ACTIVE, renewal.start
    row.anchor_day = renewal.anchor_day
    row.paid_through = renewal.paid_through
    row.billed_through = renewal.billed_through
    if renewal.turns:
        row.cycle_on = renewal.cycle_on
    if renewal.paid_until is not None:
        row.paid_until = renewal.paid_until
    return begins


def _record(
    renewed: Sequence[Subscription], wished: Mapping[int, Renewal],
    begun: Sequence[Subscription], turned: Sequence[Subscription],
    standings: Mapping[int, Stood], by: Actor,
) -> dict[int, int]:  # fmt: skip
    """Write what happened; gives the latest record of each subscription, its wish's cause."""
    begun_keys = {row.pk for row in begun}
    found = [
        happened("activated" if row.pk in begun_keys else "renewed", row,
                  _paid_for(wished[row.pk]), wished[row.pk].cause)
        for row in renewed
    ] + [
        happened(_TURNED.get(row.standing, "restored"), row,
                  dict(standings[row.pk].why), standings[row.pk].cause)
        for row in turned
    ]  # fmt: skip
    records = record_many(by, found)
    return dict(zip((row.pk for row in (*renewed, *turned)), records, strict=True))


def _paid_for(renewal: Renewal) -> dict[str, object]:
    until = renewal.paid_until or renewal.billed_through
    return {"from": renewal.start.isoformat(), "until": until.isoformat()}


@transaction.atomic(savepoint=False)
def advance_billed(*, advances: Sequence[Advance], by: Actor) -> None:
    """Note through which day subscriptions are billed: a compare-and-set for the whole batch.

    Refuses `billed_meanwhile` when any of them is not where it was read, so that nothing of
    a batch is billed twice.
    """
    by.must("subscriptions.bill")
    with connection.cursor() as cursor:
        cursor.execute(_ADVANCE, [
            array(one.subscription_id for one in advances),
            array(one.since for one in advances), array(one.until for one in advances),
        ])  # fmt: skip
        if cursor.rowcount != len(advances):
            raise Refused("billed_meanwhile")
        cut = [one for one in advances if one.cycle_on is not None]
        if cut:
            cursor.execute(_CUT, [array(one.subscription_id for one in cut),
                                  [one.cycle_on for one in cut]])  # fmt: skip


_ADVANCE = """
update subscriptions_subscription s set billed_through = wished.until, cycle_on = null
from unnest(%s::bigint[], %s::date[], %s::date[]) wished (id, since, until)
where s.id = wished.id and s.billed_through = wished.since
"""
_CUT = """
update subscriptions_subscription s set cycle_on = wished.cycle_on
from unnest(%s::bigint[], %s::date[]) wished (id, cycle_on) where s.id = wished.id
"""


@transaction.atomic(savepoint=False)
def advance_metered(*, advances: Sequence[Metered], by: Actor) -> None:
    """Note up to which day the use of prepaid subscriptions is billed: a compare-and-set for the
    whole batch, as `advance_billed`. Refuses `billed_meanwhile`."""
    by.must("subscriptions.bill")
    with connection.cursor() as cursor:
        cursor.execute(_METER, [
            [one.subscription_id for one in advances],
            [one.since for one in advances], [one.through for one in advances],
        ])  # fmt: skip
        if cursor.rowcount != len(advances):
            raise Refused("billed_meanwhile")


_METER = """
update subscriptions_subscription s set metered_through = wished.through
from unnest(%s::bigint[], %s::date[], %s::date[]) wished (id, since, through)
where s.id = wished.id and s.metered_through is not distinct from wished.since
"""


@transaction.atomic
def end(*, subscription_id: int, on: date, by: Actor) -> Subscription:
    """End a subscription; its secret stays, disabled, until its sessions are gone.

    Ending again gives the ended one. What was paid for and not used is billing's matter.
    """
    by = by.must("subscriptions.end")
    row = locked([subscription_id])[0]
    if row.state == Subscription.ENDED:
        return row
    was_pending = row.state == Subscription.PENDING
    row.state, row.ended_on = _legal(row, Subscription.ENDED), on
    row.save(update_fields=["state", "ended_on"])
    Change.objects.create(subscription=row, kind="ended", on=on, from_plan_id=row.plan_id,
                          made_at=clock.now())  # fmt: skip
    leave(row=row, gone=row.add_ons.all(), on=on, by=by)
    (record,) = record_many(by, [happened("ended", row, {"on": on.isoformat()})])
    if not was_pending:
        want_many(wishes=[wish(row, record)], by=by)
    return row


@transaction.atomic
def move(*, subscription_id: int, to: Moved, by: Actor) -> Subscription:
    """Put a running subscription under another version, or the same from another day: billed,
    and paid if it is prepaid, up to `to.since`. Its speed on the wire changes with it.

    What was planned for it is dropped. Refuses `not_possible_now` for one that does not run.
    """
    by = by.must("subscriptions.change")
    (row,) = locked([subscription_id])
    if row.state not in RUNNING:
        raise Refused("not_possible_now", state=row.state, wished="changed")
    before, had = row.plan, row.quantity
    version = PlanVersion.objects.select_related("plan").get(pk=to.version_id)
    _place(row, to)
    row.version, row.plan, row.quantity = version, version.plan, to.quantity or row.quantity
    _forget(row)
    row.save(update_fields=[*_PLACED, *_AHEAD, "version", "plan", "quantity"])
    on_top = row.add_ons.exclude(state=AddOn.OVER).select_related("plan")
    gone = [one for one in on_top if not goes_with(one.plan, version.plan)]
    leave(row=row, gone=gone, on=to.since, by=by)
    Change.objects.create(subscription=row, kind="changed", on=to.since, from_plan=before,
                          to_plan=row.plan, made_at=clock.now())  # fmt: skip
    (record,) = record_many(by, [happened("changed", row, {
        "from_plan": before.name, "to_plan": row.plan.name, "on": to.since.isoformat(),
        **({"quantity": row.quantity} if row.quantity != had else {}),
    })])  # fmt: skip
    want_many(wishes=[wish(row, record)], by=by)
    return row


_PLACED = ("anchor_day", "cycle_on", "billed_through", "paid_through", "paid_until")
_AHEAD = ("next_version", "next_quantity", "next_on")


def _place(row: Subscription, to: Moved) -> None:
    row.anchor_day, row.cycle_on, row.billed_through = to.anchor_day, to.cycle_on, to.since
    row.paid_until = to.until
    if row.plan.mode == Plan.PREPAID:
        row.paid_through = to.since if to.until is None else None


def _forget(row: Subscription) -> None:
    row.next_version_id, row.next_quantity, row.next_on = None, None, None


@transaction.atomic
def plan_ahead(
    *, subscription_id: int, version_id: int | None, on: date, by: Actor,
    quantity: int | None = None,
) -> Subscription:  # fmt: skip
    """Note that a running subscription goes on under a version from a day, as many as
    `quantity` where that changes, or ends then without a version. A later plan replaces an
    earlier. Refuses `not_possible_now`."""
    by = by.must("subscriptions.change")
    (row,) = locked([subscription_id])
    if row.state not in RUNNING:
        raise Refused("not_possible_now", state=row.state, wished="planned")
    row.next_version_id, row.next_quantity, row.next_on = version_id, quantity, on
    row.save(update_fields=_AHEAD)
    record_many(by, [happened("planned" if version_id else "ending", row, _planned(row))])
    return row


def _planned(row: Subscription) -> dict[str, object]:
    why: dict[str, object] = {"on": row.next_on.isoformat() if row.next_on else ""}
    if row.next_version is not None:
        why["to_plan"] = row.next_version.plan.name
    if row.next_quantity is not None:
        why["quantity"] = row.next_quantity
    return why


@transaction.atomic
def stay(*, subscription_id: int, by: Actor) -> Subscription:
    """Drop what was planned for a running subscription: it goes on as it is. Refuses
    `nothing_planned`."""
    by = by.must("subscriptions.change")
    (row,) = locked([subscription_id])
    if row.next_on is None:
        raise Refused("nothing_planned")
    why = _planned(row)
    _forget(row)
    row.save(update_fields=_AHEAD)
    record_many(by, [happened("kept", row, why)])
    return row


@transaction.atomic
def pause(
    *, subscription_id: int, since: date | None, on: date, by: Actor, cycle_on: date | None = None
) -> Subscription:
    """Pause a service that is in order: off the wire, not billed, and nobody's debt.

    `since` is the day up to which it stays billed, when unused days were given back; the cycle
    of that day began on `cycle_on`, where the day does not say it. What was planned for it is
    dropped. Refuses `not_possible_now` for one that is walled or not begun.
    """
    by = by.must("subscriptions.change")
    (row,) = locked([subscription_id])
    row.state = _legal(row, Subscription.PAUSED)
    if since is not None and row.anchor_day is not None:
        until = clock.now() if row.paid_until else None
        _place(row, Moved(row.version_id, since, row.anchor_day, cycle_on, until))
    _forget(row)
    row.save(update_fields=[*_PLACED, *_AHEAD, "state"])
    return _stopped(row, "paused", on, by)


@transaction.atomic
def resume(*, subscription_id: int, to: Moved, walled: bool, on: date, by: Actor) -> Subscription:
    """Go on with a paused service from a day; `walled` until what it then owes is paid.

    Refuses `not_possible_now` for one that is not paused.
    """
    by = by.must("subscriptions.change")
    (row,) = locked([subscription_id])
    if row.state != Subscription.PAUSED:
        raise Refused("not_possible_now", state=row.state, wished="resumed")
    row.standing = CUT_OFF if walled else "good"
    row.state = _legal(row, state_for(row.standing))
    _place(row, to)
    row.save(update_fields=[*_PLACED, "state", "standing"])
    return _stopped(row, "resumed", on, by)


def _stopped(row: Subscription, what: str, on: date, by: Actor) -> Subscription:
    Change.objects.create(subscription=row, kind=what, on=on, from_plan_id=row.plan_id,
                          made_at=clock.now())  # fmt: skip
    (record,) = record_many(by, [happened(what, row, {"on": on.isoformat()})])
    row.standing_cause_id = record
    row.save(update_fields=["standing_cause_id"])
    want_many(wishes=[wish(row, record)], by=by)
    return row


@transaction.atomic
def grant(*, subscription_id: int, code: str, on: date, by: Actor) -> Grant:
    """Give a subscription a promotion, by its code; it comes off periods from a day on.

    Granting again gives the same. Refuses `promotion_unknown` for a code that nobody gives out
    for this plan on the day, and `subscription_ended`.
    """
    by = by.must("subscriptions.grant")
    (row,) = locked([subscription_id])
    if row.state == Subscription.ENDED:
        raise Refused("subscription_ended", username=row.username)
    one = Promotion.objects.filter(
        Q(end=None) | Q(end__gt=on),
        Q(plans=[]) | Q(plans__contains=[row.plan.code]),
        entity_id=row.entity_id, code=code.strip().upper(), valid_from__lte=on,
    ).first()  # fmt: skip
    if one is None:
        raise Refused("promotion_unknown", promotion=code.strip().upper())
    granted, fresh = Grant.objects.get_or_create(
        subscription=row, promotion=one, defaults={"start": on}
    )
    if fresh:
        record_many(by, [happened("promoted", row, {"code": one.code, "name": one.name})])
    return granted


@transaction.atomic
def grant_usage(
    *, subscription_id: int, metric: str, quantity: Decimal, on: date, by: Actor
) -> Grant:
    """Let a subscription use so much of a metric, from a day on, that costs nothing further:
    had after what its plan includes, and until it is used up. Refuses `usage_negative` for
    nothing or less, and `subscription_ended`."""
    by = by.must("subscriptions.grant")
    (row,) = locked([subscription_id])
    if row.state == Subscription.ENDED:
        raise Refused("subscription_ended", username=row.username)
    if quantity <= 0:
        raise Refused("usage_negative")
    granted = Grant.objects.create(subscription=row, metric=metric, quantity=quantity, start=on)
    record_many(by, [happened("granted", row, {
        "metric": metric, "quantity": f"{quantity.normalize():f}", "on": on.isoformat(),
    })])  # fmt: skip
    return granted


def _legal(row: Subscription, state: str) -> str:
    if state != row.state and state not in LEGAL[row.state]:
        raise Refused("not_possible_now", state=row.state, wished=state)
    return state
