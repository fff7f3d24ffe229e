"""A night's billing by API: what it would do, and how far it is."""

from __future__ import annotations

from datetime import date

import pytest

from waya.api.tests.make import program
from waya.billing.commands.renewals import bill
from waya.billing.models import BillingRun
from waya.billing.tests.make import in_service, isp, office_20
from waya.org.actors import SYSTEM

pytestmark = pytest.mark.django_db


def test_a_rehearsal_then_the_run() -> None:
    entity = isp()
    row = in_service(entity, office_20(entity, calendar_day=1), date(2027, 1, 16))
    bot = program(entity, "accountant")
    found = bot.get("/billing/rehearsal?on=2027-02-01")
    assert found["kinds"]["invoices"]["documents"] == 1
    (unlike,) = found["outliers"]
    assert unlike["account"] == row.customer.account_number
    assert unlike["before"] is None
    assert bot.get("/billing/runs") == []
    assert not BillingRun.objects.exists()
    bill(entity_id=entity.pk, on=date(2027, 2, 1), by=SYSTEM)
    (run,) = bot.get("/billing/runs")
    assert (run["state"], run["invoices"]) == ("done", 1)
    assert run["total"] == unlike["amount"]


def test_who_may_not_see_money_sees_no_run() -> None:
    entity = isp()
    program(entity, "network").get("/billing/runs", 403)
