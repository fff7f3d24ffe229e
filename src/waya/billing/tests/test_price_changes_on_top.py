"""A price change of an add-on, and of a part of a bundle: what is shown is what is billed."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from waya.billing.commands.documents import quote
from waya.billing.commands.lives.add_ons import drop_add_on, take_add_on
from waya.billing.commands.lives.changes import cancel, pause
from waya.billing.models import InvoiceLine, ProForma
from waya.billing.queries.lives.price_changes import Preview, preview
from waya.billing.tests.make import JUNE_10, in_service, isp, joined, office_20, pays, wants
from waya.billing.tests.test_add_ons import billed, static_ip, takes
from waya.billing.tests.test_bundles import both, has
from waya.billing.tests.test_changes import MIDDLE, plan_of
from waya.billing.tests.test_charges import days
from waya.catalog.commands import change_price, publish_price
from waya.catalog.models import Plan, PlanVersion
from waya.catalog.rules.plans import Interval
from waya.org.actors import SYSTEM
from waya.org.models import Entity
from waya.subscriptions.models import AddOn, Subscription

pytestmark = pytest.mark.django_db

JULY_10 = date(2027, 7, 10)


def dearer(plan: Plan, minor: int, *, inclusive: bool = True) -> PlanVersion:
    return publish_price(plan_id=plan.pk, amount_minor=minor, valid_from=date(2021, 1, 1),
                         tax_inclusive=inclusive, by=SYSTEM)  # fmt: skip


def moved(version: PlanVersion, on: date) -> Preview:
    """The change, made as it was shown."""
    shown = preview(version.pk, on)
    change_price(version_id=version.pk, on=on, by=SYSTEM)
    return shown


def quarterly(entity: Entity, name: str) -> Subscription:
    """A prepaid customer who pays three months at a time."""
    plan = plan_of(entity, 30_000, 7500_00)
    Plan.objects.filter(pk=plan.pk).update(count=3)
    plan.refresh_from_db()
    row = wants(entity, plan, name)
    quote(subscription_id=row.pk, on=JUNE_10, by=SYSTEM)
    pays(row, 7500_00, JUNE_10)
    row.refresh_from_db()
    return row


def asked_on_top(row: Subscription) -> int:
    """What the open pro forma asks for add-ons, taxes included."""
    lines = ProForma.objects.get(subscription=row, state=ProForma.OPEN).why["lines"]
    return sum(one["gross_minor"] for one in lines if one["charge"].startswith("add-on:"))


def test_everybody_who_has_an_add_on_is_shown_and_pays_what_was_shown() -> None:
    entity = isp()
    plan, office = static_ip(entity), office_20(entity)
    brian, amina = in_service(entity, office, JUNE_10), joined(entity, name="Amina Hassan")
    wanjiku = quarterly(entity, "Wanjiku Kamau")
    pays(amina, 600_00, JUNE_10)
    pays(wanjiku, 900_00, JUNE_10)
    takes(brian, plan, JUNE_10)
    takes(amina, plan, JUNE_10, quantity=2)
    takes(wanjiku, plan, JUNE_10)
    shown = moved(dearer(plan, 350_00), JULY_10)
    assert [(one.interval.count, one.quantity, one.now.minor, one.then.minor)
            for one in shown.groups] == [
        (3, 1, 900_00, 1050_00), (1, 2, 600_00, 700_00), (1, 1, 300_00, 350_00)]  # fmt: skip
    assert (shown.many, shown.difference.minor) == (3, 300_00)
    assert [one.customer for one in shown.payers] == [
        "Wanjiku Kamau", "Amina Hassan", "Brian Mwangi"]  # fmt: skip
    then = {one.username: one.then.minor for one in shown.payers}
    days(entity, JUNE_10, JULY_10)
    assert asked_on_top(amina) == then[amina.username]
    days(entity, JULY_10, date(2027, 9, 10))
    assert asked_on_top(wanjiku) == then[wanjiku.username]
    assert [minor for *_, minor in billed(brian)] == [300_00, then[brian.username],
                                                     then[brian.username]]  # fmt: skip
    versions = InvoiceLine.objects.filter(charge__startswith="add-on:", subscription=brian)
    assert [one.why["version"] for one in versions.order_by("start")] == [1, 2, 2]


def test_a_missed_quarter_bills_each_month_of_an_add_on_at_its_price() -> None:
    entity = isp()
    plan, row = static_ip(entity), in_service(entity, office_20(entity), JUNE_10)
    takes(row, plan, JUNE_10)
    moved(dearer(plan, 350_00), JULY_10)
    days(entity, date(2027, 9, 10), date(2027, 9, 10))
    assert [minor for *_, minor in billed(row)] == [300_00, 350_00, 350_00]


def test_taxes_on_top_are_in_what_is_shown() -> None:
    entity = isp()
    plan, row = static_ip(entity), in_service(entity, office_20(entity), JUNE_10)
    takes(row, plan, JUNE_10)
    shown = moved(dearer(plan, 300_00, inclusive=False), JULY_10)
    assert shown.groups[0].then.minor > 300_00
    days(entity, JULY_10, date(2027, 8, 10))
    assert [minor for *_, minor in billed(row)] == [300_00, shown.then.minor]


def test_a_price_by_the_day_is_that_of_the_days_of_the_period() -> None:
    entity = isp()
    plan = static_ip(entity, price_minor=10_00, unit="day")
    row = in_service(entity, office_20(entity), JUNE_10)
    takes(row, plan, JUNE_10)
    shown = moved(dearer(plan, 12_00), JULY_10)
    days(entity, JUNE_10, date(2027, 8, 10))
    assert [minor for *_, minor in billed(row)] == [300_00, 31 * 12_00]
    assert shown.then.minor == 31 * 12_00


def test_who_ends_before_the_day_is_not_moved_and_who_is_paused_is() -> None:
    entity = isp()
    plan, office = static_ip(entity), office_20(entity)
    rows = [in_service(entity, office, JUNE_10) for _ in range(4)]
    for row in rows:
        takes(row, plan, JUNE_10)
    dropped = AddOn.objects.get(subscription=rows[0])
    drop_add_on(add_on_id=dropped.pk, on=MIDDLE, when="term_end", by=SYSTEM)
    cancel(subscription_id=rows[1].pk, on=MIDDLE, when="term_end", by=SYSTEM)
    pause(subscription_id=rows[2].pk, on=MIDDLE, by=SYSTEM)
    version = dearer(plan, 350_00)
    assert preview(version.pk, MIDDLE).many == 4
    assert preview(version.pk, JULY_10).many == 2


def test_who_has_it_in_a_bundle_is_named_and_pays_as_before() -> None:
    entity = isp()
    bundle = both(entity)
    row = has(entity, bundle, 2790_00)
    box = Plan.objects.get(code="tv")
    apart = joined(entity, name="Amina Hassan")
    pays(apart, 600_00, JUNE_10)
    take_add_on(subscription_id=apart.pk, plan_id=box.pk, on=JUNE_10, by=SYSTEM)
    shown = moved(dearer(box, 700_00), JULY_10)
    assert [(one.customer, one.then.minor) for one in shown.payers] == [("Amina Hassan", 700_00)]
    assert [(one.plan, one.many, one.price.minor) for one in shown.bundles] == [
        (bundle, 1, 2790_00)]  # fmt: skip
    days(entity, JUNE_10, JULY_10)
    assert ProForma.objects.get(subscription=row, state=ProForma.OPEN).total_minor == 2790_00
    assert asked_on_top(apart) == 700_00


def test_a_bundle_changes_its_own_price() -> None:
    entity = isp()
    row = has(entity, both(entity), 2790_00)
    shown = moved(dearer(row.plan, 3000_00), JULY_10)
    assert (shown.many, shown.then.minor, shown.bundles) == (1, 3000_00, ())
    assert shown.groups[0].interval == Interval()
    days(entity, JUNE_10, JULY_10)
    asked = ProForma.objects.get(subscription=row, state=ProForma.OPEN)
    assert asked.total_minor == shown.then.minor
    assert Counter(one["revenue"] for one in asked.why["lines"]) == {
        "revenue:internet": 1, "revenue:goods": 1}  # fmt: skip
