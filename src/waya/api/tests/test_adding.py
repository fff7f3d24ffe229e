"""One service more by API: shown, asked for once, refused in words."""

from __future__ import annotations

from datetime import timedelta

import pytest

from waya.api.tests.make import program
from waya.billing.models import ProForma
from waya.billing.tests.make import isp, joined, pays
from waya.billing.tests.test_changes import plan_of
from waya.billing.tests.test_charges import choose, days, of
from waya.kernel import clock
from waya.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db


@pytest.fixture
def amina() -> Subscription:
    """She joined ten days ago."""
    entity = isp()
    return joined(entity, on=clock.today(entity.zone) - timedelta(days=10))


def test_it_is_shown_then_asked_for_once(amina: Subscription) -> None:
    bot, plan = program(amina.entity), plan_of(amina.entity, 5_000, 1500_00)
    where = f"/customers/{amina.customer.public_id}/subscriptions"
    asked = {"plan": str(plan.public_id), "align": "customer"}
    shown = bot.post(where + "?preview=true", asked)
    assert (shown["aligned"], shown["subscription"], shown["pro_forma"]) == (True, None, None)
    assert shown["end"] == amina.paid_through.isoformat() if amina.paid_through else False
    assert 0 < shown["to_pay"]["minor"] < 1500_00
    assert shown["lines"][0]["because"]
    assert Subscription.objects.count() == 1
    done = bot.post(where, asked, key="a-1")
    assert bot.post(where, asked, key="a-1") == done
    assert (done["to_pay"], done["end"]) == (shown["to_pay"], shown["end"])
    row = Subscription.objects.get(public_id=done["subscription"])
    assert ProForma.objects.get(subscription=row).number == done["pro_forma"]
    own = bot.post(where + "?preview=true", asked | {"align": "own"})
    assert (own["aligned"], own["to_pay"]["minor"]) == (False, 1500_00)


def test_refused_in_words(amina: Subscription) -> None:
    bot = program(amina.entity)
    weekly = of(amina.entity, "week", 1, "prepaid", 700_00)
    where = f"/customers/{amina.customer.public_id}/subscriptions"
    said = bot.post(where, {"plan": str(weekly.public_id), "align": "customer"}, 422)
    assert said["code"] == "nothing_to_align"
    assert "By 1 week" in said["detail"]
    wrong = bot.post(where, {"plan": str(weekly.public_id), "align": "theirs"}, 422)
    assert wrong["faults"][0]["where"].endswith("align")
    bot.post(where, {"plan": str(amina.public_id)}, 404)
    assert Subscription.objects.count() == 1


def test_a_pro_forma_says_its_lines(amina: Subscription) -> None:
    choose(amina.entity, one_bill=True)
    bot, plan = program(amina.entity), plan_of(amina.entity, 5_000, 1500_00)
    where = f"/customers/{amina.customer.public_id}/subscriptions"
    bot.post(where, {"plan": str(plan.public_id), "align": "customer"})
    assert amina.paid_through is not None
    pays_first(amina)
    days(amina.entity, amina.paid_through, amina.paid_through)
    (paper,) = bot.get("/pro-formas?open=true")["items"]
    assert [line["plan"] for line in paper["lines"]] == ["Home 10 Mbps", "prepaid 5"]
    assert (paper["total"]["minor"], paper["to_pay"]["minor"]) == (4000_00, 4000_00)
    assert paper["state"] == "open"
    assert bot.get("/pro-formas?open=false")["items"][0]["lines"][0]["state"] == "paid"


def pays_first(row: Subscription) -> None:
    """The first period of what was added is paid."""
    asked = ProForma.objects.get(state=ProForma.OPEN)
    pays(row, asked.total_minor, clock.today(row.entity.zone))
