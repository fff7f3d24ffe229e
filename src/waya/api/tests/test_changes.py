"""Changes of subscriptions and prices by API: previewed and done by one function."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest

from waya.api.tests.make import Program, program
from waya.billing.models import CreditNote, Usage
from waya.billing.tests.make import home_10, in_service, isp, joined, office_20, pays
from waya.catalog.commands import add_plan, add_promotion, publish_price, publish_version
from waya.catalog.models import Plan, PriceChange
from waya.catalog.rules.plans import Charge, Interval, PlanTerms
from waya.kernel import clock
from waya.org.actors import SYSTEM
from waya.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db


@pytest.fixture
def amina() -> Subscription:
    entity = isp()
    return joined(entity, on=clock.today(entity.zone))


def fast(row: Subscription, price_minor: int = 3500_00) -> Plan:
    return add_plan(
        entity_id=row.entity_id, code="home-20", name="Home 20", mode=Plan.PREPAID,
        down_kbps=20_000, up_kbps=20_000, price_minor=price_minor, valid_from=date(2020, 1, 1),
        by=SYSTEM,
    )  # fmt: skip


def where(row: Subscription, what: str) -> str:
    return f"/subscriptions/{row.public_id}/{what}"


def test_a_change_is_shown_refused_until_it_is_paid_and_done_once(amina: Subscription) -> None:
    bot, plan = program(amina.entity), fast(amina)
    asked = {"plan": str(plan.public_id)}
    shown = bot.post(where(amina, "change?preview=true"), asked)
    assert shown["to_pay"]["text"] == "KES 1,000"
    assert shown["back"][0]["amount"]["text"] == "KES 2,500"
    assert shown["charges"][0]["why"]["version"] == 1
    assert not CreditNote.objects.exists()
    said = bot.post(where(amina, "change"), asked, 422)
    assert (said["code"], "KES 1,000 is missing" in said["detail"]) == ("change_needs_money", True)
    pays(amina, 1000_00, clock.today(amina.entity.zone))
    done = bot.post(where(amina, "change"), asked, key="c-1")
    assert bot.post(where(amina, "change"), asked, key="c-1") == done
    amina.refresh_from_db()
    assert amina.plan == plan
    assert CreditNote.objects.count() == 1


def test_paused_resumed_and_ended(amina: Subscription) -> None:
    bot = program(amina.entity, "support")
    for what, body, state in (
        ("pause", {}, "paused"), ("resume", {}, "active"), ("cancel", {"when": "at_once"}, "ended"),
    ):  # fmt: skip
        shown = bot.post(where(amina, f"{what}?preview=true"), body)
        done = bot.post(where(amina, what), body)
        amina.refresh_from_db()
        assert (amina.state, done["on"]) == (state, shown["on"])
    assert bot.post(where(amina, "cancel"), {}, 422)["code"] == "subscription_ended"


def test_a_price_change_says_who_pays_what(amina: Subscription) -> None:
    entity = amina.entity
    bot, today = program(entity), clock.today(entity.zone)
    publish_price(plan_id=amina.plan_id, amount_minor=2900_00, valid_from=today, by=SYSTEM)
    path = f"/plans/{amina.plan.public_id}/versions/2/price-change"
    shown: dict[str, Any] = bot.post(f"{path}?preview=true", {"on": today.isoformat()})
    assert (shown["many"], shown["difference"]["text"]) == (1, "KES 400")
    assert shown["payers"][0]["customer"] == "Chebet Korir"
    assert not PriceChange.objects.exists()
    bot.post(path, {"on": today.isoformat()})
    assert PriceChange.objects.get().version.number == 2
    bot.post(f"/plans/{amina.plan.public_id}/versions/9/price-change", {"on": str(today)}, 404)


def test_promotions_and_usage(amina: Subscription) -> None:
    entity, bot = amina.entity, program(amina.entity)
    add_promotion(entity_id=entity.pk, code="FIVE", name="500 off", amount_minor=500_00,
                  valid_from=date(2020, 1, 1), by=SYSTEM)  # fmt: skip
    _post(bot, where(amina, "promotions"), {"code": "five"}, 204)
    assert amina.grants.filter(promotion__code="FIVE").exists()
    assert bot.post(where(amina, "promotions"), {"code": "six"}, 422)["code"] == "promotion_unknown"
    today = clock.today(entity.zone)
    brian = in_service(entity, office_20(entity), today)
    counted = {"on": str(today), "metric": "gb", "quantity": "1.5", "source": "meter 1"}
    for _ in range(2):
        _post(bot, where(brian, "usage"), {"counts": [counted]}, 204)
    assert [f"{one.quantity:f}" for one in Usage.objects.all()] == ["1.500000"]


def _post(bot: Program, path: str, body: Any, status: int) -> None:
    answer = bot.client.post(
        f"/api/v1{path}", body, content_type="application/json", headers=bot.headers
    )
    assert answer.status_code == status, answer.content


def test_who_may_not_does_not(amina: Subscription) -> None:
    home_10(amina.entity)
    bot = program(amina.entity, "auditor")
    bot.post(where(amina, "pause"), {}, 403)
    bot.post(where(amina, "cancel"), {}, 403)


def test_a_number_is_changed_planned_and_kept(amina: Subscription) -> None:
    bot, entity = program(amina.entity), amina.entity
    assert bot.post(where(amina, "quantity"), {"quantity": 2}, 422)["code"] == "no_units"
    assert bot.post(where(amina, "keep"), {}, 422)["code"] == "nothing_planned"
    slow = fast(amina, 1500_00)
    bot.post(where(amina, "change"), {"plan": str(slow.public_id)})
    planned = bot.get(f"/subscriptions/{amina.public_id}")["planned"]
    assert (planned["plan_name"], planned["quantity"]) == ("Home 20", None)
    assert bot.post(where(amina, "keep?preview=true"), {})["now"] is True
    bot.post(where(amina, "keep"), {})
    assert bot.get(f"/subscriptions/{amina.public_id}")["planned"] is None
    seats = Charge("seats", "per_unit", Fraction(1000_00))
    today = clock.today(entity.zone)
    publish_version(
        plan_id=slow.pk, terms=PlanTerms("home-20", Interval(), (seats,)), valid_from=today,
        by=SYSTEM,
    )  # fmt: skip
    bot.post(where(amina, "change"), {"plan": str(slow.public_id), "when": "at_once"})
    shown = bot.post(where(amina, "quantity?preview=true"), {"quantity": 2})
    assert (shown["charge"]["text"], shown["to_pay"]["text"]) == ("KES 2,000", "KES 0")
    bot.post(where(amina, "quantity"), {"quantity": 2})
    assert bot.get(f"/subscriptions/{amina.public_id}")["quantity"] == 2
    bot.post(where(amina, "quantity"), {"quantity": 0}, 422)


def test_hours_are_said_to_the_moment(amina: Subscription) -> None:
    bot, entity = program(amina.entity), amina.entity
    plan = add_plan(
        entity_id=entity.pk, code="kiosk", name="Kiosk", mode=Plan.PREPAID, unit="hour", count=3,
        down_kbps=5_000, up_kbps=5_000, price_minor=20_00, valid_from=date(2020, 1, 1), by=SYSTEM,
    )  # fmt: skip
    assert bot.get(f"/plans/{plan.public_id}")["unit"] == "hour"
    asked = {"plan": str(plan.public_id)}
    shown = bot.post(where(amina, "change?preview=true"), asked)
    assert (shown["charges"][0]["description"], shown["now"]) == ("Kiosk, 3 hours", True)
    refused = bot.post(where(amina, "change"), asked | {"when": "term_end"}, 422)
    assert refused["code"] == "hours_at_once"
    refused = bot.post(where(amina, "change?preview=true"), asked | {"leftover": "data"}, 422)
    assert (refused["code"], "meters nothing" in refused["detail"]) == ("no_metered_unit", True)
    bot.post(where(amina, "change"), asked)
    said = bot.get(f"/subscriptions/{amina.public_id}")
    amina.refresh_from_db()
    assert amina.paid_until
    until = datetime.fromisoformat(said["paid_until"])
    assert abs(until - amina.paid_until) < timedelta(seconds=1)
    assert said["paid_through"] is None
