"""Billing: how far tonight is, who steers it, whom it could not bill, and its rehearsal."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from waya.billing.commands import runs
from waya.billing.commands.renewals import bill
from waya.billing.models import BillingRun, Invoice, Parked, ProForma
from waya.billing.policy import BoundsPolicy
from waya.billing.queries.due import billing_of, passed
from waya.billing.tests.make import in_service
from waya.cli.tests.browser import serious
from waya.console.pages.billing.words import because
from waya.console.tests.billed import due_today, lets_pass, nights_before, tonight
from waya.console.tests.conftest import Opens
from waya.console.tests.make import Town, signed_in
from waya.console.tests.test_browser import listening
from waya.console.tests.test_pages import seen
from waya.kernel import clock
from waya.kernel.errors import NotYet
from waya.org.actors import SYSTEM
from waya.org.commands.policies import choose
from waya.org.models import Approval
from waya.org.policy import chosen

# Two kinds of documents, each with its rows, prices, taxes, usage and last bills.
MOST_TO_REHEARSE = 36


@pytest.fixture
def wanjiku(there: Town) -> Client:
    """The accountant, who steers."""
    return signed_in("wanjiku", "accountant")


@pytest.fixture
def naomi(there: Town) -> Client:
    """The cashier, who looks."""
    return signed_in("naomi", "cashier")


def at_work(there: Town) -> BillingRun:
    """Today's run, begun and at work."""
    day = billing_of(there.entity.pk, there.today)
    row = runs.begin(day=day, due=[passed(day)], by=SYSTEM)
    assert row is not None
    return row


def test_a_night_that_is_done_says_what_it_came_to(there: Town, naomi: Client) -> None:
    assert 'href="/billing"' in seen(naomi, "/")
    due = due_today(there).due
    row = tonight(there)
    page = seen(naomi, "/billing")
    for words in ("Today, ", "Done at", f"{row.done} of {row.due}", "Billed, 30 nights",
                  "Could not be billed", "Zawadi Baraka"):  # fmt: skip
        assert words in page, words
    assert f'"finding": "Billed in 30 nights; the largest was {row.on:%-d %b}' in page
    assert row.invoices == len(due)
    assert "Try again" not in page
    assert "/stop" not in page
    stale = naomi.get("/billing", headers={"HX-Request": "true"})
    fresh = naomi.get("/billing", headers={"HX-Request": "true", "If-None-Match": stale["ETag"]})
    assert fresh.status_code == 304


def test_before_any_night_it_says_so(there: Town, naomi: Client) -> None:
    BillingRun.objects.all().delete()
    page = seen(naomi, "/billing")
    assert "No night was billed yet" in page
    assert "Nobody waits" in page


def test_the_last_run_is_not_today_s(there: Town, naomi: Client) -> None:
    page = seen(naomi, "/billing")
    assert "The last run, " in page
    assert "No run today so far" in page


def test_a_run_is_stopped_and_goes_on_by_who_may(
    there: Town, naomi: Client, wanjiku: Client
) -> None:
    due_today(there)
    row = at_work(there)
    assert "Running since" in seen(naomi, "/billing")
    assert f'href="/billing/{row.on}/stop"' in seen(wanjiku, "/billing")
    assert naomi.post(f"/billing/{row.on}/stop").status_code == 403
    form = seen(wanjiku, f"/billing/{row.on}/stop")
    assert "Stop the run" in form
    assert "What was issued stays issued" in form
    row.refresh_from_db()
    assert row.state == BillingRun.RUNNING, "to look is not to stop"
    for _ in range(2):
        assert wanjiku.post(f"/billing/{row.on}/stop").status_code == 302
    assert "Stopped by Wanjiku." in seen(naomi, "/billing")
    assert naomi.post(f"/billing/{row.on}/go-on").status_code == 403
    assert "Nobody is billed twice" in seen(wanjiku, f"/billing/{row.on}/go-on")
    for _ in range(2):
        assert wanjiku.post(f"/billing/{row.on}/go-on").status_code == 302
    assert "Running since" in seen(wanjiku, "/billing")
    tonight(there)
    assert "Done at" in seen(wanjiku, "/billing")
    assert wanjiku.post("/billing/2020-01-01/stop").status_code == 404
    assert wanjiku.post("/billing/soon/go-on").status_code == 404


def test_a_run_that_has_died_says_so(there: Town, naomi: Client) -> None:
    due_today(there)
    at_work(there)
    BillingRun.objects.update(beat_at=clock.real_now() - timedelta(minutes=9))
    assert "No sign of life since" in seen(naomi, "/billing")


def test_a_run_beyond_its_bounds_leads_to_the_approval(
    there: Town, naomi: Client, wanjiku: Client
) -> None:
    due_today(there)
    choose(entity_id=there.entity.pk, choices=BoundsPolicy(most_minor=100_00), by=SYSTEM)
    with pytest.raises(NotYet):
        bill(entity_id=there.entity.pk, on=there.today, by=SYSTEM)
    asked = Approval.objects.get(kind=runs.KIND)
    page = seen(wanjiku, "/billing")
    assert "It waits for a person." in page
    assert f'href="/approvals#approval-{asked.pk}"' in page
    assert "#approval-" not in seen(naomi, "/billing")
    decision = seen(wanjiku, "/approvals")
    for words in ("A night&#x27;s billing", "come to about KES", "Whoever is due is billed"):
        assert words in decision, words
    assert wanjiku.post(f"/approvals/{asked.pk}", {"decision": "deny"}).status_code == 302
    assert "Turned down by Wanjiku." in seen(naomi, "/billing")


def test_who_could_not_be_billed_is_tried_again(
    there: Town, naomi: Client, wanjiku: Client
) -> None:
    zawadi = due_today(there).zawadi
    nights_before(there, 2)
    tonight(there)
    page = seen(wanjiku, "/billing")
    since = there.today - timedelta(days=2)
    assert f'datetime="{since}"' in page, "the first of the nights, not the last"
    assert "7 lines for one service" in page
    Parked.objects.filter(resolved_at=None).update(reason="no_account (purpose=tax:vat)")
    parked = Parked.objects.get(customer=zawadi.customer, resolved_at=None)
    address = f"/billing/parked/{parked.pk}"
    assert naomi.post(address).status_code == 403
    assert wanjiku.get(address).status_code == 405
    assert wanjiku.post("/billing/parked/999999").status_code == 404
    wanjiku.post(address)
    assert "Zawadi Baraka could still not be billed." in seen(wanjiku, "/billing")
    assert "7 lines for one service" in seen(wanjiku, "/billing")
    before = Invoice.objects.count()
    for _ in range(2):
        wanjiku.post(address)
        assert "Zawadi Baraka is billed." in seen(wanjiku, "/billing")
    assert Invoice.objects.count() == before + 7
    assert "Nobody waits" in seen(wanjiku, "/billing")


def test_a_rehearsal_says_what_is_unlike_and_saves_nothing(there: Town, naomi: Client) -> None:
    billed = due_today(there)
    documents = Invoice.objects.count() + ProForma.objects.count()
    page = naomi.get(f"/billing/rehearsal?on={there.today}").content.decode()
    for words in ("Nothing is saved", "6 invoices", "Unlike the last time", "Wambui Njoroge",
                  "never", "By plan", "Office 20 Mbps", "Could not be billed", "Zawadi Baraka",
                  "7 lines for one service", 'href="/plans/office-20'):  # fmt: skip
        assert words in page, words
    assert f'href="/customers/{billed.due[0].customer.account_number}"' in page
    assert Invoice.objects.count() + ProForma.objects.count() == documents
    assert not Parked.objects.exists()


def test_a_rehearsal_is_of_the_first_of_next_month_or_another_day(
    there: Town, naomi: Client
) -> None:
    first = (there.today.replace(day=1) + timedelta(days=32)).replace(day=1)
    page = seen(naomi, "/billing/rehearsal")
    assert f'value="{first}"' in page
    assert f"on={there.today + timedelta(days=7)}" in page
    empty = seen(naomi, "/billing/rehearsal?on=2020-01-01")
    assert "Nobody would be billed" in empty
    assert naomi.get("/billing/rehearsal?on=soon").status_code == 404
    far = there.today + timedelta(days=400)
    assert naomi.get(f"/billing/rehearsal?on={far}").status_code == 404


def test_a_rehearsal_asks_no_more_for_more_customers(there: Town, naomi: Client) -> None:
    plan = due_today(there).due[0].plan
    lets_pass(there.entity, 200)
    address, counts = f"/billing/rehearsal?on={there.today}", []
    naomi.get(address)  # what is remembered for seconds is read now
    for _ in range(2):
        in_service(there.entity, plan, there.today - timedelta(days=45))
        with CaptureQueriesContext(connection) as asked:
            assert "Unlike the last time" in naomi.get(address).content.decode()
        counts.append(len(asked))
    assert counts[0] == counts[1] <= MOST_TO_REHEARSE


def test_who_sees_no_money_sees_no_billing(there: Town) -> None:
    otieno = signed_in("otieno", "network")
    assert otieno.get("/billing").status_code == 403
    assert otieno.get("/billing/rehearsal").status_code == 403
    assert "/billing" not in otieno.get("/").content.decode()


def test_bounds_are_chosen_and_may_be_none(there: Town) -> None:
    grace = signed_in("grace", "owner")
    page = grace.get("/settings/business")
    assert "A night of billing" in page.content.decode()
    form = page.context["form"]
    told = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    told = {name: "" if value is None else value for name, value in told.items()}
    told |= {"billing.bounds:most_minor": "250,000", "billing.bounds:few": "20"}
    assert grace.post("/settings/business", told).status_code == 302
    assert chosen(BoundsPolicy, there.entity.pk) == BoundsPolicy(250_000_00, 100, 20)
    assert grace.post("/settings/business", told | {"billing.bounds:most_minor": ""})
    assert chosen(BoundsPolicy, there.entity.pk).most_minor == 0


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("no_price (on=2027-02-01)", "This plan has no price on 2027-02-01."),
        ("run_waits", "The night's billing is out of the ordinary and waits for a person."),
        ("no_price", "no_price"),
        ("subscription 7: 8 lines on one day", "subscription 7: 8 lines on one day"),
        ("", ""),
    ],
)
def test_a_reason_is_told_in_words(reason: str, told: str) -> None:
    assert because(reason) == told


def test_wanjiku_steers_in_a_browser(live_town: Town, opens: Opens) -> None:
    due_today(live_town)
    row = at_work(live_town)
    page = opens(signed_in("wanjiku", "accountant"), 1280)
    complaints = listening(page)
    page.goto("/billing")
    page.get_by_role("link", name="Stop").click()
    page.get_by_role("dialog").get_by_role("button", name="Stop the run").click()
    page.get_by_text("Stopped by Wanjiku.").wait_for()
    page.get_by_role("link", name="Go on").click()
    page.get_by_role("dialog").get_by_role("button", name="Go on").click()
    page.get_by_text("Running since").wait_for()
    tonight(live_town)
    page.get_by_text("Done at").wait_for()  # by itself
    page.get_by_role("button", name="Bill it all the same").click()
    page.get_by_text("Zawadi Baraka is billed.").wait_for()
    for address in ("/billing", "/billing/rehearsal", f"/billing/{row.on}/stop"):
        page.goto(address)
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 900})
            assert serious(page) == [], f"{address} at {width}"
            fits = "document.documentElement.scrollWidth <= innerWidth"
            assert page.evaluate(fits), f"{address} at {width}"
    assert complaints == []
