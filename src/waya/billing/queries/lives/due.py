"""Subscriptions as the engine is told of them, read for many at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from waya.billing.models import InvoiceLine
from waya.billing.queries.pricing import PriceList
from waya.billing.rules.engine import events
from waya.billing.rules.hours import charge_of
from waya.billing.rules.lives import Life, opening
from waya.catalog.queries import Version, versions
from waya.catalog.rules.plans import Discount
from waya.kernel.periods import on_day
from waya.org.rows.among import among, array
from waya.org.rows.asking import ask
from waya.subscriptions.models import Grant, Subscription


@dataclass(frozen=True, slots=True)
class Due:
    """A subscription that is due, as far as billing needs it; `since` is the first day that
    is not billed."""

    id: int
    customer_id: int
    plan_id: int
    version_id: int
    since: date
    anchor_day: int
    began: date
    quantity: int = 1
    cycle_on: date | None = None
    next_version_id: int | None = None
    next_on: date | None = None


COLUMNS = ("pk", "customer_id", "plan_id", "version_id", "billed_through", "anchor_day",
           "started_on", "quantity", "cycle_on", "next_version_id", "next_on")  # fmt: skip


def due_of(row: Subscription, since: date, anchor_day: int) -> Due:
    """One subscription, to be billed from a day."""
    return Due(row.pk, row.customer_id, row.plan_id, row.version_id, since, anchor_day,
               row.started_on or since, row.quantity, row.cycle_on, row.next_version_id,
               row.next_on)  # fmt: skip


def opens_on(row: Subscription, began: date) -> date:
    """The first day that is charged of a subscription that begins on a day."""
    version = versions([row.plan])[row.version_id]
    return opening(version.terms.phases, began)


def plain(row: Due, version: Version, granted: set[int]) -> bool:
    """Whether what is due is nothing but whole periods at one flat price."""
    since, anchor = row.since, row.anchor_day
    return (
        version.plain
        and row.quantity == 1
        and row.next_on is None
        and row.cycle_on is None
        and row.id not in granted
        and (since.day == anchor or since == on_day(since.year, since.month, anchor))
    )


def granted(keys: Iterable[int]) -> set[int]:
    """Which of some subscriptions have a promotion."""
    return {key for (key,) in ask(_GRANTED, [array(keys)])}


def lives(rows: Sequence[Due], prices: PriceList) -> dict[int, Life]:
    """The life of each from its first unbilled day: three queries for any number of them."""
    keys = [row.id for row in rows]
    grants: dict[int, list[Grant]] = {}
    if given := granted(keys):
        rows_given = Grant.objects.filter(subscription_id__in=among(given))
        for grant in rows_given.select_related("promotion"):
            grants.setdefault(grant.subscription_id, []).append(grant)
    had = _had(rows) if grants else {}
    left_over = _left(grants)
    quantities = _quantities(rows)
    used: dict[int, list[events.Usage]] = {}
    for key, on, metric, quantity in ask(_USED, [array(keys), _first(rows)]):
        counted = events.Usage(on, metric, Fraction(quantity), str(key))
        used.setdefault(key, []).append(counted)
    found = {
        row.id: _life(row, prices, grants.get(row.id, []), had, used.get(row.id, []))
        for row in rows
    }
    for key, left in left_over.items():
        found[key] = replace(found[key], granted=left)
    for row in rows:
        if row.id in quantities:
            found[row.id] = _of_another_quantity(row, found[row.id], quantities[row.id])
    return found


def _life(
    row: Due, prices: PriceList, grants: Sequence[Grant],
    had: dict[tuple[int, str], int], used: Sequence[events.Usage],
) -> Life:  # fmt: skip
    version = prices.at(row.version_id, row.since)
    next_on, next_plan = row.next_on, None
    if row.next_version_id is not None and next_on is not None:
        coming = prices.at(row.next_version_id, next_on)
        if next_on <= row.since:
            version, next_on = coming, None
        next_plan = coming.terms
    ahead = prices.ahead(version.id, row.since) if next_on is None else None
    if ahead is not None:
        next_on, next_plan = ahead[0], ahead[1].terms
    return Life(
        key=str(row.id),
        plan=version.terms,
        since=row.since,
        began=row.began,
        anchor_day=row.anchor_day,
        cycle_on=row.cycle_on,
        quantity=Fraction(row.quantity),
        next_plan=next_plan,
        next_on=next_on,
        at_term=ahead is not None,
        discounts=tuple(_discounts(row, grants, had)),
        usage=tuple(used),
    )


def _left(grants: Mapping[int, Sequence[Grant]]) -> dict[int, tuple[tuple[str, Fraction], ...]]:
    """What is left of the usage that was granted, by subscription: what was granted less what
    bills say was used of it. No query unless there is any."""
    left: dict[tuple[int, str], Fraction] = {}
    for key, owned in grants.items():
        for one in owned:
            if one.metric:
                place = (key, one.metric)
                left[place] = left.get(place, Fraction(0)) + Fraction(one.quantity)
    if not left:
        return {}
    lines = InvoiceLine.objects.filter(
        subscription_id__in=among({key for key, _ in left}), why__has_key="granted"
    )
    for owner, why in lines.values_list("subscription_id", "why"):
        if owner is not None and (owner, why["metric"]) in left:
            left[owner, why["metric"]] -= Fraction(why["granted"])
    found: dict[int, tuple[tuple[str, Fraction], ...]] = {}
    for (key, metric), quantity in left.items():
        if quantity > 0:
            found[key] = (*found.get(key, ()), (metric, quantity))
    return found


def _quantities(rows: Sequence[Due]) -> dict[int, int]:
    """How many those will have for whom another quantity is planned. No query unless anything
    is."""
    planned = [row.id for row in rows if row.next_version_id is not None]
    if not planned:
        return {}
    coming = Subscription.objects.filter(pk__in=among(planned), next_quantity__isnull=False)
    return {key: many for key, many in coming.values_list("pk", "next_quantity") if many}


def _of_another_quantity(row: Due, life: Life, many: int) -> Life:
    """A life whose quantity changes when its plan is to; or has, where that day is billed."""
    if row.next_on is not None and row.next_on <= row.since:
        return replace(life, quantity=Fraction(many))
    return replace(life, next_quantity=Fraction(many))


def _discounts(
    row: Due, grants: Sequence[Grant], had: dict[tuple[int, str], int]
) -> Iterable[Discount]:
    """What is left of the promotions that a subscription has."""
    for grant in grants:
        one = grant.promotion
        if one is None:
            continue
        left = None if one.periods is None else one.periods - had.get((row.id, one.code), 0)
        if left is None or left > 0:
            yield Discount(
                one.code, Fraction(one.percent) / 100, Fraction(one.amount_minor), left,
                grant.start, plans=tuple(one.plans),
            )  # fmt: skip


def _had(rows: Sequence[Due]) -> dict[tuple[int, str], int]:
    """In how many periods a subscription had each promotion, by what was billed: cycles, however
    many pieces they were billed in. One that goes on at `since` is not over, and not counted."""
    since = {row.id: row.since for row in rows}
    found = InvoiceLine.objects.filter(
        subscription_id__in=among(since), charge__startswith="discount:"
    )
    periods: dict[tuple[int, str], set[str]] = {}
    for key, charge, start, why in found.values_list("subscription_id", "charge", "start", "why"):
        goes_on = why.get("cycle_until", "") > since[key].isoformat() >= why.get("cycle_from", "")
        if not goes_on:
            code = charge_of(charge).split(":")[1]
            of_code = periods.setdefault((key, code), set())
            # By the hour no cycle is known, and each moment is a charge.
            of_code.add(why.get("cycle_from") or f"{charge.partition('@')[2]}:{start}")
    return {place: len(each) for place, each in periods.items()}


def billed(rows: Sequence[Due]) -> dict[tuple[int, date, str], int]:
    """How often each charge was billed for each day from `since` on: what is not to be billed
    again, or in another turn."""
    counts: dict[tuple[int, date, str], int] = {}
    for key, start, charge in ask(_BILLED, [array(row.id for row in rows), _first(rows)]):
        counts[key, start, charge] = counts.get((key, start, charge), 0) + 1
    return counts


def _first(rows: Sequence[Due]) -> date:
    """The first day that is not billed of any."""
    return min((row.since for row in rows), default=date.max)


_GRANTED = (
    "select distinct subscription_id from subscriptions_grant where subscription_id = any(%s)"
)
_USED = """
select subscription_id, "on", metric, quantity from billing_usage
where subscription_id = any(%s) and "on" >= %s
"""
_BILLED = """
select subscription_id, start, charge from billing_invoiceline
where subscription_id = any(%s) and start >= %s
"""
