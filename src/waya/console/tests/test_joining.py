"""A new customer over the counter: the sum that is shown, add-ons in it, is the one asked for."""

from __future__ import annotations

import html
import os
import re
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import expect

from waya.billing.models import ProForma
from waya.billing.tests.make import office_20
from waya.billing.tests.test_add_ons import static_ip
from waya.console.tests.conftest import Opens
from waya.console.tests.make import Town, signed_in
from waya.console.tests.test_services import pinned
from waya.subscriptions.models import Subscription

FATUMA = {"name": "Fatuma Noor", "phone": "0700 000 641", "site_name": "Section",
          "directions": "", "language": "sw"}  # fmt: skip


def read(answer: Any) -> str:
    """What a person reads of a page."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


@pytest.fixture
def naomi(there: Town) -> Client:
    """The cashier."""
    return signed_in("naomi", "cashier")


def test_the_sum_is_shown_with_what_goes_on_top_and_asked_for(there: Town, naomi: Client) -> None:
    ip = static_ip(there.entity, once_minor=500_00)
    other = static_ip(there.entity, code="office", name="Extra", to=[office_20(there.entity).code])
    told = FATUMA | {"plan": str(there.amina.plan_id)}
    look = {"plan": told["plan"], "step": "look", "add_ons": [ip.pk, other.pk], "name": "Fatuma"}
    answer = naomi.post("/customers/new", look)
    page = read(answer)
    assert "To pay now KES 3,300" in page
    assert "Then KES 2,800 each month." in page
    assert "Write down and ask for KES 3,300" in page
    assert "This field is required" not in page
    assert "Select a valid choice" not in page
    assert 'value="Fatuma"' in answer.content.decode()
    assert not Subscription.objects.filter(customer__name__startswith="Fatuma").exists()
    stale = told | {"add_ons": [ip.pk], "seen": "250000:250000"}
    again = naomi.post("/customers/new", stale)
    assert (again.status_code, "The sum is another now" in read(again)) == (422, True)
    naomi.post("/customers/new", stale | {"seen": pinned(again.content.decode())})
    row = Subscription.objects.get(customer__name="Fatuma Noor")
    assert ProForma.objects.get(subscription=row, state=ProForma.OPEN).total_minor == 3300_00
    assert row.add_ons.get().plan == ip


def test_what_does_not_go_with_the_plan_is_refused(there: Town, naomi: Client) -> None:
    static_ip(there.entity)
    other = static_ip(there.entity, code="office", name="Extra", to=[office_20(there.entity).code])
    told = FATUMA | {"plan": str(there.amina.plan_id), "add_ons": [other.pk]}
    answer = naomi.post("/customers/new", told)
    assert (answer.status_code, "Select a valid choice" in read(answer)) == (422, True)
    assert not Subscription.objects.filter(customer__name="Fatuma Noor").exists()


def test_what_is_invoiced_after_asks_for_nothing_now(there: Town, naomi: Client) -> None:
    plan, ip = office_20(there.entity), static_ip(there.entity)
    look = {"plan": plan.pk, "step": "look", "add_ons": [ip.pk]}
    page = read(naomi.post("/customers/new", look))
    assert "Nothing now. KES 2,800 each month, invoiced after it." in page
    assert "To pay now" not in page


@pytest.mark.parametrize("width", [390, 1280])
def test_ticking_an_add_on_changes_the_sum_and_loses_nothing(
    live_town: Town, opens: Opens, width: int
) -> None:
    static_ip(live_town.entity, once_minor=500_00)
    page = opens(signed_in("naomi", "cashier"), width)
    page.goto("/customers/new")
    page.get_by_label("Plan").select_option(str(live_town.amina.plan_id))
    page.get_by_label("Name").fill("Fatuma Noor")
    page.get_by_label("Static IP").check()
    expect(page.get_by_role("button", name="Write down and ask for KES 3,300")).to_be_visible()
    expect(page.get_by_label("Name")).to_have_value("Fatuma Noor")
    expect(page.get_by_role("heading", level=1)).to_have_text("New customer")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if folder := os.environ.get("WAYA_SCREENS"):
        page.screenshot(path=f"{folder}/console-join-{width}.png", full_page=True)
