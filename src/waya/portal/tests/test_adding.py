"""A customer takes an add-on on their own: the price first, then what was shown."""

from __future__ import annotations

import pytest

from waya.billing.tests.make import pays
from waya.billing.tests.test_add_ons import static_ip
from waya.billing.tests.test_changes import held
from waya.kernel import clock
from waya.payments.models import Merchant
from waya.payments.tests import make as paying
from waya.portal.tests.make import Provider, proven_on_router, signed_in
from waya.portal.tests.test_changing import _page, seen
from waya.portal.tests.test_home import paid
from waya.subscriptions.models import AddOn, Subscription

pytestmark = pytest.mark.django_db


@pytest.fixture
def chebet(merchant: Merchant) -> Subscription:
    """Paid, and proven on the router."""
    row = paid(merchant, paying.asked(merchant.entity))
    proven_on_router(row)
    return row


def test_one_is_paid_first_and_then_had(chebet: Subscription, provider: Provider) -> None:
    browser = signed_in()
    assert "There is nothing more to add" in browser.see("/my/add-ons")
    static_ip(chebet.entity)
    assert "Add-ons" in browser.see("/my")
    assert "Static IP" in browser.see("/my/add-ons")
    assert "To pay first KES 300" in browser.see("/my/add-ons?add_on=static-ip")
    assert "You have it from" in browser.see("/my/add-ons?add_on=static-ip&when=term_end")
    pays(chebet, 300_00, clock.today(chebet.entity.zone))
    told = {"add_on": "static-ip", "when": "at_once", "what": "take"}
    told["seen"] = seen(_page(browser, "/my/add-ons?add_on=static-ip"))
    assert browser.send("/my/add-ons", **told)["Location"] == "/my"
    assert AddOn.objects.get().state == AddOn.RUNNING
    page = browser.see("/my/add-ons?add_on=static-ip&when=term_end")
    assert "It ends on" in page


def test_sent_twice_is_had_once_though_it_costs_nothing(chebet: Subscription) -> None:
    """What a free one gives back is what it cost: only the wish itself tells them apart."""
    browser = signed_in()
    static_ip(chebet.entity, price_minor=0)
    shown = _page(browser, "/my/add-ons?add_on=static-ip")
    told = {"add_on": "static-ip", "when": "at_once", "what": "take", "seen": seen(shown)}
    for _ in range(2):
        assert browser.send("/my/add-ons", **told)["Location"] == "/my"
    assert [one.state for one in AddOn.objects.all()] == [AddOn.RUNNING]
    told |= {"what": "drop", "seen": seen(_page(browser, "/my/add-ons?add_on=static-ip"))}
    for _ in range(2):
        assert browser.send("/my/add-ons", **told)["Location"] == "/my"
    assert [one.state for one in AddOn.objects.all()] == [AddOn.OVER]


def test_sent_twice_is_paid_once(chebet: Subscription) -> None:
    browser, today = signed_in(), clock.today(chebet.entity.zone)
    static_ip(chebet.entity)
    pays(chebet, 600_00, today)
    shown = _page(browser, "/my/add-ons?add_on=static-ip")
    told = {"add_on": "static-ip", "when": "at_once", "what": "take", "seen": seen(shown)}
    for _ in range(2):
        browser.send("/my/add-ons", **told)
    assert (AddOn.objects.count(), held(chebet)) == (1, 300_00)
