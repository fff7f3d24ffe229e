"""Changing what a customer has: every consequence first, then what was shown and nothing else."""

from __future__ import annotations

import os
import re
from datetime import date
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from waya.billing.commands.lives.changes import cancel
from waya.billing.policy import BillingPolicy, HoursPolicy
from waya.billing.tests.make import pays
from waya.catalog.commands import add_plan, publish_price, publish_version
from waya.catalog.models import Plan, PlanVersion, PriceChange
from waya.catalog.rules.plans import Charge, Interval, PlanTerms
from waya.cli.tests.browser import serious
from waya.console.tests.conftest import Opens
from waya.console.tests.make import Town, signed_in
from waya.org.actors import SYSTEM
from waya.org.policy import chosen
from waya.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db

# A folder, for whoever wants to look.
SHOTS = os.environ.get("WAYA_SHOTS", "")


@pytest.fixture
def naomi(there: Town) -> Client:
    """The cashier."""
    return signed_in("naomi", "cashier")


def fast(there: Town) -> Plan:
    return add_plan(
        entity_id=there.entity.pk, code="home-20", name="Home 20", mode=Plan.PREPAID,
        down_kbps=20_000, up_kbps=20_000, price_minor=3500_00, valid_from=date(2020, 1, 1),
        by=SYSTEM,
    )  # fmt: skip


def pinned(page: str) -> str:
    found = re.search(r'name="seen" value="([^"]+)"', page)
    assert found
    return found[1]


def test_a_plan_is_changed_as_it_was_shown(there: Town, naomi: Client) -> None:
    row, plan = there.amina, fast(there)
    record = naomi.get(f"/customers/{row.customer.account_number}").content.decode()
    assert f"/services/{row.username}/change" in record
    where = f"/services/{row.username}/change"
    assert "Home 20" in naomi.get(where).content.decode()
    shown = naomi.get(where, {"plan": "home-20", "when": "at_once"}).content.decode()
    assert "Given back" in shown
    assert "is missing first" in shown
    ways = re.findall(r'href="(/customers/[^"]+amount=[^"]+)"', shown)
    assert [one.split("?")[0].split("/")[-1] for one in ways] == ["pay", "prompt"]
    for way in ways:
        amount = way.split("=")[1]
        assert f"{amount} is missing first" in shown.replace("\u00a0", " ")
        assert f'value="{amount}"' in naomi.get(way).content.decode()
    told = {"plan": "home-20", "when": "at_once", "seen": pinned(shown)}
    refused = naomi.post(where, told)
    assert (refused.status_code, b"is missing for this change" in refused.content) == (422, True)
    pays(row, 2000_00, there.today)
    again = naomi.post(where, told)  # the world has changed: shown again, not done
    row.refresh_from_db()
    assert (again.status_code, row.plan_id == plan.pk) == (200, False)
    done = naomi.post(where, told | {"seen": pinned(again.content.decode())})
    row.refresh_from_db()
    assert (done.status_code, row.plan_id) == (302, plan.pk)
    record = naomi.get(done["Location"]).content.decode()
    assert "Now on Home 20" in record


def test_paused_and_resumed(there: Town, naomi: Client) -> None:
    row = there.amina
    for where, state in (
        (f"/services/{row.username}/pause", "paused"),
        (f"/services/{row.username}/resume", "active"),
    ):
        shown = naomi.get(where).content.decode()
        assert naomi.post(where, {"seen": pinned(shown)}).status_code == 302
        row.refresh_from_db()
        assert row.state == state
    assert naomi.get(f"/services/{row.username}/end").status_code == 403


def test_a_price_change_shows_who_pays_what(there: Town) -> None:
    plan, today = there.amina.plan, there.today
    publish_price(plan_id=plan.pk, amount_minor=2900_00, valid_from=today, by=SYSTEM)
    owner = signed_in("baraka", "owner")
    assert f"/plans/{plan.code}/2" in owner.get(f"/plans/{plan.code}").content.decode()
    where = f"/plans/{plan.code}/2"
    shown = owner.get(where).content.decode()
    assert "Amina Hassan" in shown
    told = {"on": today.isoformat(), "seen": pinned(shown)}
    assert owner.post(where, told).status_code == 302
    assert PriceChange.objects.get().on == today


def test_a_change_in_a_dialog(live_town: Town, opens: Opens) -> None:
    fast(live_town)
    row = live_town.amina
    page = opens(signed_in("naomi", "cashier"), 390)
    page.goto(f"/customers/{row.customer.account_number}")
    page.get_by_role("link", name="Change plan").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Home 20").check()
    expect(dialog.get_by_role("button", name="Change to Home 20")).to_be_visible()
    expect(dialog.get_by_text("Given back").first).to_be_visible()
    expect(dialog.get_by_text("is missing first")).to_be_visible()
    for width in (390, 1280) if SHOTS else ():
        page.set_viewport_size({"width": width, "height": 900})
        page.screenshot(path=f"{SHOTS}/change-{width}.png")
    assert serious(page) == []


def test_hours_are_bought_and_shown_to_the_minute(there: Town, naomi: Client) -> None:
    row = there.amina
    add_plan(
        entity_id=there.entity.pk, code="kiosk", name="Kiosk", mode=Plan.PREPAID, unit="hour",
        count=3, down_kbps=5_000, up_kbps=5_000, price_minor=20_00, valid_from=date(2020, 1, 1),
        by=SYSTEM,
    )  # fmt: skip
    where = f"/services/{row.username}/change"
    shown = naomi.get(where, {"plan": "kiosk"}).content.decode()
    assert "Kiosk, 3 hours" in shown
    assert naomi.post(where, {"plan": "kiosk", "seen": pinned(shown)}).status_code == 302
    row.refresh_from_db()
    assert row.paid_until
    record = naomi.get(f"/customers/{row.customer.account_number}").content.decode()
    assert "Paid until" in record
    assert f"{timezone.localtime(row.paid_until, ZoneInfo(there.entity.zone)):%H:%M}" in record
    asked = naomi.get("/invoices", {"kind": "renewals"}).content.decode()
    assert "Offered" in asked


def test_what_was_planned_is_kept_as_it_is(there: Town, naomi: Client) -> None:
    row = there.amina
    record = f"/customers/{row.customer.account_number}"
    assert "Keep as it is" not in naomi.get(record).content.decode()
    cancel(subscription_id=row.pk, on=there.today, when="term_end", by=SYSTEM)
    assert "Keep as it is" in naomi.get(record).content.decode()
    keep = f"/services/{row.username}/keep"
    naomi.post(keep, {"seen": pinned(naomi.get(keep).content.decode())})
    row.refresh_from_db()
    assert row.next_on is None
    assert "Nothing is planned" in naomi.get(keep).content.decode()


def test_a_number_is_changed_as_it_was_shown(there: Town, naomi: Client) -> None:
    row, where = there.amina, f"/services/{there.amina.username}/quantity"
    said = naomi.get(where, {"quantity": "2"}).content.decode()
    assert "has no price for each unit" in said
    assert naomi.get(where, {"quantity": "0"}).status_code == 422
    seats = Charge("seats", "per_unit", Fraction(100_00))
    publish_version(
        plan_id=row.plan_id, terms=PlanTerms(row.plan.code, Interval(), (seats,)),
        valid_from=there.today, by=SYSTEM,
    )  # fmt: skip
    Subscription.objects.filter(pk=row.pk).update(
        version=PlanVersion.objects.get(plan_id=row.plan_id, number=2)
    )
    assert (
        "Change number" in naomi.get(f"/customers/{row.customer.account_number}").content.decode()
    )
    shown = naomi.get(where, {"quantity": "3", "when": "at_once"}).content.decode()
    assert "Given back" in shown
    told = {"quantity": "3", "when": "at_once", "seen": pinned(shown)}
    assert naomi.post(where, told).status_code == 302
    row.refresh_from_db()
    assert row.quantity == 3


def test_what_is_left_over_is_chosen_on_the_screen(there: Town) -> None:
    grace = signed_in("grace", "owner")
    page = grace.get("/settings/business")
    assert "What is left over when a plan changes becomes" in page.content.decode()
    form = page.context["form"]
    told = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    told = {name: "" if value is None else value for name, value in told.items()}
    told |= {"billing.terms:leftover": "time", "billing.hours:say_over": "no"}
    assert grace.post("/settings/business", told).status_code == 302
    assert chosen(BillingPolicy, there.entity.pk) == BillingPolicy(leftover="time")
    assert chosen(HoursPolicy, there.entity.pk).say_over is False
    wrong = told | {"billing.terms:leftover": "gold"}
    assert grace.post("/settings/business", wrong).status_code == 422


def test_a_service_more_is_asked_for_as_it_was_shown(there: Town, naomi: Client) -> None:
    row, plan = there.amina, fast(there)
    where = f"/customers/{row.customer.account_number}/add"
    assert where in naomi.get(f"/customers/{row.customer.account_number}").content.decode()
    assert "Home 20" in naomi.get(where).content.decode()
    chosen_ = {"plan": plan.code, "align": "customer"}
    shown = naomi.get(where, chosen_).content.decode()
    assert "renews with their others" in shown
    assert "To pay first" in shown
    assert "Send the prompt now" in shown
    assert "on 0700 000119" in shown
    own = naomi.get(where, chosen_ | {"align": "own"}).content.decode()
    assert "renews on a day of its own" in own
    again = naomi.post(where, chosen_ | {"seen": pinned(own)})  # not what was shown: shown again
    assert (again.status_code, Subscription.objects.filter(plan=plan).count()) == (200, 0)
    done = naomi.post(where, chosen_ | {"seen": pinned(shown)})
    added = Subscription.objects.get(plan=plan)
    assert (done.status_code, added.customer_id, added.anchor_day) == (
        302, row.customer_id, row.anchor_day,
    )  # fmt: skip
    refused = naomi.get(where, {"plan": "nothing"})
    assert "Show its first period" in refused.content.decode()
    assert signed_in("otieno", "network").get(where).status_code == 403


@pytest.mark.django_db(transaction=True)
def test_a_service_more_in_a_dialog(live_town: Town, opens: Opens) -> None:
    fast(live_town)
    page = opens(signed_in("naomi", "cashier"), 390)
    page.goto(f"/customers/{live_town.amina.customer.account_number}")
    page.get_by_role("link", name="Add a service").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Home 20").check()
    dialog.get_by_label("With their others").check()
    expect(dialog.get_by_text("renews with their others")).to_be_visible()
    expect(dialog.get_by_role("button", name="Ask for its first period")).to_be_visible()
    for width in (390, 1280) if SHOTS else ():
        page.set_viewport_size({"width": width, "height": 900})
        page.screenshot(path=f"{SHOTS}/add-{width}.png")
    assert serious(page) == []
