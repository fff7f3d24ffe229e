"""The tax authority's page: a stopped unit, a refused document, a signature that was lost."""

from __future__ import annotations

import pytest
from django.test import Client
from etims.testing import FakeKra

from waya.billing.commands.fiscal import fiscalise
from waya.billing.models import FiscalDevice, FiscalDocument
from waya.billing.tests import kra as baraka
from waya.console.tests.make import Town, signed_in
from waya.console.tests.test_pages import seen
from waya.kernel import clock
from waya.org.actors import SYSTEM

PAGE = "/billing/authority"


@pytest.fixture
def wanjiku(there: Town) -> Client:
    """The accountant."""
    return signed_in("wanjiku", "accountant")


def send(device: FiscalDevice) -> None:
    FiscalDevice.objects.update(next_try_at=clock.real_now())
    fiscalise(device_id=device.pk, by=SYSTEM)


def test_without_a_unit_it_says_how_to_get_one(there: Town, wanjiku: Client) -> None:
    assert "waya fiscal add" in seen(wanjiku, PAGE)
    assert signed_in("naomi", "cashier").get(PAGE).status_code == 403


def test_a_refused_document_says_why_and_is_sent_again(
    there: Town, wanjiku: Client, kra: FakeKra
) -> None:
    device = baraka.device(there.entity, kra.url)
    first, second = baraka.invoices(there.entity, 2)
    for said in ("custNm", "itemClsCd"):
        kra.fail_next(baraka.SALES, result_code="910", message=said)
    send(device)
    page = seen(wanjiku, PAGE)
    assert "910 custNm" in page
    assert "2 documents" in page
    assert f"/invoices/{first.number}" in page
    paper = seen(wanjiku, f"/invoices/{first.number}")
    assert "Put it right" in paper
    assert "Refused by the tax authority:" in paper
    assert wanjiku.post("/billing/authority/again", {"reference": first.number}).status_code == 302
    assert list(FiscalDocument.objects.values_list("state", flat=True).order_by("pk")) == [
        "issued", "rejected",
    ]  # fmt: skip
    assert wanjiku.post("/billing/authority/again").status_code == 302
    send(device)
    assert sorted(kra.sales(baraka.PIN, "00")) == [1, 2]
    paper = seen(wanjiku, f"/invoices/{first.number}")
    assert "Recorded by the tax authority" in paper
    assert f"{device.control_unit}/1" in paper
    assert "Put it right" not in paper
    assert "Nothing was refused" in seen(wanjiku, PAGE)
    assert second.number not in seen(wanjiku, PAGE)


def test_a_stopped_unit_says_why_and_goes_on(there: Town, wanjiku: Client, kra: FakeKra) -> None:
    device = baraka.device(there.entity, kra.url)
    baraka.invoices(there.entity, 1)
    kra.fail_next(baraka.SALES, result_code="901", message="not valid device")
    send(device)
    page = seen(wanjiku, PAGE)
    assert "Stopped" in page
    assert "901 not valid device" in page
    assert wanjiku.post("/billing/authority/units/999999").status_code == 404
    address = f"/billing/authority/units/{device.pk}"
    wanjiku.post(address, {"next_number": "none"})
    assert "A number is a whole number from 1." in seen(wanjiku, PAGE)
    assert (
        wanjiku.post(f"/billing/authority/units/{device.pk}", {"next_number": ""}).status_code
        == 302
    )
    assert "Working" in seen(wanjiku, PAGE)
    send(device)
    assert sorted(kra.sales(baraka.PIN, "00")) == [1]


def test_a_lost_signature_is_typed_in(there: Town, wanjiku: Client, kra: FakeKra) -> None:
    device = baraka.device(there.entity, kra.url)
    (invoice,) = baraka.invoices(there.entity, 1)
    kra.fail_next(baraka.SALES, lose_answer=True)
    send(device)
    assert "No answer yet" in seen(wanjiku, PAGE)
    send(device)
    assert "Recorded without a signature" in seen(wanjiku, PAGE)
    assert "signature lost" in seen(wanjiku, f"/invoices/{invoice.number}")
    signed = {"fiscal_number": f"{device.control_unit}/1", "signature": "ABCDEFGH12345678"}
    address = f"/billing/authority/{invoice.number}/signature"
    wanjiku.post(address, signed | {"signature": ""})
    assert "are both needed" in seen(wanjiku, PAGE)
    wanjiku.post(address, signed)
    assert "Recorded without a signature" not in seen(wanjiku, PAGE)
    assert wanjiku.post(address, signed).status_code == 404
    assert FiscalDocument.objects.get().verify_url.endswith("ABCDEFGH12345678")
