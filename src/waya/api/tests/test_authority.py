"""The tax authority by API: units, refused documents, lost signatures; and bad input."""

from __future__ import annotations

import pytest
from etims.testing import FakeKra

from waya.api.tests.make import Program, program
from waya.billing.commands.fiscal import fiscalise
from waya.billing.models import FiscalDevice
from waya.billing.tests import kra as baraka
from waya.billing.tests.make import isp
from waya.kernel import clock
from waya.org.actors import SYSTEM

pytestmark = pytest.mark.django_db


@pytest.fixture
def device(kra: FakeKra) -> FiscalDevice:
    return baraka.device(isp(), kra.url)


@pytest.fixture
def bot(device: FiscalDevice) -> Program:
    return program(device.entity)


def send(device: FiscalDevice) -> None:
    FiscalDevice.objects.update(next_try_at=clock.real_now())
    fiscalise(device_id=device.pk, by=SYSTEM)


def test_what_was_refused_is_sent_again(bot: Program, device: FiscalDevice, kra: FakeKra) -> None:
    (invoice,) = baraka.invoices(device.entity, 1)
    kra.fail_next(baraka.SALES, result_code="910", message="custNm")
    send(device)
    (row,) = bot.get("/fiscal/documents")
    assert (row["reference"], row["said"], row["kind"]) == (invoice.number, "910 custNm", "sale")
    assert bot.get("/fiscal/documents?state=unsigned") == []
    bot.get("/fiscal/documents?state=other", 422)
    bot.post(f"/fiscal/documents/{invoice.number}/again", {}, 202, key="a-1")
    bot.post("/fiscal/documents/INV-999999/again", {}, 404, key="a-2")
    send(device)
    assert bot.get("/fiscal/documents") == []
    assert sorted(kra.sales(baraka.PIN, "00")) == [1]


def test_a_stopped_unit_goes_on(bot: Program, device: FiscalDevice, kra: FakeKra) -> None:
    baraka.invoices(device.entity, 1)
    kra.fail_next(baraka.SALES, result_code="901", message="not valid device")
    send(device)
    (unit,) = bot.get("/fiscal/units")
    assert (unit["trouble"], unit["waiting"]) == ("901 not valid device", 1)
    branch = unit["branch"]
    bot.post(f"/fiscal/units/{branch}/resume", {"next_number": 0}, 422, key="r-1")
    bot.post("/fiscal/units/NOWHERE/resume", {}, 404, key="r-2")
    (unit,) = bot.post(f"/fiscal/units/{branch}/resume", {}, 200, key="r-3")
    assert unit["trouble"] == ""


def test_a_lost_signature_is_kept(bot: Program, device: FiscalDevice, kra: FakeKra) -> None:
    (invoice,) = baraka.invoices(device.entity, 1)
    kra.fail_next(baraka.SALES, lose_answer=True)
    send(device)
    (unit,) = bot.get("/fiscal/units")
    assert unit["attempts"] == 1
    send(device)
    (row,) = bot.get("/fiscal/documents?state=unsigned")
    assert row["number"] == 1
    address = f"/fiscal/documents/{invoice.number}/signature"
    bot.post(address, {"fiscal_number": "X/1", "signature": ""}, 422, key="s-1")
    bot.post(address, {"fiscal_number": "X/1", "signature": "ABCDEFGH"}, 200, key="s-2")
    assert bot.get("/fiscal/documents?state=unsigned") == []
