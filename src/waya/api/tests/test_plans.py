"""Versions of plans by API: published once, with every charge that the engine knows."""

from __future__ import annotations

import pytest

from waya.api.tests.make import program
from waya.billing.tests.make import home_10, isp, office_20
from waya.catalog.models import Plan

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


def test_what_is_paid_before_may_meter_but_hours_and_what_asks_for_nothing() -> None:
    entity = isp()
    plan, bot = home_10(entity), program(entity)
    bot.post(f"/plans/{plan.public_id}/versions", METERED, 201)
    asked = METERED | {"code": "kiosk", "name": "Kiosk", "down_kbps": 1000, "up_kbps": 1000}
    said = bot.post("/plans", asked | {"interval": "hour", "phases": []}, 422)
    assert said["code"] == "meters_nothing"
    said = bot.post("/plans", {name: asked[name] for name in asked if name != "price"}, 422)
    assert said["code"] == "nothing_in_advance"


def test_a_plan_is_put_on_sale_withdrawn_and_sold_again() -> None:
    entity = isp()
    bot = program(entity)
    asked = METERED | {"code": "office", "name": "Office", "mode": "postpaid", "count": 3,
                       "calendar_day": 5, "down_kbps": 9000, "up_kbps": 4000,
                       "valid_from": "2020-01-01"}  # fmt: skip
    made = bot.post("/plans", asked, 201, key="p-1")
    assert bot.post("/plans", asked, 201, key="p-1") == made
    assert (made["unit"], made["count"], made["price"]["text"]) == ("month", 3, "KES 2,000")
    assert bot.post("/plans", asked, 422)["code"] == "plan_code_taken"
    where = f"/plans/{made['id']}"
    assert bot.post(f"{where}/withdraw", {})["on_sale"] is False
    assert bot.post(f"{where}/withdraw", {})["on_sale"] is False
    assert bot.get(where)["on_sale"] is False
    assert bot.post(f"{where}/sell", {})["on_sale"] is True


@pytest.mark.parametrize(
    "odd",
    [
        {"count": 13}, {"interval": "week", "count": 367}, {"interval": "day", "calendar_day": 3},
        {"mode": "free"}, {"down_kbps": 0}, {"code": "new"}, {"code": "a b"}, {"name": "x" * 81},
        {"price": "-1"}, {"price": None, "charges": []}, {"nonsense": 1}, {"count": 0},
    ],
)  # fmt: skip
def test_a_plan_that_cannot_be_is_refused(odd: dict[str, object]) -> None:
    asked = {"code": "home-9", "name": "Home", "price": "100", "valid_from": "2027-01-01",
             "down_kbps": 1000, "up_kbps": 1000}  # fmt: skip
    program(isp()).post("/plans", asked | odd, 422)
    assert not Plan.objects.exists()


def test_days_that_no_calendar_reaches_are_refused() -> None:
    entity = isp()
    plan, bot = home_10(entity), program(entity)
    where = f"/plans/{plan.public_id}/versions"
    bot.post(where, {"valid_from": "9999-12-31", "price": "1"}, 422)
    bot.post(where, {"valid_from": "2027-07-01", "price": "1"}, 201)
    for on in ("9999-12-31", "0001-01-01", "2027-02-30", "soon"):
        bot.post(f"{where}/2/price-change?preview=true", {"on": on}, 422)


def test_a_cashier_reads_and_does_not_publish() -> None:
    entity = isp()
    plan, bot = home_10(entity), program(entity, "cashier")
    where = f"/plans/{plan.public_id}/versions"
    assert bot.get(where)[0]["price"]["text"] == "KES 2,500"
    bot.post(where, METERED, 403)
