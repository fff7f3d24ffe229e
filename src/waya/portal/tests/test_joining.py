"""Join: a plan, four answers, a prompt, and the account number to keep."""

from __future__ import annotations

import pytest

from waya.billing.tests.make import home_10, office_20
from waya.kernel.ids import in_threes
from waya.org.models import AuditRecord
from waya.parties.models import Customer
from waya.payments.models import Merchant, Prompt
from waya.payments.tests import make as paying
from waya.portal.tests.make import Browser, Provider, proven_on_router
from waya.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db

FAITH = {
    "plan": "home-10", "name": "Faith Cherono", "phone": "0700 000 512",
    "place": "Plot 22, green gate", "agree": "on",
}  # fmt: skip


def test_plans_with_their_full_price(merchant: Merchant) -> None:
    home_10(merchant.entity)
    office_20(merchant.entity)
    page = Browser().see("/my/plans")
    assert "Internet for your home" in page
    assert "Home 10 Mbps" in page
    assert "2,500" in page
    assert "Office" not in page, "what is paid after the month is by agreement"


def test_without_plans_the_page_still_stands(merchant: Merchant) -> None:
    assert "Internet for your home" in Browser().see("/my/plans")


def test_the_sum_stands_before_the_button(merchant: Merchant) -> None:
    home_10(merchant.entity)
    page = Browser().see("/my/join?plan=home-10")
    assert "Home 10 Mbps, first month" in page
    assert "Pay KES 2,500" in page


def test_a_plan_that_is_not_there_leads_back_to_the_plans(merchant: Merchant) -> None:
    assert Browser().get("/my/join?plan=gone").headers["Location"] == "/my/plans"


def test_from_plan_to_account_number(merchant: Merchant, provider: Provider) -> None:
    home_10(merchant.entity)
    browser = Browser()
    wait = browser.send("/my/join", 302, **FAITH).headers["Location"]
    assert [(wish.phone, wish.amount_minor) for wish in provider.wishes] == [
        ("+254700000512", 2500_00)
    ]
    page = browser.see(wait)
    assert "Look at your phone" in page
    assert "KES 2,500 to Baraka Net" in page
    assert "0700 000 512" in page
    assert "You can close this page" in page

    paying.tell(merchant, "s", paying.callback("ws_CO_1", phone=254700000512))
    paying.work_off(merchant)
    assert browser.get(wait).headers["Location"] == "/my/welcome"

    page = browser.see("/my/welcome")
    customer = Customer.objects.get()
    row = Subscription.objects.get()
    assert "You are in, Faith" in page
    assert "KES 2,500 received, UKL7X4T2QP" in page
    assert in_threes(customer.account_number) in page
    assert row.username in page
    assert "Getting your line ready" in page

    proven_on_router(row)
    assert "Your line is ready on our side" in browser.see("/my/welcome")


def test_whoever_joined_sees_their_password_and_it_is_recorded(merchant: Merchant) -> None:
    home_10(merchant.entity)
    browser = Browser()
    browser.send("/my/join", 302, **FAITH)
    row = Subscription.objects.get()
    early = browser.words(browser.post(f"/my/login/{row.username}"), 422)
    assert "There is no login yet" in early

    paying.tell(merchant, "s", paying.callback("ws_CO_1", phone=254700000512))
    paying.work_off(merchant)
    page = browser.words(browser.post(f"/my/login/{row.username}"))
    assert "Password" in page
    seen = AuditRecord.objects.get(action="access.revealed")
    assert (seen.actor_kind, seen.customer_id) == ("customer", row.customer_id)


def test_sent_twice_is_one_customer_and_one_prompt(merchant: Merchant, provider: Provider) -> None:
    home_10(merchant.entity)
    first = Browser().send("/my/join", 302, **FAITH)
    second = Browser().send("/my/join", 302, **FAITH)
    assert first.headers["Location"] == second.headers["Location"]
    assert Customer.objects.count() == Prompt.objects.count() == len(provider.wishes) == 1


def test_a_refused_form_comes_back_filled(merchant: Merchant) -> None:
    home_10(merchant.entity)
    answer = Browser().send("/my/join", 422, **FAITH | {"phone": "hello", "agree": ""})
    body = answer.content.decode()
    assert 'value="Plot 22, green gate"' in body
    assert "We need your yes" in body
    answer = Browser().send("/my/join", 422, **FAITH | {"phone": "hello"})
    assert "This is no phone number that we can read" in answer.content.decode()
    assert not Customer.objects.exists()


def test_joining_proves_no_phone(merchant: Merchant) -> None:
    """Whoever types Amina's number into the form does not get Amina's account."""
    paying.asked(merchant.entity, "Amina Hassan", "0700000512")
    browser = Browser()
    browser.send("/my/join", 302, **FAITH)
    assert "Amina" not in browser.see("/my")


def test_one_address_cannot_join_all_day(merchant: Merchant) -> None:
    home_10(merchant.entity)
    for number in range(10):
        Browser().send("/my/join", 302, **FAITH | {"phone": f"07000005{number:02d}"})
    answer = Browser().send("/my/join", 422, **FAITH | {"phone": "0700000599"})
    assert "often enough" in answer.content.decode()
