"""Plans, their versions and the tax packs."""

from __future__ import annotations

from datetime import date

from django.db import transaction

from waya.catalog.models import Plan, PlanVersion, TaxRate
from waya.catalog.queries import interval_of
from waya.catalog.rules.packs import ROWS
from waya.catalog.rules.packs.rows import Row
from waya.catalog.rules.plans import PlanTerms
from waya.catalog.rules.versions import checked, flat, price_of, written
from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.org.actors import Actor
from waya.org.audit import Happened, record_many
from waya.org.models import Entity


@transaction.atomic
def seed_taxes(*, by: Actor) -> None:
    """Bring the tax packs' rates in; rates that are there already stay as they are."""
    by.must("catalog.tax")
    TaxRate.objects.bulk_create([_rate(row) for row in ROWS], ignore_conflicts=True)


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
    months: int = 1,
    calendar_day: int | None = None,
    tax_inclusive: bool = True,
) -> Plan:
    """Put a plan on sale with its first price, in the entity's currency.

    `calendar_day` makes every period begin on that day of the month, the first one being
    prorated; without it periods begin on the day the customer began. The same code again
    gives the plan that has it. Refuses `speed_missing` and `price_negative`.
    """
    by = by.must("catalog.change")
    if down_kbps <= 0 or up_kbps <= 0:
        raise Refused("speed_missing")
    known = Plan.objects.filter(entity_id=entity_id, code=code).first()
    if known:
        return known
    plan = Plan.objects.create(
        entity_id=entity_id,
        code=code,
        name=name,
        mode=mode,
        months=months,
        down_kbps=down_kbps,
        up_kbps=up_kbps,
        calendar_day=calendar_day,
    )
    record_many(by, [Happened("plan.added", ("plan", plan.pk), why={"name": name})])
    publish_price(plan_id=plan.pk, amount_minor=price_minor, valid_from=valid_from,
                  tax_inclusive=tax_inclusive, by=by)  # fmt: skip
    return plan


@transaction.atomic
def publish_price(
    *, plan_id: int, amount_minor: int, valid_from: date, tax_inclusive: bool = True, by: Actor
) -> PlanVersion:
    """Publish a version of one flat price for a whole period; as `publish_version` does."""
    by = by.must("catalog.change")
    plan = Plan.objects.get(pk=plan_id)
    terms = PlanTerms(plan.code, interval_of(plan), flat(amount_minor), name=plan.name)
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
    has another, `interval_differs` for a cycle that is not the plan's, and what
    `rules.versions.checked` refuses.
    """
    by = by.must("catalog.change")
    plan = Plan.objects.select_for_update(no_key=True, of=("self",)).get(pk=plan_id)
    if terms.interval != interval_of(plan):
        raise Refused("interval_differs", plan=plan.name)
    told = written(checked(terms))
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
