"""Providers' call-backs: kept and answered in the provider's words, whoever may be calling."""

from __future__ import annotations

import pytest
from django.test import Client

from waya.billing.tests import make
from waya.payments.models import Merchant, Notification

pytestmark = pytest.mark.django_db

CONFIRMATION = {
    "TransactionType": "Pay Bill", "TransID": "UKL7X4T2QP", "TransTime": "20270610143206",
    "TransAmount": "2500.00", "BusinessShortCode": "600100", "BillRefNumber": "1000014",
    "MSISDN": "2547 ***** 418", "FirstName": "CHEBET",
}  # fmt: skip


@pytest.fixture
def merchant() -> Merchant:
    return Merchant.objects.create(
        entity=make.isp(), short_code="600100", path="n0tGu3ssable", base_url="http://127.0.0.1:1"
    )


@pytest.fixture
def provider() -> Client:
    """Without cookies, and held to form tokens as a browser would be."""
    return Client(enforce_csrf_checks=True, REMOTE_ADDR="203.0.113.7")


def test_a_confirmation_is_kept_and_answered(merchant: Merchant, provider: Client) -> None:
    answer = provider.post(f"/hk/{merchant.path}/c", CONFIRMATION, content_type="application/json")
    assert answer.status_code == 200
    assert answer.json() == {"ResultCode": 0, "ResultDesc": "Accepted"}
    kept = Notification.objects.get()
    assert (kept.kind, kept.event_key, kept.state) == ("confirmation", "UKL7X4T2QP", "waiting")
    assert kept.address == "203.0.113.7"
    assert not answer.cookies


def test_the_same_five_times_is_one(merchant: Merchant, provider: Client) -> None:
    for _ in range(5):
        provider.post(f"/hk/{merchant.path}/c", CONFIRMATION, content_type="application/json")
    assert Notification.objects.get().repeats == 4


def test_a_forged_path_is_not_found_and_nothing_is_kept(
    merchant: Merchant, provider: Client, caplog: pytest.LogCaptureFixture
) -> None:
    answer = provider.post("/hk/guessed/c", CONFIRMATION, content_type="application/json")
    assert answer.status_code == 404
    assert not Notification.objects.exists()
    assert "unknown path" in caplog.text


def test_garbage_is_answered_and_parked(merchant: Merchant, provider: Client) -> None:
    for raw in (b"", b"\x00\xff{", b"x" * 100_000):
        answer = provider.post(f"/hk/{merchant.path}/s", raw, content_type="application/json")
        assert answer.status_code == 200
    assert set(Notification.objects.values_list("state", flat=True)) == {"parked"}
    assert max(len(row.raw) for row in Notification.objects.all()) <= 64 * 1024


def test_only_post(merchant: Merchant, provider: Client) -> None:
    assert provider.get(f"/hk/{merchant.path}/c").status_code == 405
