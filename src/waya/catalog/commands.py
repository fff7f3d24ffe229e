"""Plans, their versions and the tax packs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import cast

from django.db import transaction
from django.db.models import Q

from waya.catalog.models import BundlePart, Plan, PlanVersion, PriceChange, Promotion, TaxRate
from waya.catalog.queries import (
    goes_with,
    held,
    interval_of,
    parts_on,
    sold_alone,
    tax_classes,
)
from waya.catalog.rules.bundles import bundled, off
from waya.catalog.rules.packs import ROWS
from waya.catalog.rules.packs.rows import Row
from waya.catalog.rules.plans import Charge, Interval, PlanTerms, Unit
from waya.catalog.rules.versions import (
    checked,
    flat,
    is_metered,
    opens_with_a_price,
    price_of,
    written,
)
from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.org.actors import Actor
from waya.org.audit import Happened, record_many
from waya.org.models import Entity

NONE = Decimal(0)
# What stands in the place of a code in addresses of the console.
ADDRESSES = ("new", "promotions", "add-ons", "bundles")
# The longest period of each unit.
MOST = {"month": 12, "week": 366, "day": 366, "hour": 744}


@transaction.atomic
def seed_taxes(*, by: Actor) -> None:
    """Bring the tax packs' rates in; rates that are there already stay as they are."""
    by.must("catalog.tax")
    known = set(TaxRate.objects.values_list(*_ONCE))
    fresh = [row for row in ROWS if tuple(getattr(row, name) for name in _ONCE) not in known]
    TaxRate.objects.bulk_create([_rate(row) for row in fresh], ignore_conflicts=True)


# What no two records of a rate have alike.
_ONCE = ("jurisdiction", "tax", "tax_class", "customer_class", "valid_from", "recorded_on")


def _rate(row: Row) -> TaxRate:
    return TaxRate(
        jurisdiction=row.jurisdiction,
        tax=row.tax,
        name=row.name,
        kind=row.kind,
        tax_class=row.tax_class,
        customer_class=row.customer_class,
        sequence=row.sequence,
        how=row.how,
        rate_percent=row.rate_percent,
        on=list(row.on),
        share_percent=row.share_percent,
        per_unit_minor=row.per_unit_minor,
        least_minor=row.least_minor,
        most_minor=row.most_minor,
        rounding=row.rounding,
        quantum_minor=row.quantum_minor,
        category=row.category,
        reverse=row.reverse,
        reverse_law=row.reverse_law,
        valid_from=row.valid_from,
        end=row.end,
        recorded_on=row.recorded_on,
        status=row.status,
        law=row.law,
    )


@transaction.atomic
def add_plan(
    *,
    entity_id: int,
    code: str,
    name: str,
    mode: str,
    down_kbps: int,
    up_kbps: int,
    price_minor: int,
    valid_from: date,
    by: Actor,
    unit: str = "month",
    count: int = 1,
    calendar_day: int | None = None,
    tax_inclusive: bool = True,
) -> Plan:
    """Put a plan on sale with its first price, in the entity's currency, for so many months,
    weeks, days or hours (`unit` and `count`).

    `calendar_day` makes every period begin on that day of the month, the first one being
    prorated; without it periods begin on the day the customer began. The same code again
    gives the plan that has it. Refuses `speed_missing`, `price_negative`, `period_wrong` (1–12
    months, 1–366 weeks or days, 1–744 hours; only months begin on a calendar day) and
    `hours_prepaid` for hours that are not paid before.
    """
    by = by.must("catalog.change")
    known = Plan.objects.filter(entity_id=entity_id, code=code).first()
    if known:
        return known
    terms = PlanTerms(code, Interval(cast(Unit, unit), count), flat(price_minor), name=name)
    return open_plan(
        entity_id=entity_id, mode=mode, terms=terms, down_kbps=down_kbps, up_kbps=up_kbps,
        calendar_day=calendar_day, valid_from=valid_from, tax_inclusive=tax_inclusive, by=by,
    )  # fmt: skip


@transaction.atomic
def open_plan(
    *, entity_id: int, mode: str, terms: PlanTerms, down_kbps: int, up_kbps: int, valid_from: date,
    by: Actor, calendar_day: int | None = None, tax_inclusive: bool = True,
) -> Plan:  # fmt: skip
    """Put a plan on sale with a first version of any charges and phases; its code, name and
    period are those of the terms.

    Refuses `plan_code_taken` (for the words that are addresses of the console too), and what
    `add_plan` and `publish_version` refuse.
    """
    by = by.must("catalog.change")
    unit, count = terms.interval.unit, terms.interval.count
    if down_kbps <= 0 or up_kbps <= 0:
        raise Refused("speed_missing")
    if not 1 <= count <= MOST.get(unit, 0) or (calendar_day is not None and unit != "month"):
        raise Refused("period_wrong")
    if unit == "hour" and mode != Plan.PREPAID:
        raise Refused("hours_prepaid")
    known = Plan.objects.filter(entity_id=entity_id, code=terms.code)
    if terms.code in ADDRESSES or known.exists():
        raise Refused("plan_code_taken", plan=terms.code)
    plan = Plan.objects.create(
        entity_id=entity_id, code=terms.code, name=terms.name, mode=mode, unit=unit, count=count,
        down_kbps=down_kbps, up_kbps=up_kbps, calendar_day=calendar_day,
    )  # fmt: skip
    record_many(by, [Happened("plan.added", ("plan", plan.pk), why={"name": plan.name})])
    publish_version(plan_id=plan.pk, terms=terms, valid_from=valid_from,
                    tax_inclusive=tax_inclusive, by=by)  # fmt: skip
    return plan


@transaction.atomic
def withdraw_plan(*, plan_id: int, by: Actor) -> Plan:
    """Sell a plan, an add-on or a bundle no more: nobody new has it; whoever has it keeps it, and
    pays for it as before. Again changes nothing."""
    by = by.must("catalog.change")
    return _offered(plan_id, on_sale=False, by=by)


@transaction.atomic
def sell_again(*, plan_id: int, by: Actor) -> Plan:
    """Sell a plan that was withdrawn, at the version of the day. Again changes nothing."""
    by = by.must("catalog.change")
    return _offered(plan_id, on_sale=True, by=by)


def _offered(plan_id: int, *, on_sale: bool, by: Actor) -> Plan:
    plan = Plan.objects.select_for_update(no_key=True, of=("self",)).get(pk=plan_id)
    if plan.on_sale != on_sale:
        plan.on_sale = on_sale
        plan.save(update_fields=["on_sale"])
        action = "plan.offered" if on_sale else "plan.withdrawn"
        record_many(by, [Happened(action, ("plan", plan.pk), why={"name": plan.name})])
    return plan


@transaction.atomic
def publish_price(
    *, plan_id: int, amount_minor: int, valid_from: date, tax_inclusive: bool = True, by: Actor
) -> PlanVersion:
    """Publish a version of one flat price for a whole period, as `publish_version` does; that of
    a bundle is shared out over its parts by what each costs alone on that day."""
    by = by.must("catalog.change")
    plan = Plan.objects.get(pk=plan_id)
    terms = PlanTerms(plan.code, interval_of(plan), flat(amount_minor), name=plan.name)
    parts = parts_on(plan, valid_from)
    if parts:
        terms = bundled(parts, amount_minor, code=plan.code, name=plan.name,
                        interval=terms.interval)  # fmt: skip
        tax_inclusive = parts[0].tax_inclusive
    return publish_version(
        plan_id=plan_id, terms=terms, valid_from=valid_from, tax_inclusive=tax_inclusive, by=by
    )


@transaction.atomic
def publish_version(
    *, plan_id: int, terms: PlanTerms, valid_from: date, tax_inclusive: bool = True, by: Actor
) -> PlanVersion:
    """Say what a plan costs, and how, for those who take it from a date on.

    Amounts are minor units of the entity's currency. Whoever has the plan keeps the version
    they have. A published version never changes: refuses `price_published` for a date that
    has another, `interval_differs` for a cycle that is not the plan's,
    `meters_nothing` for an add-on, or hours, with what can only be billed after a period,
    `nothing_in_advance` for a prepaid plan that has nothing to pay before one, and what
    `rules.versions.checked` refuses.
    """
    by = by.must("catalog.change")
    plan = Plan.objects.select_for_update(no_key=True, of=("self",)).get(pk=plan_id)
    if terms.interval != interval_of(plan):
        raise Refused("interval_differs", plan=plan.name)
    told = written(checked(terms))
    if plan.mode == Plan.PREPAID:
        if is_metered(terms) and (plan.add_on or plan.unit == "hour"):
            raise Refused("meters_nothing", plan=plan.name)
        if not opens_with_a_price(terms):
            raise Refused("nothing_in_advance", plan=plan.name)
    known = PlanVersion.objects.filter(plan=plan).order_by("number")
    for one in known:
        if one.valid_from == valid_from:
            if (one.terms, one.tax_inclusive) != (told, tax_inclusive):
                raise Refused("price_published", on=valid_from.isoformat())
            return one
    currency = Entity.objects.values_list("currency", flat=True).get(pk=plan.entity_id)
    version = PlanVersion.objects.create(
        plan=plan,
        number=known.count() + 1,
        valid_from=valid_from,
        amount_minor=price_of(terms),
        currency=currency,
        tax_inclusive=tax_inclusive,
        terms=told,
        published_at=clock.now(),
    )
    record_many(by, [Happened("version.published", ("plan", plan.pk),
                              why={"plan": plan.name, "version": version.number,
                                   "minor": version.amount_minor, "currency": currency,
                                   "from": valid_from.isoformat()})])  # fmt: skip
    return version


@transaction.atomic
def change_price(*, version_id: int, on: date, by: Actor) -> PriceChange:
    """Move those who have an older version of a plan to this one: periods that begin on a day,
    or later, are charged by it. Nothing that was asked for or billed changes.

    A version is moved to once; the same again gives the first. Refuses `change_exists` for
    another day, `change_in_the_past`, and `change_backward` when there is a later version that
    people are moved to before.
    """
    by = by.must("catalog.change")
    version = PlanVersion.objects.select_related("plan__entity").get(pk=version_id)
    plan = Plan.objects.select_for_update(no_key=True, of=("self",)).get(pk=version.plan_id)
    known = PriceChange.objects.filter(version=version).first()
    if known is not None:
        if known.on != on:
            raise Refused("change_exists", on=known.on.isoformat())
        return known
    if on < clock.today(version.plan.entity.zone):
        raise Refused("change_in_the_past", on=on.isoformat())
    crossed = PriceChange.objects.filter(
        Q(version__number__gt=version.number, on__lte=on)
        | Q(version__number__lt=version.number, on__gte=on),
        version__plan=plan,
    )
    if crossed.exists():
        raise Refused("change_backward")
    change = PriceChange.objects.create(version=version, on=on, made_at=clock.now())
    record_many(by, [Happened("price.changed", ("plan", plan.pk),
                              why={"plan": plan.name, "version": version.number,
                                   "minor": version.amount_minor, "currency": version.currency,
                                   "on": on.isoformat()})])  # fmt: skip
    return change


@transaction.atomic
def add_promotion(
    *, entity_id: int, code: str, name: str, valid_from: date, by: Actor,
    percent: Decimal = NONE, amount_minor: int = 0, periods: int | None = None,
    end: date | None = None, plans: Sequence[str] = (),
) -> Promotion:  # fmt: skip
    """Offer less to pay to who has a code: a percentage or an amount, each period, for so many
    periods or all. Codes are upper case. The same again gives the first; refuses
    `promotion_wrong` and `promotion_code_taken`."""
    by = by.must("catalog.change")
    if (percent > 0) == (amount_minor > 0) or not 0 <= percent <= 100 or (periods or 1) < 1:
        raise Refused("promotion_wrong")
    if end is not None and end <= valid_from:
        raise Refused("promotion_wrong")
    wished = {
        "name": name, "percent": percent, "amount_minor": amount_minor, "periods": periods,
        "valid_from": valid_from, "end": end, "plans": list(plans),
    }  # fmt: skip
    row, fresh = Promotion.objects.get_or_create(
        entity_id=entity_id, code=code.strip().upper(), defaults=wished
    )
    if any(getattr(row, field) != value for field, value in wished.items()):
        raise Refused("promotion_code_taken", promotion=row.code)
    if fresh:
        record_many(by, [Happened("promotion.added", ("promotion", row.pk),
                                  why={"code": row.code, "name": name})])  # fmt: skip
    return row


@transaction.atomic
def end_promotion(*, promotion_id: int, on: date, by: Actor) -> Promotion:
    """Give a promotion out no more from a day on; whoever has it keeps it for its periods.

    The same day again changes nothing. Refuses `promotion_past` for a day that has passed, and
    `promotion_over` when it was ended before that day already.
    """
    by = by.must("catalog.change")
    rows = Promotion.objects.select_for_update(no_key=True, of=("self",)).select_related("entity")
    row = rows.get(pk=promotion_id)
    if row.end == on:
        return row
    if on < clock.today(row.entity.zone):
        raise Refused("promotion_past", on=on.isoformat())
    if row.end is not None and row.end < on:
        raise Refused("promotion_over", promotion=row.code, on=row.end.isoformat())
    row.end = on
    row.save(update_fields=["end"])
    record_many(by, [Happened("promotion.ended", ("promotion", row.pk),
                              why={"code": row.code, "on": on.isoformat()})])  # fmt: skip
    return row


@transaction.atomic
def add_add_on(
    *, entity_id: int, code: str, name: str, price_minor: int, valid_from: date, by: Actor,
    to: Sequence[str] = (), unit: str = "month", count: int = 1, once_minor: int = 0,
    deposit_minor: int = 0, tax_class: str = "internet", down_kbps: int = 0, up_kbps: int = 0,
    tax_inclusive: bool = True,
) -> Plan:  # fmt: skip
    """Sell something on top of plans (of those with these codes; of any without): for a price
    each period, one that is charged once, and a deposit; its speed comes on top of the plan's.

    The same again gives the first; refuses `plan_code_taken` for a code that something else
    has, `plan_unknown` for one of `to` that nobody has, `tax_class_unknown`, `period_wrong`,
    and what `publish_version` refuses.
    """
    by = by.must("catalog.change")
    _sold(entity_id, to)
    classes = tax_classes(Entity.objects.values_list("country", flat=True).get(pk=entity_id))
    if classes and tax_class not in classes:
        raise Refused("tax_class_unknown", tax_class=tax_class)
    if unit == "hour" or not 1 <= count <= MOST.get(unit, 0) or min(down_kbps, up_kbps) < 0:
        raise Refused("period_wrong")
    charges = [
        *flat(price_minor),
        *([Charge("once", "one_off", Fraction(once_minor))] if once_minor else []),
        *([Charge("deposit", "deposit", Fraction(deposit_minor))] if deposit_minor else []),
    ]
    plan = Plan(
        entity_id=entity_id, code=code, name=name, unit=unit, count=count, down_kbps=down_kbps,
        up_kbps=up_kbps, tax_class=tax_class, add_on=True, add_on_to=list(to),
    )  # fmt: skip
    terms = PlanTerms(code, interval_of(plan), tuple(charges), name=name)
    known = _as_before(plan, terms, valid_from)
    if known is not None:
        return known
    plan.save()
    record_many(by, [Happened("plan.added", ("plan", plan.pk), why={"name": name})])
    publish_version(plan_id=plan.pk, terms=terms, valid_from=valid_from,
                    tax_inclusive=tax_inclusive, by=by)  # fmt: skip
    return plan


_OF_A_PLAN = (
    "name", "mode", "unit", "count", "down_kbps", "up_kbps", "tax_class", "calendar_day", "add_on",
    "add_on_to",
)  # fmt: skip


def _as_before(plan: Plan, terms: PlanTerms, valid_from: date) -> Plan | None:
    """The plan that was put on sale just like this one; None for a new code. Refuses
    `plan_code_taken` where the code is that of something else."""
    known = Plan.objects.filter(entity_id=plan.entity_id, code=plan.code).first()
    if known is None and plan.code not in ADDRESSES:
        return None
    alike = known is not None and all(
        getattr(known, name) == getattr(plan, name) for name in _OF_A_PLAN
    )
    if (
        not alike
        or not PlanVersion.objects.filter(
            plan=known, valid_from=valid_from, terms=written(terms)
        ).exists()
    ):
        raise Refused("plan_code_taken", plan=plan.code)
    return known


def _sold(entity_id: int, codes: Sequence[str]) -> list[Plan]:
    """The plans with these codes, in order; refuses `plan_unknown`."""
    known = {one.code: one for one in Plan.objects.filter(entity_id=entity_id, code__in=codes)}
    if set(codes) - set(known):
        raise Refused("plan_unknown")
    return [known[code] for code in codes]


@transaction.atomic
def add_bundle(
    *, entity_id: int, code: str, name: str, parts: Sequence[str], valid_from: date, by: Actor,
    price_minor: int | None = None, percent_off: Decimal = NONE,
) -> Plan:  # fmt: skip
    """Sell several plans as one: a line and what goes on top of it, by their codes, at one price
    each period or so many percent below what they cost alone on that day.

    It is paid, and its periods are, as those of the line. The same again gives the first; refuses
    `plan_code_taken` for a code that something else has, `plan_unknown`, `bundle_line_missing`
    unless the first is a plan and the rest are add-ons that go with it, `bundle_price_wrong`
    unless it has one of a price and a discount, and what `rules.bundles.bundled` refuses.
    """
    by = by.must("catalog.change")
    whole = _sold(entity_id, list(dict.fromkeys(parts)))
    line = whole[0] if whole and not whole[0].add_on and not held(whole[0]) else None
    if line is None or not all(goes_with(one, line) for one in whole[1:]):
        raise Refused("bundle_line_missing")
    if (price_minor is None) == (percent_off == 0) or not 0 <= percent_off <= 100:
        raise Refused("bundle_price_wrong")
    parts_alone = sold_alone(whole, valid_from)
    if price_minor is None:
        price_minor = off(parts_alone, Fraction(percent_off))
    plan = Plan(
        entity_id=entity_id, code=code, name=name, mode=line.mode, unit=line.unit,
        count=line.count, calendar_day=line.calendar_day, tax_class=line.tax_class,
        down_kbps=sum(one.down_kbps for one in whole),
        up_kbps=sum(one.up_kbps for one in whole),
    )  # fmt: skip
    terms = bundled(parts_alone, price_minor, code=code, name=name, interval=interval_of(plan))
    known = _as_before(plan, terms, valid_from)
    if known is not None:
        return known
    plan.save()
    BundlePart.objects.bulk_create(
        BundlePart(bundle=plan, part=one, place=place) for place, one in enumerate(whole, start=1)
    )
    record_many(by, [Happened("plan.added", ("plan", plan.pk), why={"name": name})])
    publish_version(plan_id=plan.pk, terms=terms, valid_from=valid_from,
                    tax_inclusive=parts_alone[0].tax_inclusive, by=by)  # fmt: skip
    return plan
