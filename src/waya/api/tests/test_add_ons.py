"""Add-ons and bundles by API: sold, previewed, taken once, dropped."""

from __future__ import annotations

import pytest

from waya.api.tests.make import program
from waya.billing.tests.make import isp, joined, pays
from waya.catalog.models import Plan
from waya.kernel import clock
from waya.subscriptions.models import AddOn, Subscription

pytestmark = pytest.mark.django_db


@pytest.fixture
def amina() -> Subscription:
    entity = isp()
    return joined(entity, on=clock.today(entity.zone))


def test_sold_shown_taken_once_and_dropped(amina: Subscription) -> None:
    bot = program(amina.entity)
    wished = {"code": "tv", "name": "TV", "price_minor": 600_00, "tax_class": "goods"}
    sold = bot.post("/add-ons", wished | {"valid_from": "2020-01-01"}, 201)
    both = bot.post("/bundles", {"code": "both", "name": "Both", "parts": ["home-10", "tv"],
                                 "percent_off": "10", "valid_from": "2020-01-01"}, 201)  # fmt: skip
    assert both["price"]["text"] == "KES 2,790"
    where = f"/subscriptions/{amina.public_id}/add-ons"
    (offered,) = bot.get(where)["offered"]
    assert (offered["plan"], offered["price"]["text"]) == (sold["id"], "KES 600")
    shown = bot.post(f"{where}?preview=true", {"plan": sold["id"]})
    assert shown["to_pay"]["text"] == "KES 600"
    assert bot.post(where, {"plan": sold["id"]}, 422)["code"] == "change_needs_money"
    pays(amina, 600_00, clock.today(amina.entity.zone))
    done = bot.post(where, {"plan": sold["id"]}, key="a-1")
    assert bot.post(where, {"plan": sold["id"]}, key="a-1") == done
    (had,) = bot.get(where)["had"]
    dropped = bot.post(f"{where}/{had['id']}/drop", {"when": "at_once"})
    assert dropped["credit"]["text"] == "KES 600"
    assert AddOn.objects.get().state == AddOn.OVER
    part = Plan.objects.get(code="tv").public_id
    said = bot.post(f"/subscriptions/{amina.public_id}/parts/{part}/drop", {}, 422)
    assert said["code"] == "not_in_bundle"
