"""What every test of the portal stands on."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from waya.payments import providers
from waya.payments.models import Merchant
from waya.payments.tests import make as paying
from waya.portal.tests.make import Provider


@pytest.fixture(autouse=True)
def _nobody_came_before() -> None:
    cache.clear()


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Provider:
    """M-PESA, which takes every prompt."""
    one = Provider()
    monkeypatch.setattr(providers, "driver_of", lambda merchant: one)
    return one


@pytest.fixture
def merchant(db: None, provider: Provider) -> Merchant:
    """Baraka Net with its paybill, plans and router."""
    one = paying.merchant()
    one.entity.refresh_from_db()
    return one
