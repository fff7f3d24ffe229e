"""Join: a plan, four answers, a prompt, and the account number to keep."""

from __future__ import annotations

import re
from datetime import date
from fractions import Fraction

import pytest

from waya.billing.models import InvoiceLine, ProForma
from waya.billing.tests.make import home_10, office_20
from waya.billing.tests.test_add_ons import static_ip
from waya.catalog.commands import add_plan, publish_version
from waya.catalog.models import Plan
from waya.catalog.rules.plans import Charge, Interval, Phase, PlanTerms
from waya.kernel import clock
from waya.kernel.ids import in_threes
from waya.org.actors import SYSTEM
from waya.org.models import AuditRecord
from waya.parties.models import Customer
from waya.payments.models import Merchant, Prompt
from waya.payments.tests import make as paying
from waya.portal.tests.make import Browser, Provider, proven_on_router
from waya.subscriptions.models import AddOn, Subscription

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
    assert re.search(r"Home 10 Mbps, .* KES 2,500 To pay now KES 2,500 Each month KES 2,500", page)
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


def on_offer(merchant: Merchant) -> Plan:
    """Home 10, a static address that costs KES 500 once, and what goes on top of another."""
    entity = merchant.entity
    plan = home_10(entity)
    static_ip(entity, once_minor=500_00, deposit_minor=1000_00)
    static_ip(entity, code="tv", name="TV box", price_minor=600_00, tax_class="goods")
    static_ip(entity, code="office", name="Office extra", to=[office_20(entity).code])
    return plan


def test_add_ons_that_fit_are_offered_and_looked_at(merchant: Merchant) -> None:
    on_offer(merchant)
    browser = Browser()
    page = browser.see("/my/join?plan=home-10")
    assert "Static IP Each month, KES 500 once, a deposit of KES 1,000, which comes back" in page
    assert "TV box" in page
    assert "Office extra" not in page
    look = {"plan": "home-10", "step": "look", "add_on": "static-ip"}
    page = browser.words(browser.post("/my/join", look))
    assert "To pay now KES 4,300 Each month KES 2,800" in page
    assert "Pay KES 4,300" in page
    assert "Say whose account" in page, "nobody sees this: only the sum is taken from the answer"
    assert "another now" not in page
    page = browser.words(browser.post("/my/join", look | {"add_on": ["static-ip", "tv"]}))
    assert "To pay now KES 4,900 Each month KES 3,400" in page
    assert not Customer.objects.exists()


def test_whoever_joins_with_add_ons_is_asked_for_their_sum(
    merchant: Merchant, provider: Provider
) -> None:
    on_offer(merchant)
    browser = Browser()
    told = FAITH | {"add_on": "static-ip", "seen": "430000:280000"}
    wait = browser.send("/my/join", 302, **told).headers["Location"]
    assert [wish.amount_minor for wish in provider.wishes] == [4300_00]
    assert ProForma.objects.get(state=ProForma.OPEN).total_minor == 4300_00
    assert "KES 4,300 to Baraka Net" in browser.see(wait)
    paying.tell(merchant, "s", paying.callback("ws_CO_1", amount=4300, phone=254700000512))
    paying.work_off(merchant)
    assert browser.get(wait).headers["Location"] == "/my/welcome"
    row = Subscription.objects.get()
    assert row.state == Subscription.ACTIVE
    assert AddOn.objects.get().plan.code == "static-ip"
    lines = InvoiceLine.objects.filter(subscription=row).order_by("pk")
    assert sorted(lines.values_list("total_minor", flat=True)) == [
        300_00, 500_00, 1000_00, 2500_00]  # fmt: skip


def test_a_sum_that_was_not_shown_is_shown_and_not_asked_for(
    merchant: Merchant, provider: Provider
) -> None:
    """Without script the sum changes when the form comes back."""
    on_offer(merchant)
    told = FAITH | {"add_on": "static-ip", "seen": "250000:250000"}
    page = Browser().send("/my/join", 200, **told).content.decode()
    assert "The sum is another now" in page
    assert 'value="Plot 22, green gate"' in page
    assert 'name="seen" value="430000:280000"' in page
    assert not Customer.objects.exists()
    assert not provider.wishes


def test_sent_again_with_other_add_ons_those_are_had(
    merchant: Merchant, provider: Provider
) -> None:
    on_offer(merchant)
    for codes in ("static-ip", "static-ip", "tv"):
        Browser().send("/my/join", 302, **FAITH | {"add_on": codes})
    assert Customer.objects.count() == Subscription.objects.count() == 1
    assert AddOn.objects.exclude(state=AddOn.OVER).get().plan.code == "tv"
    assert ProForma.objects.get(state=ProForma.OPEN).total_minor == 3100_00
    Browser().send("/my/join", 302, **FAITH)
    assert ProForma.objects.get(state=ProForma.OPEN).total_minor == 2500_00


def test_a_first_period_that_is_shorter_costs_its_share(
    merchant: Merchant, provider: Provider
) -> None:
    entity = merchant.entity
    day = clock.today(entity.zone).day % 28 + 1  # tomorrow, or the 1st
    add_plan(entity_id=entity.pk, code="first", name="By the 1st", mode=Plan.PREPAID,
             down_kbps=5_000, up_kbps=5_000, price_minor=3000_00, valid_from=date(2020, 1, 1),
             calendar_day=day, by=SYSTEM)  # fmt: skip
    browser = Browser()
    page = browser.see("/my/join?plan=first")
    found = re.search(r"To pay now KES ([\d,.]+) Each month KES 3,000", page)
    assert found
    browser.send("/my/join", 302, **FAITH | {"plan": "first"})
    asked = ProForma.objects.get()
    assert f"{asked.total_minor / 100:,.2f}".removesuffix(".00") == found[1]
    assert asked.total_minor < 3000_00


def _free_at_first(plan: Plan, *charges: Charge) -> None:
    trial = Phase("trial", Interval("day", 14))
    terms = PlanTerms("home-10", Interval(), (Charge("fee", amount=Fraction(2500_00)), *charges),
                      (trial, Phase()), name=plan.name)  # fmt: skip
    publish_version(plan_id=plan.pk, terms=terms, valid_from=date(2021, 1, 1), by=SYSTEM)


def test_what_is_charged_once_is_paid_before_what_is_free(merchant: Merchant) -> None:
    _free_at_first(home_10(merchant.entity), Charge("visit", "one_off", Fraction(500_00)))
    page = Browser().see("/my/join?plan=home-10")
    assert re.search(r"KES 500 Free until .* To pay now KES 500 The next period KES 2,500", page)
    assert "Pay KES 500" in page


def test_what_begins_free_asks_for_nothing(merchant: Merchant, provider: Provider) -> None:
    _free_at_first(home_10(merchant.entity))
    browser = Browser()
    page = browser.see("/my/join?plan=home-10")
    assert re.search(r"Free until .* To pay now KES 0 The next period KES 2,500", page)
    assert "Pay KES" not in page
    assert browser.send("/my/join", 302, **FAITH).headers["Location"] == "/my"
    assert not provider.wishes
