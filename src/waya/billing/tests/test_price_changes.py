"""A price changes for those who have a plan only when somebody says so, from a date on."""

from __future__ import annotations

from datetime import date

import pytest

from waya.billing.commands.renewals import bill
from waya.billing.models import Invoice, InvoiceLine, ProForma
from waya.billing.tests.make import JUNE_10, in_service, isp, joined, office_20, wants
from waya.catalog.commands import change_price, publish_price
from waya.catalog.models import PlanVersion
from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.kernel.periods import days_between
from waya.org.actors import SYSTEM
from waya.org.models import Entity

pytestmark = pytest.mark.django_db

DEARER = date(2021, 1, 1)


def dearer(plan_id: int, minor: int = 2900_00, valid_from: date = DEARER) -> PlanVersion:
    return publish_price(plan_id=plan_id, amount_minor=minor, valid_from=valid_from, by=SYSTEM)


def billed(entity: Entity, last: date) -> list[int]:
    for day in days_between(JUNE_10, last):
        bill(entity_id=entity.pk, on=day, by=SYSTEM)
    return list(Invoice.objects.order_by("pk").values_list("total_minor", flat=True))


def test_whoever_has_a_plan_keeps_its_version() -> None:
    entity = isp()
    row = in_service(entity, office_20(entity), JUNE_10)
    dearer(row.plan_id)
    assert billed(entity, date(2027, 8, 10)) == [2500_00, 2500_00]
    assert wants(entity, row.plan).version.number == 2


def test_a_price_change_is_for_periods_that_begin_on_its_day_or_later() -> None:
    entity = isp()
    row = in_service(entity, office_20(entity), JUNE_10)
    change_price(version_id=dearer(row.plan_id).pk, on=date(2027, 7, 20), by=SYSTEM)
    assert billed(entity, date(2027, 9, 10)) == [2500_00, 2500_00, 2900_00]
    assert InvoiceLine.objects.order_by("-start")[0].why["version"] == 2


def test_a_missed_quarter_is_billed_at_the_price_of_each_month() -> None:
    entity = isp()
    row = in_service(entity, office_20(entity), JUNE_10)
    change_price(version_id=dearer(row.plan_id).pk, on=date(2027, 7, 10), by=SYSTEM)
    bill(entity_id=entity.pk, on=date(2027, 9, 10), by=SYSTEM)
    assert [one.total_minor for one in Invoice.objects.order_by("pk")] == [
        2500_00, 2900_00, 2900_00]  # fmt: skip


def test_a_renewal_that_was_asked_for_stays_and_the_next_costs_more() -> None:
    entity = isp()
    row = joined(entity)
    bill(entity_id=entity.pk, on=date(2027, 7, 5), by=SYSTEM)
    change_price(version_id=dearer(row.plan_id).pk, on=date(2027, 7, 6), by=SYSTEM)
    bill(entity_id=entity.pk, on=date(2027, 7, 7), by=SYSTEM)
    assert ProForma.objects.get(state=ProForma.OPEN).total_minor == 2500_00


def test_changes_do_not_cross_and_come_once() -> None:
    entity = isp()
    row = joined(entity)
    second, third = dearer(row.plan_id), dearer(row.plan_id, 3100_00, date(2022, 1, 1))
    later = date(2030, 1, 1)
    first = change_price(version_id=second.pk, on=later, by=SYSTEM)
    assert change_price(version_id=second.pk, on=later, by=SYSTEM) == first
    for code, version, on in (
        ("change_exists", second, date(2031, 1, 1)),
        ("change_backward", third, date(2029, 1, 1)),
        ("change_in_the_past", third, clock.today(entity.zone).replace(year=2020)),
    ):
        with pytest.raises(Refused, match=code):
            change_price(version_id=version.pk, on=on, by=SYSTEM)
