"""Home: off, restoring, online; what is owed, since when, and how we know."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from waya.billing.commands.lives.changes import change_plan
from waya.billing.commands.lives.hours import end_hours
from waya.billing.commands.renewals import bill
from waya.billing.commands.standings import apply_standings
from waya.billing.models import Credit, ProForma
from waya.billing.tests.make import in_service, office_20
from waya.catalog.commands import add_plan
from waya.catalog.models import Plan
from waya.kernel import clock
from waya.network.models import DesiredAccess, Router
from waya.org.actors import SYSTEM
from waya.payments.models import Merchant
from waya.payments.tests import make as paying
from waya.portal.tests.make import Browser, dialled_in, proven_on_router, signed_in, words
from waya.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db


def paid(merchant: Merchant, row: Subscription, receipt: str = "UKL7X4T2QP") -> Subscription:
    """The paybill was paid with the account number, and worked off."""
    raw = paying.confirmation(row.customer.account_number, receipt)
    paying.tell(merchant, "c", raw)
    paying.work_off(merchant)
    row.refresh_from_db()
    return row


@pytest.fixture
def chebet(merchant: Merchant) -> Subscription:
    """Paid, proven on the router, and online."""
    row = paid(merchant, paying.asked(merchant.entity))
    proven_on_router(row)
    dialled_in(row)
    return row


@pytest.fixture
def walled(chebet: Subscription, monkeypatch: pytest.MonkeyPatch) -> Subscription:
    """The month went by, the renewal was asked for and not paid; then the wall."""
    zone = chebet.entity.zone
    end = chebet.paid_through
    assert end is not None
    for days in (5, 0):
        day = end - timedelta(days=days)
        ahead = clock.start_of(day, zone) + timedelta(hours=8) - clock.real_now()
        monkeypatch.setattr(clock, "_offset", lambda ahead=ahead: ahead)
        bill(entity_id=chebet.entity_id, on=day, by=SYSTEM)
    apply_standings(
        entity_id=chebet.entity_id, customer_ids=[chebet.customer_id], on=end, by=SYSTEM
    )
    chebet.refresh_from_db()
    assert chebet.state == Subscription.SUSPENDED
    proven_on_router(chebet)
    return chebet


def test_before_the_first_payment(merchant: Merchant) -> None:
    paying.asked(merchant.entity)
    page = signed_in().see("/my")
    assert "Waiting for the first payment" in page
    assert "2,500" in page
    assert "Paybill 600426" in page


def test_online_says_what_is_paid_and_how_we_know(chebet: Subscription) -> None:
    page = signed_in().see("/my")
    assert "Online" in page
    assert "Nothing to pay until" in page
    assert chebet.paid_through is not None
    assert f"{chebet.paid_through:%B}" in page
    assert "Checked on the mast Lanet-1" in page
    assert "Online since" in page
    assert "Seen" in page
    assert "UKL7X4T2QP" in page, "the bill says what paid it"


def test_paid_and_proven_but_not_dialled_in_is_not_called_online(
    merchant: Merchant,
) -> None:
    proven_on_router(paid(merchant, paying.asked(merchant.entity)))
    page = signed_in().see("/my")
    assert "your router is not connected" in page


def test_off_says_why_in_dated_lines(walled: Subscription) -> None:
    page = signed_in().see("/my")
    assert "Internet is off" in page
    assert "Pay to be back online KES 2,500 Pay with M-PESA" in page
    assert "Why is my internet off?" in page
    assert "Your bill for" in page
    assert "Internet off at" in page
    assert "Nothing else is wrong with your line" in page
    account = walled.customer.account_number
    assert f"Account {account[:3]} {account[3:6]} {account[6:]}" in page


def test_restoring_until_the_router_has_proven_it(walled: Subscription, merchant: Merchant) -> None:
    browser = signed_in()
    paid(merchant, walled, "UKL7Z2R5HN")
    page = browser.see("/my")
    assert "Bringing you back" in page
    assert "We have received KES 2,500" in page
    assert "UKL7Z2R5HN" in page
    assert "Switching your internet on" in page
    etag = browser.get("/my").headers["ETag"]
    assert browser.get("/my", headers={"If-None-Match": etag}).status_code == 304
    proven_on_router(walled)
    assert "Nothing to pay until" in browser.see("/my")


def test_a_mast_that_is_away_is_named_with_its_time(
    walled: Subscription, merchant: Merchant
) -> None:
    paid(merchant, walled, "UKL7Z2R5HN")
    since = clock.real_now().replace(second=30) - timedelta(hours=1)
    Router.objects.update(trouble="unreachable", trouble_since=since)
    page = signed_in().see("/my")
    at = timezone.localtime(since + (clock.now() - clock.real_now()), ZoneInfo("Africa/Nairobi"))
    assert f"The mast Lanet-1 is away since {at:%H:%M}" in page


def test_owed_within_grace_is_asked_with_its_day(merchant: Merchant) -> None:
    row = in_service(merchant.entity, office_20(merchant.entity), clock.today("Africa/Nairobi"))
    proven_on_router(row)
    page = signed_in().see("/my")
    assert "Nothing to pay" in page


def test_the_password_shows_on_tap_only(chebet: Subscription) -> None:
    browser = signed_in()
    page = browser.see("/my")
    assert chebet.username in page
    assert "Show password" in page
    assert browser.get(f"/my/login/{chebet.username}").status_code == 405
    shown = words(browser.post(f"/my/login/{chebet.username}"))  # type: ignore[arg-type]
    assert "We noted that it was shown" in shown


def test_nobody_elses_password_shows(chebet: Subscription, merchant: Merchant) -> None:
    brian = paid(
        merchant, paying.asked(merchant.entity, "Brian Mwangi", "0700000334"), "UKL7B00000"
    )
    assert signed_in().post(f"/my/login/{brian.username}").status_code == 422


def test_home_costs_a_fixed_number_of_queries(
    chebet: Subscription, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    browser = signed_in()
    with django_assert_max_num_queries(20):
        browser.see("/my")


def test_in_swahili_for_whoever_speaks_it(chebet: Subscription) -> None:
    chebet.customer.language = "sw"
    chebet.customer.save(update_fields=["language"])
    page = signed_in().see("/my")
    assert "Hakuna cha kulipa hadi" in page


def test_a_customer_without_service_is_told_so(merchant: Merchant) -> None:
    row = paying.asked(merchant.entity)
    Subscription.objects.filter(pk=row.pk).update(state=Subscription.ENDED)
    DesiredAccess.objects.all().delete()
    assert "No internet is running" in signed_in().see("/my")


def test_help(chebet: Subscription) -> None:
    page = Browser().see("/my/help")
    assert "I paid and I am not online" in page
    assert "Call us" in page


def test_hours_are_paid_until_a_time_and_off_when_they_are_over(
    chebet: Subscription, monkeypatch: pytest.MonkeyPatch
) -> None:
    entity = chebet.entity
    plan = add_plan(
        entity_id=entity.pk, code="kiosk", name="Kiosk", mode=Plan.PREPAID, unit="hour", count=3,
        down_kbps=5_000, up_kbps=5_000, price_minor=20_00, valid_from=date(2020, 1, 1), by=SYSTEM,
    )  # fmt: skip
    today = clock.today(entity.zone)
    change_plan(subscription_id=chebet.pk, plan_id=plan.pk, on=today, by=SYSTEM)
    chebet.refresh_from_db()
    assert chebet.paid_until
    proven_on_router(chebet)
    mine = signed_in()
    at = chebet.paid_until.astimezone(ZoneInfo(entity.zone))
    page = mine.see("/my")
    assert "Paid until" in page
    assert f"{at:%H:%M}" in page
    assert "For 3 hours" in page
    assert 'value="20"' in mine.get("/my/pay").content.decode()
    asked = ProForma.objects.get(customer=chebet.customer, state=ProForma.OFFERED)
    assert "If you want more hours" in mine.see(f"/my/pro-formas/{asked.public_id}")
    Credit.objects.filter(customer=chebet.customer).update(amount_minor=0)
    later = clock.now() + timedelta(hours=3)
    monkeypatch.setattr(clock, "now", lambda: later)
    end_hours(entity_id=entity.pk, customer_ids=[chebet.customer_id], by=SYSTEM)
    page = mine.see("/my")
    assert "Internet is off" in page
    assert f"Your paid hours ended at {at:%H:%M}" in page
    assert "20" in page
