"""Tonight's dunning, rehearsed over the API."""

from __future__ import annotations

from datetime import timedelta

import pytest

from waya.api.tests.make import program
from waya.billing.commands.promises import promise
from waya.billing.models import DunningAction
from waya.billing.tests.debtors import FEE, WALL, climbs, customers, invoiced, today
from waya.billing.tests.make import isp
from waya.kernel.money import Money
from waya.org.actors import SYSTEM

pytestmark = pytest.mark.django_db


def test_tonight_says_what_to_whom_and_who_is_spared() -> None:
    entity = isp()
    climbs(entity, FEE, WALL)
    rows = customers(entity, 3)
    for row in rows:
        invoiced(row, 9)
    promise(customer=rows[2].customer, amount=Money(2500_00, "KES"), until=today(), by=SYSTEM)
    answer = program(entity).get("/billing/dunning/tonight")
    assert (answer["on"], answer["judged"]) == (today().isoformat(), 3)
    told = [(one["what"], one["customers"], one["moves"]["minor"]) for one in answer["actions"]]
    assert told == [("wall", 2, 0), ("fee", 2, 400_00)]
    (spared,) = answer["spared"]
    assert (spared["what"], spared["customers"], spared["count"]) == ("promise", 1, 2)
    assert spared["owed"]["text"] == "KES 2,500"
    assert {one["until"] for one in spared["rows"]} == {today().isoformat()}
    assert not DunningAction.objects.exists()


def test_tonight_of_another_day_few_rows_and_only_for_who_may_see_money() -> None:
    entity = isp()
    climbs(entity, FEE)
    for row in customers(entity, 2):
        invoiced(row, 0)
    on = (today() + timedelta(days=5)).isoformat()
    answer = program(entity).get("/billing/dunning/tonight", on=on, limit=1)
    (fees,) = answer["actions"]
    assert (fees["count"], len(fees["rows"])) == (2, 1)
    assert program(entity).get("/billing/dunning/tonight")["actions"] == []
    assert program(entity, "network").get("/billing/dunning/tonight", 403)["code"] == "not_allowed"
