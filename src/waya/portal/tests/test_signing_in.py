"""Sign in by a code: the same answer for everybody, and only one's own customers."""

from __future__ import annotations

import pytest

from waya.messaging.models import Message
from waya.parties.models import Contact
from waya.payments.models import Merchant
from waya.payments.tests import make as paying
from waya.portal.session import COOKIE, PATH
from waya.portal.tests.make import Browser, code_sent, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def chebet(merchant: Merchant) -> Contact:
    return Contact.objects.get(customer=paying.asked(merchant.entity).customer)


def test_a_code_to_the_phone_opens_the_account(chebet: Contact) -> None:
    browser = Browser()
    assert browser.get("/my").headers["Location"] == "/my/sign-in"
    assert "There is no password" in browser.see("/my/sign-in")
    assert browser.send("/my/sign-in", phone="0700 000 418").headers["Location"] == "/my/code"
    assert "0700 000 418" in browser.see("/my/code")
    answer = browser.send("/my/code", code=code_sent())
    assert answer.headers["Location"] == "/my"
    cookie = answer.cookies[COOKIE]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == (PATH, True, "Lax")
    assert "sessionid" not in answer.cookies
    assert "Chebet Korir" in browser.see("/my")


def test_a_number_nobody_has_looks_the_same(chebet: Contact) -> None:
    known, unknown = Browser(), Browser()
    first = known.send("/my/sign-in", phone="0700000418")
    second = unknown.send("/my/sign-in", phone="0700000419")
    assert first.headers["Location"] == second.headers["Location"]
    pages = [known.see("/my/code"), unknown.see("/my/code").replace("419", "418")]
    assert pages[0] == pages[1]
    assert Message.objects.count() == 1
    assert "This is not the code" in unknown.words(unknown.post("/my/code", {"code": "1"}), 422)


def test_a_wrong_code_comes_back_and_keeps_you_out(chebet: Contact) -> None:
    browser = Browser()
    browser.send("/my/sign-in", phone="0700000418")
    wrong = f"{(int(code_sent()) + 1) % 10**6:06d}"
    page = browser.words(browser.post("/my/code", {"code": wrong}), 422)
    assert "This is not the code" in page
    assert browser.get("/my").status_code == 302


def test_codes_cannot_be_tried_for_a_phone_one_did_not_ask_for(chebet: Contact) -> None:
    assert Browser().post("/my/code", {"code": "123456"}).headers["Location"] == "/my/sign-in"


def test_another_code_and_no_more_than_three(chebet: Contact) -> None:
    browser = Browser()
    browser.send("/my/sign-in", phone="0700000418")
    browser.send("/my/code/again")
    browser.send("/my/code/again")
    page = browser.words(browser.post("/my/code/again"), 422)
    assert "Enough codes for now" in page


def test_a_forged_cookie_is_nobody(chebet: Contact) -> None:
    browser = Browser()
    browser.cookies[COOKIE] = "eyJjb250YWN0IjoxfQ:1abc:forged"
    assert browser.get("/my").status_code == 302


def test_when_the_phone_becomes_anothers_the_session_ends(chebet: Contact) -> None:
    browser = signed_in()
    browser.see("/my")
    Contact.objects.update(phone="+254700000777")
    assert browser.get("/my").status_code == 302


def test_one_phone_with_two_houses_chooses(chebet: Contact, merchant: Merchant) -> None:
    shop = paying.asked(merchant.entity, "Korir Shop")
    browser = signed_in()
    page = browser.see("/my")
    assert "Chebet Korir" in page
    assert "Korir Shop" in page
    contact = Contact.objects.get(customer=shop.customer)
    assert browser.get(f"/my/choose/{contact.pk}").headers["Location"] == "/my"
    account = shop.customer.account_number
    assert account in browser.get("/my").content.decode()


def test_nobody_elses_account_can_be_chosen(chebet: Contact, merchant: Merchant) -> None:
    brian = paying.asked(merchant.entity, "Brian Mwangi", "0700000334")
    contact = Contact.objects.get(customer=brian.customer)
    assert signed_in().get(f"/my/choose/{contact.pk}").status_code == 404


def test_signing_out_forgets(chebet: Contact) -> None:
    browser = signed_in()
    browser.send("/my/sign-out")
    assert browser.get("/my").status_code == 302


def test_after_signing_in_one_is_where_one_wanted_to_be(chebet: Contact) -> None:
    browser = Browser()
    asked = browser.get("/my/bills").headers["Location"]
    assert asked == "/my/sign-in?next=%2Fmy%2Fbills"
    browser.send(asked, phone="0700000418")
    assert browser.send("/my/code", code=code_sent()).headers["Location"] == "/my/bills"


def test_no_other_site_is_led_to(chebet: Contact) -> None:
    browser = Browser()
    browser.send("/my/sign-in?next=https://evil.example/my/", phone="0700000418")
    assert browser.send("/my/code", code=code_sent()).headers["Location"] == "/my"


def test_pages_of_customers_stay_in_no_cache(chebet: Contact) -> None:
    assert signed_in().get("/my").headers["Cache-Control"] == "private, no-store"
