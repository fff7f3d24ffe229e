"""`waya fiscal`: a device is set up, looked at and set going again from the command line."""

from __future__ import annotations

import argparse

import pytest
from etims.testing import FakeKra

from waya.billing.commands.fiscal import fiscalise
from waya.billing.models import FiscalDevice
from waya.billing.tests import kra as baraka
from waya.billing.tests import make
from waya.cli import fiscal as command
from waya.cli.postgres.account import Unusable
from waya.org.actors import SYSTEM
from waya.org.models import Entity

pytestmark = pytest.mark.django_db


@pytest.fixture
def entity() -> Entity:
    return make.isp()


def waya_fiscal(*words: str) -> int:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_args(words))


def add(kra: FakeKra) -> int:
    return waya_fiscal("add", "--url", kra.url, "--tax-number", baraka.PIN, "--serial", "WAYA-1")


def test_from_nothing_to_recorded_and_back_from_trouble(
    entity: Entity, kra: FakeKra, capsys: pytest.CaptureFixture[str]
) -> None:
    waya_fiscal("status")
    assert "no fiscal device" in capsys.readouterr().out
    add(kra)
    assert "working; next number 1" in capsys.readouterr().out
    (invoice,) = baraka.invoices(entity, 1)
    device = FiscalDevice.objects.get()
    kra.fail_next("/saveTrnsSalesOsdc", result_code="902")
    fiscalise(device_id=device.pk, by=SYSTEM)
    waya_fiscal("status")
    assert "stopped: 902" in capsys.readouterr().out
    waya_fiscal("resume")
    kra.fail_next("/saveTrnsSalesOsdc", result_code="910", message="custNm")
    fiscalise(device_id=device.pk, by=SYSTEM)
    waya_fiscal("status")
    assert f"{invoice.number} rejected: 910 custNm" in capsys.readouterr().out
    waya_fiscal("again", "--document", invoice.number)
    fiscalise(device_id=device.pk, by=SYSTEM)
    waya_fiscal("status")
    shown = capsys.readouterr().out
    assert "next number 2" in shown
    assert shown.splitlines()[-1] == "0 waiting"


def test_what_is_missing_is_said(entity: Entity, kra: FakeKra) -> None:
    for words in (("add",), ("resume",), ("again", "--document", "INV-9")):
        with pytest.raises(Unusable):
            waya_fiscal(*words)
