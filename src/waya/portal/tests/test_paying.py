"""Pay by a prompt: one action however often it is sent, and leaving is always safe."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F

from waya.parties.models import Contact
from waya.payments.drivers import DriverError
from waya.payments.models import Merchant, Prompt
from waya.payments.tests import make as paying
from waya.portal.tests.make import Browser, Provider, proven_on_router, signed_in, words
from waya.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db


@pytest.fixture
def chebet(merchant: Merchant) -> Subscription:
    return paying.asked(merchant.entity)


def wait_of(browser: Browser) -> str:
    return browser.send("/my/pay").headers["Location"]


def test_one_tap_asks_for_what_is_owed(chebet: Subscription, provider: Provider) -> None:
    browser = signed_in()
    wait = wait_of(browser)
    (wish,) = provider.wishes
    assert (wish.phone, wish.amount_minor) == ("+254700000418", 2500_00)
    assert wish.account == chebet.customer.account_number
    assert "Look at your phone" in browser.see(wait)


def test_a_double_click_is_one_prompt(chebet: Subscription, provider: Provider) -> None:
    browser = signed_in()
    assert wait_of(browser) == wait_of(browser)
    assert len(provider.wishes) == 1


def test_another_phone_and_another_sum(chebet: Subscription, provider: Provider) -> None:
    browser = signed_in()
    page = browser.see("/my/pay")
    assert "Owed now: KES 2,500" in page
    assert 'value="2,500"' in browser.get("/my/pay").content.decode()
    browser.send("/my/pay", phone="0711 222 333", amount="3,000")
    (wish,) = provider.wishes
    assert (wish.phone, wish.amount_minor) == ("+254711222333", 3000_00)


@pytest.mark.parametrize("typed", ["0", "-5", "12.50", "many", ""])
def test_a_sum_that_cannot_be_comes_back(
    chebet: Subscription, provider: Provider, typed: str
) -> None:
    answer = signed_in().send("/my/pay", 422, phone="0700000418", amount=typed)
    assert 'value="0700000418"' in answer.content.decode()
    assert not provider.wishes


def test_too_much_for_mpesa_is_said(chebet: Subscription) -> None:
    answer = signed_in().send("/my/pay", 422, phone="0700000418", amount="300000")
    assert "M-PESA moves from 1 to 250,000 shillings" in words(answer)


def test_the_paybill_is_always_there(chebet: Subscription) -> None:
    browser = signed_in()
    for path in ("/my/pay", wait_of(browser)):
        assert "Paybill 600426" in browser.see(path)


def test_nothing_new_is_answered_with_304(chebet: Subscription) -> None:
    browser = signed_in()
    wait = wait_of(browser)
    Prompt.objects.update(state=Prompt.FAILED, result_code="1032")
    etag = browser.get(wait).headers["ETag"]
    assert browser.get(wait, headers={"If-None-Match": etag}).status_code == 304
    Prompt.objects.update(result_code="1")
    assert browser.get(wait, headers={"If-None-Match": etag}).status_code == 200


def test_when_the_money_is_in_it_goes_home(chebet: Subscription, merchant: Merchant) -> None:
    browser = signed_in()
    wait = wait_of(browser)
    paying.tell(merchant, "s", paying.callback("ws_CO_1"))
    paying.work_off(merchant)
    assert browser.get(wait).headers["Location"] == "/my/welcome"
    by_script = browser.get(wait, headers={"HX-Request": "true"})
    assert (by_script.status_code, by_script.headers["HX-Redirect"]) == (200, "/my/welcome")


def test_whoever_is_not_signed_in_watches_it_come_on(
    chebet: Subscription, merchant: Merchant
) -> None:
    wait = wait_of(signed_in())
    paying.tell(merchant, "s", paying.callback("ws_CO_1"))
    paying.work_off(merchant)
    assert "Paid. We switch your internet on." in Browser().see(wait)
    chebet.refresh_from_db()
    proven_on_router(chebet)
    assert "Paid. Your internet is on." in Browser().see(wait)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("1032", "Not paid: the prompt was cancelled on the phone"),
        ("1", "Not paid: there is not enough in M-PESA"),
        ("1037", "No answer from the phone yet"),
        ("2028", "The prompt could not be sent"),
    ],
)
def test_a_prompt_that_failed_says_why_and_what_now(
    chebet: Subscription, code: str, said: str
) -> None:
    browser = signed_in()
    wait = wait_of(browser)
    Prompt.objects.update(state=Prompt.FAILED, result_code=code)
    page = browser.see(wait)
    assert said in page
    assert "Send the prompt again" in page


def test_a_silent_phone_is_not_called_a_failure(chebet: Subscription) -> None:
    browser = signed_in()
    wait = wait_of(browser)
    Prompt.objects.update(made_at=F("made_at") - timedelta(minutes=2))
    page = browser.see(wait)
    assert "No answer from the phone yet" in page
    assert "If you entered the PIN we will know" in page


def test_sending_again_too_soon_is_refused_with_the_wait(
    chebet: Subscription, provider: Provider
) -> None:
    browser = signed_in()
    wait = wait_of(browser)
    Prompt.objects.update(state=Prompt.FAILED, result_code="1032")
    (prompt,) = Prompt.objects.all()
    page = words(browser.send(f"/my/wait/{prompt.public_id}/again", 422))
    assert "This phone was asked a moment ago" in page
    Prompt.objects.update(made_at=F("made_at") - timedelta(minutes=3))
    again = browser.send(f"/my/wait/{prompt.public_id}/again").headers["Location"]
    assert again != wait
    assert len(provider.wishes) == 2


def test_a_provider_that_is_away_takes_nothing(
    chebet: Subscription, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(wish: object) -> None:
        raise DriverError("unreachable", "no route", retryable=True)

    monkeypatch.setattr(provider, "push", away)
    browser = signed_in()
    page = browser.see(wait_of(browser))
    assert "The prompt could not be sent" in page
    assert "Nothing was taken" in page


def test_a_prompt_that_is_not_there_is_not_found(chebet: Subscription) -> None:
    assert Browser().get("/my/wait/8c5e4a1e-0000-4000-8000-000000000000").status_code == 404


def test_money_arrives_without_a_contact_of_that_phone(
    chebet: Subscription, provider: Provider
) -> None:
    """The phone that is asked need not be known to us."""
    signed_in().send("/my/pay", phone="0711222333", amount="100")
    assert not Contact.objects.filter(phone="+254711222333").exists()
    assert len(provider.wishes) == 1
