"""What people may send to the forms of what is sold and had: refused in words, never a fault of
ours, and nothing is made of it."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from waya.billing.tests.test_add_ons import static_ip
from waya.catalog.commands import add_promotion, publish_price
from waya.catalog.models import Plan, PlanVersion, PriceChange, Promotion
from waya.console.tests.make import Town, signed_in
from waya.console.tests.test_plans import NEW, flat_price
from waya.org.actors import SYSTEM
from waya.subscriptions.models import AddOn, Grant, Subscription

pytestmark = pytest.mark.django_db

ODD = ("", " ", "0", "-1", "1e9", "NaN", "Infinity", "٣", "9" * 30, "1.23456789", "1,2,3", "0x10",
       "<script>", "x" * 5000, "9999-12-31", "0001-01-01", "31/12/2026", "true", "null", "🙂",
       "'; drop table--", "%s %(x)s", "ＫＥＳ 5")  # fmt: skip


@pytest.fixture
def grace(there: Town) -> Client:
    """The owner; what goes wrong is an answer here, as in a browser."""
    static_ip(there.entity)
    day = there.today - timedelta(days=3)
    add_promotion(entity_id=there.entity.pk, code="TEN", name="Ten", amount_minor=10_00,
                  valid_from=day, by=SYSTEM)  # fmt: skip
    publish_price(plan_id=there.amina.plan_id, amount_minor=2900_00, valid_from=there.today,
                  by=SYSTEM)  # fmt: skip
    client = signed_in("grace", "owner")
    client.raise_request_exception = False
    return client


def forms(there: Town) -> dict[str, dict[str, Any]]:
    """Every form, as somebody fills it in well."""
    day, user = there.today.isoformat(), there.amina.username
    account = there.amina.customer.account_number
    charge = {"charge-1-kind": "graduated", "charge-1-code": "gb", "charge-1-metric": "gb",
              "charge-1-included": "5", "charge-1-timing": "", "charge-1-used": "7",
              "charge-1-tier-0-up_to": "5", "charge-1-tier-0-price": "2",
              "charge-1-tier-0-flat": "1", "charge-1-tier-1-price": "1",
              "charge-2-kind": "package", "charge-2-code": "sms", "charge-2-price": "3",
              "charge-2-lot": "10", "phase-0-kind": "discount", "phase-0-count": "2",
              "phase-0-unit": "month", "phase-0-percent_off": "10", "minimum": "50"}  # fmt: skip
    return {
        "/plans/new": flat_price(there, **(NEW | charge)),
        "/plans/home-10/publish": flat_price(there, **charge),
        "/plans/add-ons/new": {
            "name": "TV", "code": "tv", "price": "300", "count": "1", "unit": "month", "once": "5",
            "deposit": "7", "tax_class": "internet", "down_mbps": "1", "up_mbps": "1",
            "to": "home-10", "valid_from": day},
        "/plans/bundles/new": {
            "name": "Both", "code": "both", "line": "home-10", "on_top": "static-ip",
            "price": "2600", "percent_off": "", "valid_from": day},
        "/plans/promotions/new": {
            "code": "NEW", "name": "New", "percent": "10", "amount": "", "periods": "2",
            "plans": "home-10", "valid_from": day, "end": ""},
        "/plans/promotions/TEN/give": {"service": user},
        "/plans/promotions/TEN/end": {"on": day},
        "/plans/home-10/2": {"on": day, "seen": "x"},
        f"/services/{user}/change": {"plan": "home-20", "when": "", "leftover": "", "seen": "x"},
        f"/services/{user}/quantity": {"quantity": "2", "when": "", "seen": "x"},
        f"/services/{user}/pause": {"seen": "x"},
        f"/services/{user}/end": {"when": "at_once", "seen": "x"},
        f"/services/{user}/add-ons": {"what": "take:static-ip", "when": "at_once", "seen": "x"},
        f"/customers/{account}/add": {"plan": "home-10", "align": "own", "site": "", "ask": "later",
                                      "seen": "x"},
    }  # fmt: skip


def _made() -> tuple[int, ...]:
    rows = (Plan, PlanVersion, PriceChange, Promotion, Grant, AddOn, Subscription)
    return tuple(model.objects.count() for model in rows)


def test_odd_words_are_refused_and_make_nothing(there: Town, grace: Client) -> None:
    """A handful of them in each field, by a seed of its name, so that each is in many."""
    faults = []
    for where, well in forms(there).items():
        for field in well:
            for odd in random.Random(f"{where}{field}").sample(ODD, 2):
                before, told = _made(), well | {field: odd}
                answer = grace.post(where, told)
                if answer.status_code >= 500 or grace.get(where, told).status_code >= 500:
                    faults.append((where, field, odd[:20]))
                if answer.status_code != 302 and _made() != before:
                    faults.append((where, field, odd[:20]))
    assert faults == []


def test_forms_that_lack_anything_are_answered(there: Town, grace: Client) -> None:
    for where, well in forms(there).items():
        for field in well:
            rest = {name: value for name, value in well.items() if name != field}
            assert grace.post(where, rest).status_code < 500, (where, field)
        assert grace.post(where, {}).status_code < 500, where
