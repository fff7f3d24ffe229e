"""A walled browser lands on the pay page, which knows the line by its address."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pytest_django import Settings

from waya.billing.commands.promises import promise
from waya.kernel import clock
from waya.kernel.money import Money
from waya.org.actors import SYSTEM
from waya.payments.models import Merchant, Payment, Prompt
from waya.payments.tests import make as paying
from waya.portal.pages.off import masked, short_name
from waya.portal.tests.make import Browser, Provider, dialled_in, words
from waya.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db

LINE = "10.64.0.7"


@pytest.fixture
def brian(merchant: Merchant) -> Subscription:
    """Walled: KES 2,500 is asked, his router has dialled in."""
    row = paying.asked(merchant.entity, "Brian Mwangi", "0700000334")
    Subscription.objects.filter(pk=row.pk).update(state=Subscription.SUSPENDED, standing="cut_off")
    dialled_in(row, LINE)
    return row


@pytest.fixture
def walled(brian: Subscription) -> Browser:
    """A browser behind Brian's line."""
    return Browser(REMOTE_ADDR=LINE)


def test_any_host_leads_to_the_pay_page(settings: Settings) -> None:
    settings.PUBLIC_URL = "http://pay.baraka.example:8080"
    for path in ("/", "/generate_204", "/hotspot-detect.html", "/a/b?c=d", "/my"):
        for method in ("get", "post", "head"):
            answer = getattr(Browser(), method)(path, HTTP_HOST="connectivitycheck.example.com")
            assert answer.status_code == 302
            assert answer.headers["Location"] == "http://pay.baraka.example:8080/my/off"
            assert answer.headers["Cache-Control"] == "no-store"
            assert not answer.cookies


def test_a_provider_under_a_host_of_another_name_is_not_led_anywhere() -> None:
    answer = Browser().post("/hk/x/c", "{}", content_type="application/json", HTTP_HOST="elsewhere")
    assert answer.status_code == 400


def test_the_line_is_known_and_the_sum_is_there(walled: Browser) -> None:
    page = walled.see("/my/off")
    assert "Internet is off" in page
    assert "Brian M." in page
    assert "KES 2,500" in page
    assert "0700 *** 334" in page
    assert "Mwangi" not in page
    assert "0700 000 334" not in page


def test_a_promise_says_until_when_it_holds(brian: Subscription, walled: Browser) -> None:
    today = clock.today("Africa/Nairobi")
    Subscription.objects.filter(pk=brian.pk).update(paid_through=today - timedelta(days=1))
    until = today + timedelta(days=3)
    promise(customer=brian.customer, amount=Money(2500_00, "KES"), until=until, by=SYSTEM)
    page = walled.see("/my/off")
    assert f"You promised to pay KES 2,500 by {until.day} {until:%b}" in page
    assert "Internet is off" in page


def test_one_tap_asks_the_phone_on_file(walled: Browser, provider: Provider) -> None:
    wait = walled.send("/my/off").headers["Location"]
    (wish,) = provider.wishes
    assert (wish.phone, wish.amount_minor) == ("+254700000334", 2500_00)
    assert "Look at your phone" in walled.see(wait)


def test_what_is_refused_is_said_beside_the_button(
    walled: Browser, brian: Subscription, provider: Provider
) -> None:
    walled.send("/my/off")
    Prompt.objects.update(state=Prompt.FAILED, result_code="1032")
    page = words(walled.send("/my/off", 422))
    assert "This phone was asked a moment ago" in page
    assert "Internet is off" in page


def test_a_strange_address_is_asked_for_its_account(
    brian: Subscription, provider: Provider
) -> None:
    browser = Browser(REMOTE_ADDR="203.0.113.9")
    page = browser.see("/my/off")
    assert "Pay for your internet" in page
    assert "Brian" not in page
    assert "2,500" not in page
    browser.send("/my/off", account_number=f" {brian.customer.account_number} ", phone="0711222333")
    (wish,) = provider.wishes
    assert (wish.phone, wish.amount_minor) == ("+254711222333", 2500_00)


def test_a_wrong_account_comes_back_filled(brian: Subscription, provider: Provider) -> None:
    browser = Browser()
    answer = browser.send("/my/off", 422, account_number="1000000", phone="0711222333")
    assert "No account has this number" in words(answer)
    assert 'value="0711222333"' in answer.content.decode()
    assert not provider.wishes


def test_a_phone_is_no_account_number(brian: Subscription, provider: Provider) -> None:
    Browser().send("/my/off", 422, account_number="0700000334", phone="0711222333")
    assert not provider.wishes


def test_who_owes_nothing_is_told_so(brian: Subscription, merchant: Merchant) -> None:
    account = brian.customer.account_number
    paying.tell(merchant, "c", paying.confirmation(account))
    paying.work_off(merchant)
    assert Payment.objects.count() == 1
    answer = Browser().send("/my/off", 422, account_number=account, phone="0711222333")
    assert "Nothing is owed on this account" in words(answer)


def test_one_address_cannot_make_phones_ring_all_day(brian: Subscription) -> None:
    browser = Browser()
    for _ in range(10):
        browser.send("/my/off", 422, account_number="1000000", phone="0711222333")
    account = brian.customer.account_number
    answer = browser.send("/my/off", 422, account_number=account, phone="0711222333")
    assert "often enough" in words(answer)


def test_an_address_that_two_lines_share_is_nobodys(brian: Subscription) -> None:
    other = paying.asked(brian.entity, "Amina Hassan", "0700000512")
    dialled_in(other, LINE)
    assert "Pay for your internet" in Browser(REMOTE_ADDR=LINE).see("/my/off")


@pytest.mark.parametrize(
    ("name", "short"), [("Brian Mwangi", "Brian M."), ("Cher", "Cher"), ("A B C", "A C.")]
)
def test_short_names(name: str, short: str) -> None:
    assert short_name(name) == short


def test_masked_phones() -> None:
    assert masked("+254700000334") == "0700 *** 334"
    assert masked("") == ""
