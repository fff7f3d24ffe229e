"""Versions of plans by API: published once, with every charge that the engine knows."""

from __future__ import annotations

import pytest

from waya.api.tests.make import program
from waya.billing.tests.make import home_10, isp, office_20

pytestmark = pytest.mark.django_db

METERED = {
    "valid_from": "2027-07-01",
    "price": "2000",
    "charges": [
        {"code": "gb", "kind": "graduated", "metric": "gb",
         "tiers": [{"up_to": 100, "price": "0"}, {"price": "12.5"}]},
        {"code": "router", "kind": "deposit", "price": "1500"},
    ],
    "phases": [{"kind": "trial", "unit": "day", "count": 14}],
}  # fmt: skip


def test_a_version_is_published_once_and_listed() -> None:
    entity = isp()
    plan, bot = office_20(entity), program(entity)
    where = f"/plans/{plan.public_id}/versions"
    made = bot.post(where, METERED, 201, key="v-1")
    assert (made["number"], made["price"]["text"]) == (2, "KES 2,000")
    assert [one["kind"] for one in made["terms"]["charges"]] == ["flat", "graduated", "deposit"]
    assert [one["kind"] for one in made["terms"]["phases"]] == ["trial", "evergreen"]
    assert bot.post(where, METERED, 201, key="v-1") == made
    assert [one["number"] for one in bot.get(where)] == [2, 1]
    said = bot.post(where, METERED | {"price": "2100"}, 422)
    assert said["code"] == "price_published"


def test_what_cannot_be_sold_is_refused_and_named() -> None:
    entity = isp()
    plan, bot = home_10(entity), program(entity)
    where = f"/plans/{plan.public_id}/versions"
    tiers = [{"up_to": 5, "price": "1"}, {"up_to": 5, "price": "2"}, {"price": "3"}]
    asked = {"valid_from": "2027-07-01", "charges": [{"kind": "volume", "tiers": tiers}]}
    said = bot.post(where, asked, 422)
    assert said["faults"] == [
        {"where": "body.asked.charges.0.tiers", "what": "Tiers rise, and only the last is open."}
    ]
    assert bot.post(where, {"valid_from": "2027-07-01"}, 422)["code"] == "invalid"
    assert len(bot.get(where)) == 1


def test_what_is_paid_before_meters_nothing() -> None:
    entity = isp()
    plan, bot = home_10(entity), program(entity)
    said = bot.post(f"/plans/{plan.public_id}/versions", METERED, 422)
    assert said["code"] == "prepaid_meters_nothing"


def test_a_cashier_reads_and_does_not_publish() -> None:
    entity = isp()
    plan, bot = home_10(entity), program(entity, "cashier")
    where = f"/plans/{plan.public_id}/versions"
    assert bot.get(where)[0]["price"]["text"] == "KES 2,500"
    bot.post(where, METERED, 403)
