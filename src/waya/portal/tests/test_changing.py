"""A customer changes their own plan: the price first, then what was shown."""

from __future__ import annotations

import re
from datetime import date

import pytest

from waya.billing.tests.make import pays
from waya.catalog.commands import add_plan
from waya.catalog.models import Plan
from waya.kernel import clock
from waya.org.actors import SYSTEM
from waya.payments.models import Merchant, Prompt
from waya.payments.tests import make as paying
from waya.portal.tests.make import Browser, Provider, proven_on_router, signed_in
from waya.portal.tests.test_home import paid
from waya.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db


@pytest.fixture
def chebet(merchant: Merchant) -> Subscription:
    """Paid, and proven on the router."""
    row = paid(merchant, paying.asked(merchant.entity))
    proven_on_router(row)
    return row


def sold(row: Subscription, code: str, price_minor: int) -> Plan:
    return add_plan(
        entity_id=row.entity_id, code=code, name=code.title(), mode=Plan.PREPAID,
        down_kbps=30_000, up_kbps=30_000, price_minor=price_minor, valid_from=date(2020, 1, 1),
        by=SYSTEM,
    )  # fmt: skip


def seen(page: str) -> str:
    found = re.search(r'name="seen" value="([^"]+)"', page)
    assert found
    return found[1]


def test_dearer_is_paid_first_and_then_had(chebet: Subscription, provider: Provider) -> None:
    plan, browser = sold(chebet, "home-30", 3500_00), signed_in()
    assert "Change plan" in browser.see("/my")
    assert "Home-30" in browser.see("/my/plan")
    shown = browser.see("/my/plan?plan=home-30")
    assert "Days not used, given back" in shown
    assert "To pay first KES 1,000" in shown
    sent = browser.send("/my/pay", phone="0700000418", amount="1000")
    assert sent["Location"].startswith("/my/wait/")
    assert Prompt.objects.latest("pk").amount_minor == 1000_00
    assert len(provider.wishes) == 1
    pays(chebet, 1000_00, clock.today(chebet.entity.zone))
    told = {"plan": "home-30", "seen": seen(_page(browser, "/my/plan?plan=home-30"))}
    assert browser.send("/my/plan", **told)["Location"] == "/my"
    chebet.refresh_from_db()
    assert chebet.plan == plan


def test_cheaper_waits_for_what_is_paid(chebet: Subscription) -> None:
    plan, browser = sold(chebet, "home-5", 1500_00), signed_in()
    page = _page(browser, "/my/plan?plan=home-5")
    assert "until then you keep what you have" in page
    stale = {"plan": "home-5", "seen": "of yesterday"}
    browser.send("/my/plan", 200, **stale)
    chebet.refresh_from_db()
    assert chebet.next_version is None
    browser.send("/my/plan", plan="home-5", seen=seen(page))
    chebet.refresh_from_db()
    assert chebet.next_version is not None
    assert (chebet.next_version.plan, chebet.next_on) == (plan, chebet.paid_through)


def test_nobody_changes_what_is_not_theirs(chebet: Subscription) -> None:
    assert Browser().get("/my/plan").status_code == 302


def _page(browser: Browser, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200
    return answer.content.decode()
