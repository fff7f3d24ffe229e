"""Tags, promises taken back and the list of disputes, on the screen."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from django.test import Client
from playwright.sync_api import expect

from waya.billing.commands.disputes import open_dispute
from waya.billing.commands.promises import promise
from waya.billing.models import Invoice, Promise
from waya.console.tests.conftest import Opens
from waya.console.tests.make import Town, signed_in
from waya.console.tests.test_browser import listening
from waya.console.tests.test_pages import seen
from waya.console.tests.test_plans import shot
from waya.kernel.money import Money
from waya.org.actors import SYSTEM

pytestmark = pytest.mark.django_db

SHOTS = os.environ.get("WAYA_SHOTS", "")


@pytest.fixture
def grace(there: Town) -> Client:
    """The owner."""
    return signed_in("grace", "owner")


def record(client: Client, account: str) -> str:
    """A customer's page."""
    return client.get(f"/customers/{account}").content.decode()


def promised(there: Town) -> Promise:
    return promise(customer=there.brian.customer, amount=Money(2500_00, "KES"),
                   until=there.today + timedelta(days=2), by=SYSTEM)  # fmt: skip


def test_tags_are_changed_on_the_customer_s_page(there: Town, grace: Client) -> None:
    account = there.brian.customer.account_number
    assert f"/customers/{account}/tags" in record(grace, account)
    answer = grace.post(f"/customers/{account}/tags", {"tags": "VIP, School run, vip"})
    assert answer["Location"] == f"/customers/{account}"
    assert "school-run" in record(grace, account)
    assert "school-run, vip" in seen(grace, f"/customers/{account}/tags")
    long = grace.post(f"/customers/{account}/tags", {"tags": "x" * 31})
    assert (long.status_code, b"thirty letters at most" in long.content) == (422, True)
    grace.post(f"/customers/{account}/tags", {"tags": ""})
    there.brian.customer.refresh_from_db()
    assert there.brian.customer.tags == []
    naomi = signed_in("naomi", "cashier")
    assert naomi.get(f"/customers/{account}/tags").status_code == 403
    assert f"/customers/{account}/tags" not in record(naomi, account)
    assert grace.get("/customers/9999999/tags").status_code == 404


def test_a_promise_is_taken_back_and_may_be_given_again(there: Town) -> None:
    naomi = signed_in("naomi", "cashier")
    made = promised(there)
    where = f"/collections/promises/{made.pk}/withdraw"
    account = there.brian.customer.account_number
    assert where in record(naomi, account)
    assert where in seen(naomi, "/collections/promises")
    assert "It does not count as broken" in seen(naomi, where)
    assert naomi.post(where).status_code == 302
    page = record(naomi, account)
    assert "promised by" not in page
    assert "Promise taken back," in page
    listed = seen(naomi, "/collections/promises")
    assert "Taken back" in listed
    assert "0 open promises" in listed
    assert promised(there).pk != made.pk, "the same word may be given again"
    assert naomi.get("/collections/promises/999/withdraw").status_code == 404


def test_disputes_are_listed_and_closed(there: Town) -> None:
    wanjiku = signed_in("wanjiku", "accountant")
    assert "Nothing is disputed" in seen(wanjiku, "/collections/disputes")
    invoice = Invoice.objects.get(customer=there.brian.customer)
    open_dispute(invoice_id=invoice.pk, reason="Billed twice", by=SYSTEM)
    page = seen(wanjiku, "/collections/disputes")
    for words in ("Brian Mwangi", invoice.number, "Billed twice", "1 open dispute", "It stands"):
        assert words in page, words
    wanjiku.post(f"/invoices/{invoice.number}/dispute/close", {"verdict": "rejected"})
    assert "Nothing is disputed" in seen(wanjiku, "/collections/disputes")


def test_they_look_right(live_town: Town, opens: Opens) -> None:
    page = opens(signed_in("grace", "owner"), 1280)
    complaints = listening(page)
    page.goto("/collections/disputes")
    shot(page, "disputes-none")
    invoice = Invoice.objects.get(customer=live_town.brian.customer)
    open_dispute(invoice_id=invoice.pk, reason="They were away in October", by=SYSTEM)
    made = promised(live_town)
    page.goto("/collections/disputes")
    shot(page, "disputes")
    page.goto("/collections/promises")
    shot(page, "promises")
    page.goto(f"/collections/promises/{made.pk}/withdraw")
    shot(page, "withdraw")
    page.goto(f"/customers/{live_town.brian.customer.account_number}")
    page.get_by_role("link", name="Change the tags").click()
    page.get_by_role("dialog").get_by_label("Tags").fill("school, vip")
    page.get_by_role("button", name="Keep these tags").click()
    expect(page.get_by_text("school", exact=True)).to_be_visible()
    shot(page, "customer-tags")
    assert SHOTS or complaints == []
