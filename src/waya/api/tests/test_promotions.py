"""Promotions by API: offered once, listed, given, used and ended."""

from __future__ import annotations

from datetime import timedelta

import pytest

from waya.api.tests.make import program
from waya.billing.tests.debtors import today
from waya.billing.tests.make import isp, joined

pytestmark = pytest.mark.django_db


def test_a_promotion_is_offered_used_and_ended() -> None:
    entity = isp()
    bot, row = program(entity), joined(entity)
    day = today()
    wished = {"code": "half", "name": "Half", "percent": "50", "periods": 3,
              "valid_from": day.isoformat()}  # fmt: skip
    made = bot.post("/promotions", wished, 201)
    assert (made["code"], made["percent"], made["customers"]) == ("HALF", "50", 0)
    assert bot.post("/promotions", wished, 201) == made
    other = bot.post("/promotions", wished | {"percent": "60"}, 422)
    assert other["code"] == "promotion_code_taken"
    both = bot.post("/promotions", wished | {"code": "b", "amount_minor": 5}, 422)
    assert both["code"] == "promotion_wrong"
    headers = {"code": "HALF"}
    answer = bot.client.post(
        f"/api/v1/subscriptions/{row.public_id}/promotions", headers,
        content_type="application/json", headers=bot.headers,
    )  # fmt: skip
    assert answer.status_code == 204
    (held,) = bot.get("/promotions/half/subscriptions")
    assert (held["username"], held["had"], held["left"]) == (row.username, 0, 3)
    assert bot.get("/promotions")[0]["customers"] == 1
    past = {"on": (day - timedelta(days=1)).isoformat()}
    assert bot.post("/promotions/HALF/end", past, 422)["code"] == "promotion_past"
    assert bot.post("/promotions/HALF/end", {"on": day.isoformat()})["end"] == day.isoformat()
    later = {"on": (day + timedelta(days=9)).isoformat()}
    assert bot.post("/promotions/HALF/end", later, 422)["code"] == "promotion_over"
    bot.post("/promotions/NOPE/end", later, 404)
    program(entity, "cashier").post("/promotions", wished, 403)
