"""Bundles: one price over several accounts and taxes, and what becomes of one that loses a part."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from waya.billing.commands.documents import quote
from waya.billing.commands.lives.bundles import drop_part
from waya.billing.commands.lives.changes import change_plan
from waya.billing.models import Invoice, InvoiceLine, InvoiceTax
from waya.billing.tests.make import JUNE_10, home_10, isp, joined, pays, wants
from waya.billing.tests.test_add_ons import static_ip, takes
from waya.billing.tests.test_changes import MIDDLE, held, profile
from waya.billing.tests.test_charges import books, choose
from waya.catalog.commands import add_bundle
from waya.catalog.models import Plan
from waya.catalog.queries import plans_on_sale
from waya.kernel.errors import Refused
from waya.org.actors import SYSTEM
from waya.org.models import Entity
from waya.subscriptions.models import AddOn, Subscription

pytestmark = pytest.mark.django_db


def both(entity: Entity, **more: Any) -> Plan:
    """Home 10 and a TV box (KES 600 alone), together for KES 2,790."""
    home_10(entity)
    static_ip(entity, code="tv", name="TV box", price_minor=600_00, tax_class="goods",
              to=["home-10"], down_kbps=2_000)  # fmt: skip
    told: dict[str, Any] = {"price_minor": 2790_00, "parts": ["home-10", "tv"]} | more
    return add_bundle(entity_id=entity.pk, code="both", name="Home and TV",
                      valid_from=date(2020, 1, 1), by=SYSTEM, **told)  # fmt: skip


def has(entity: Entity, plan: Plan, minor: int) -> Subscription:
    """A customer who joined with a plan and paid it."""
    row = wants(entity, plan)
    quote(subscription_id=row.pk, on=JUNE_10, by=SYSTEM)
    pays(row, minor, JUNE_10)
    row.refresh_from_db()
    return row


def test_one_price_is_billed_part_by_part_with_their_own_taxes() -> None:
    entity = isp()
    plan = both(entity)
    assert plan in plans_on_sale(entity.pk)
    assert not plans_on_sale(entity.pk).filter(add_on=True).exists()
    row = has(entity, plan, 2790_00)
    assert profile(row)[0] == "waya-12M-10M"
    (invoice,) = Invoice.objects.all()
    told = [
        (one.description, one.revenue, one.total_minor, InvoiceTax.objects.filter(line=one).count())
        for one in InvoiceLine.objects.order_by("pk")
    ]
    assert told == [
        ("Home 10 Mbps, 10 Jun – 10 Jul 2027", "revenue:internet", 2250_00, 2),
        ("TV box, 10 Jun – 10 Jul 2027", "revenue:goods", 540_00, 1),
    ]
    assert (invoice.total_minor, invoice.paid_minor) == (2790_00, 2790_00)
    assert sum(books(entity).values()) == 0


def test_a_bundle_may_be_so_many_percent_cheaper_than_its_parts() -> None:
    entity = isp()
    plan = both(entity, price_minor=None, percent_off=Decimal(10))
    assert plan.versions.get().amount_minor == 2790_00


def test_a_part_dropped_leaves_the_rest_at_its_own_price() -> None:
    entity = isp()
    extra = static_ip(entity)
    row = has(
        entity, both(entity, parts=["home-10", "tv", "static-ip"], price_minor=3060_00), 3060_00
    )
    tv = Plan.objects.get(code="tv")
    shown = drop_part(subscription_id=row.pk, plan_id=tv.pk, on=MIDDLE, preview=True, by=SYSTEM)
    assert (shown.credit.minor, shown.charge.minor, shown.to_pay.minor) == (1530_00, 1400_00, 0)
    assert not AddOn.objects.exists()
    outcome = drop_part(subscription_id=row.pk, plan_id=tv.pk, on=MIDDLE, by=SYSTEM)
    assert (outcome.credit, outcome.charge) == (shown.credit, shown.charge)
    row.refresh_from_db()
    assert (row.plan.code, row.paid_through, held(row)) == ("home-10", date(2027, 7, 10), 130_00)
    one = AddOn.objects.get()
    assert (one.plan, one.state) == (extra, AddOn.RUNNING)
    assert profile(row)[0] == "waya-10M-10M"
    assert sum(books(entity).values()) == 0


def test_by_policy_a_bundle_stays_whole() -> None:
    entity = isp()
    row = has(entity, both(entity), 2790_00)
    tv = Plan.objects.get(code="tv")
    choose(entity, bundle_part="refuse")
    with pytest.raises(Refused, match="bundle_whole"):
        drop_part(subscription_id=row.pk, plan_id=tv.pk, on=MIDDLE, by=SYSTEM)
    with pytest.raises(Refused, match="not_in_bundle"):
        drop_part(subscription_id=row.pk, plan_id=static_ip(entity).pk, on=MIDDLE, by=SYSTEM)


def test_by_policy_a_bundle_ends_whole() -> None:
    entity = isp()
    choose(entity, bundle_part="whole")
    row = has(entity, both(entity), 2790_00)
    tv = Plan.objects.get(code="tv")
    outcome = drop_part(subscription_id=row.pk, plan_id=tv.pk, on=MIDDLE, by=SYSTEM)
    assert outcome.credit.minor == 1395_00
    row.refresh_from_db()
    assert row.state == Subscription.ENDED


def test_whoever_goes_over_to_a_bundle_has_its_parts_once() -> None:
    entity = isp()
    plan, row = both(entity), joined(entity)
    pays(row, 1000_00, JUNE_10)
    takes(row, Plan.objects.get(code="tv"), JUNE_10)
    with pytest.raises(Refused, match="not_an_add_on"):
        takes(has(entity, plan, 2790_00), Plan.objects.get(code="tv"), JUNE_10)
    change_plan(subscription_id=row.pk, plan_id=plan.pk, on=MIDDLE, when="at_once", by=SYSTEM)
    assert AddOn.objects.get().state == AddOn.OVER
    assert held(row) == 400_00 + 1550_00 - 1395_00
    assert profile(row)[0] == "waya-12M-10M"


def test_what_holds_no_line_or_no_price_is_no_bundle() -> None:
    entity = isp()
    for more, code in (
        ({"parts": ["tv", "home-10"]}, "bundle_line_missing"),
        ({"parts": ["home-10"]}, "bundle_too_small"),
        ({"parts": ["home-10", "nothing"]}, "plan_unknown"),
        ({"price_minor": None}, "bundle_price_wrong"),
        ({"percent_off": Decimal(5)}, "bundle_price_wrong"),
    ):
        with pytest.raises(Refused, match=code):
            both(entity, **more)
