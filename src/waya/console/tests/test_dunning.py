"""Collections: what happens tonight, who promised, who is to be called, what is disputed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from waya.billing.commands.promises import promise
from waya.billing.models import Credit, Dispute, DunningAction, FollowUp, Invoice, Promise, WriteOff
from waya.billing.tests.debtors import CALL, FEE, WALL, climbs, customers, invoiced, today
from waya.console.tests.make import Town, signed_in
from waya.console.tests.test_pages import seen
from waya.kernel import clock
from waya.kernel.money import Money
from waya.network.models import Router
from waya.org.actors import SYSTEM
from waya.payments.commands.climb import climb


@pytest.fixture
def naomi(there: Town) -> Client:
    """The cashier."""
    return signed_in("naomi", "cashier")


@pytest.fixture
def wanjiku(there: Town) -> Client:
    """The accountant."""
    return signed_in("wanjiku", "accountant")


def test_tonight_says_what_to_whom_and_why_not(there: Town, naomi: Client) -> None:
    climbs(there.entity, FEE, WALL, CALL)
    fined, spared = customers(there.entity, 2)
    for row in (fined, spared):
        invoiced(row, 12)
    promise(customer=spared.customer, amount=Money(2500_00, "KES"),
            until=today() + timedelta(days=2), by=SYSTEM)  # fmt: skip
    page = seen(naomi, "/collections/tonight")
    for words in ("Walled", "Fined", "To be called", "They promised to pay", "Brian 0", "Brian 1",
                  "12 days past due · late-fee", "promised until"):  # fmt: skip
        assert words in page, words
    assert "nothing here has happened" in page
    assert not DunningAction.objects.exists()
    later = seen(naomi, f"/collections/tonight?on={today() + timedelta(days=7)}")
    assert "They promised to pay" not in later
    assert naomi.get("/collections/tonight?on=soon").status_code == 404
    assert "The night of" in seen(naomi, "/collections/tonight?on=2020-01-01")
    assert "Nothing would be done" in seen(naomi, "/collections/tonight?on=2020-01-01")
    assert 'href="/collections/tonight"' in seen(naomi, "/collections")


def test_a_promise_is_taken_and_shown(there: Town, naomi: Client) -> None:
    account = there.brian.customer.account_number
    form = seen(naomi, f"/customers/{account}/promise")
    assert "Nobody is walled, fined or reminded until that day has passed" in form
    told = {"amount": "2,500", "until": (today() + timedelta(days=60)).isoformat()}
    refused = naomi.post(f"/customers/{account}/promise", told)
    assert refused.status_code == 422
    assert "A promise is good for 7 days at most." in refused.content.decode()
    told["until"] = (today() + timedelta(days=3)).isoformat()
    assert naomi.post(f"/customers/{account}/promise", told).status_code == 302
    assert Promise.objects.get().taken_by == "Naomi"
    record = seen(naomi, f"/customers/{account}")
    assert "promised by" in record
    assert "The ladder waits until that day has passed" in record
    listed = seen(naomi, "/collections/promises")
    assert "Brian Mwangi" in listed
    assert "1 open promise" in listed


def test_a_call_is_asked_for_and_told(there: Town, naomi: Client) -> None:
    climbs(there.entity, CALL)
    (row,) = customers(there.entity)
    invoiced(row, 12)
    Router.objects.update(swept_at=clock.real_now())
    climb(entity_id=there.entity.pk, on=today(), by=SYSTEM)
    assert "Call, and ask when they pay" in seen(naomi, "/collections/calls")
    account = row.customer.account_number
    assert "To be called since" in seen(naomi, f"/customers/{account}")
    found = FollowUp.objects.get(customer=row.customer)
    assert naomi.post(f"/collections/calls/{found.pk}", {"note": ""}).status_code == 302
    assert naomi.post(f"/collections/calls/{found.pk}", {"note": "Friday"}).status_code == 302
    assert naomi.post("/collections/calls/999", {"note": "x"}).status_code == 404
    found.refresh_from_db()
    assert (found.note, found.resolved_by) == ("Friday", "Naomi")
    assert "Brian 0" not in seen(naomi, "/collections/calls")


def test_an_invoice_is_disputed_and_given_up(there: Town, wanjiku: Client) -> None:
    invoice = Invoice.objects.get(customer=there.brian.customer)
    number = invoice.number
    page = f"/invoices/{number}"
    assert "Dispute" in seen(wanjiku, page)
    assert wanjiku.post(f"/invoices/{number}/dispute", {"reason": ""}).status_code == 422
    assert "it does not count" in seen(wanjiku, f"/invoices/{number}/dispute").lower()
    assert (
        wanjiku.post(f"/invoices/{number}/dispute", {"reason": "Billed twice"}).status_code == 302
    )
    assert "This invoice is disputed." in seen(wanjiku, page)
    record = seen(wanjiku, f"/customers/{there.brian.customer.account_number}")
    assert f"{invoice.number} is disputed." in record
    assert (
        wanjiku.post(f"/invoices/{number}/dispute/close", {"verdict": "upheld"}).status_code == 302
    )
    assert Dispute.objects.get().state == "upheld"
    assert (
        wanjiku.post(f"/invoices/{number}/dispute/close", {"verdict": "upheld"}).status_code == 404
    )

    assert "bad debts" in seen(wanjiku, f"/invoices/{number}/write-off")
    assert (
        wanjiku.post(f"/invoices/{number}/write-off", {"reason": "Theirs by right"}).status_code
        == 302
    )
    assert not WriteOff.objects.exists(), "it is above the limit, so somebody else decides"
    baraka = signed_in("baraka", "owner")
    assert f"Write off KES 2,500 of Brian Mwangi, {invoice.number}" in seen(baraka, "/approvals")
    small = invoiced(there.brian, 3, minor=500_00)
    answer = wanjiku.post(f"/invoices/{small.number}/write-off", {"reason": "Small"})
    assert answer.status_code == 302
    page = seen(wanjiku, f"/invoices/{small.number}")
    assert "</svg>Written off</span>" in page
    listed = seen(wanjiku, "/invoices?state=written_off")
    assert small.number in listed
    assert "</svg>Written off</span>" in listed
    assert small.number not in seen(wanjiku, "/invoices?state=paid")
    account = there.brian.customer.account_number
    assert "</svg>Written off</span>" in seen(wanjiku, f"/customers/{account}?tab=invoices")
    assert WriteOff.objects.get().amount_minor == 500_00


def test_what_was_given_up_is_taken_from_their_credit(there: Town, wanjiku: Client) -> None:
    small = invoiced(there.brian, 3, minor=500_00)
    assert wanjiku.get(f"/invoices/{small.number}/recover").status_code == 404
    wanjiku.post(f"/invoices/{small.number}/write-off", {"reason": "Small"})
    address = f"/invoices/{small.number}/recover"
    assert "Take from their credit" in seen(wanjiku, f"/invoices/{small.number}")
    assert wanjiku.post(address).status_code == 422, "there is no credit"
    Credit.objects.update_or_create(
        customer=there.brian.customer, defaults={"currency": "KES", "amount_minor": 700_00}
    )
    assert "Take KES 500 from their credit" in seen(wanjiku, address)
    assert wanjiku.post(address)["Location"] == f"/invoices/{small.number}"
    page = seen(wanjiku, f"/invoices/{small.number}")
    assert "</svg>Paid after it was written off</span>" in page
    assert Credit.objects.get(customer=there.brian.customer).amount_minor == 200_00


def test_who_may_not_dispute_or_give_up_is_not_let(there: Town, naomi: Client) -> None:
    invoice = Invoice.objects.get(customer=there.brian.customer)
    assert naomi.get(f"/invoices/{invoice.number}/dispute").status_code == 403
    assert naomi.get(f"/invoices/{invoice.number}/write-off").status_code == 403
