"""Documents at the counter: as PDF, credited with the effect in sight, and a statement."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from waya.billing.commands.credits import credit
from waya.billing.models import Credit, CreditNote, Invoice, ProForma
from waya.billing.rules.credits import Reason
from waya.cli.tests.browser import serious
from waya.console.tests.conftest import Opens
from waya.console.tests.make import Town, signed_in
from waya.console.tests.test_browser import listening
from waya.org.actors import SYSTEM
from waya.org.models import Logo
from waya.payments.models import Payment


def words(answer: Any) -> str:
    """What came back, as text."""
    text: str = answer.content.decode()
    return text


def hidden(page: str, name: str) -> str:
    """What a hidden field of the form holds."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found
    return found[1]


@pytest.fixture
def wanjiku(there: Town) -> Client:
    """The accountant."""
    return signed_in("wanjiku", "accountant")


def of(one: Any) -> Invoice:
    return Invoice.objects.get(customer_id=one.customer_id)


def test_every_document_is_a_page(there: Town, wanjiku: Client) -> None:
    asked, payment = ProForma.objects.all()[0], Payment.objects.all()[0]
    account = there.brian.customer.account_number
    for path in (
        f"/invoices/{of(there.brian).number}.pdf",
        f"/pro-formas/{asked.number}.pdf",
        f"/payments/{payment.receipt_number}.pdf",
        f"/customers/{account}/statement.pdf",
    ):
        answer = wanjiku.get(path)
        assert answer["Content-Type"] == "application/pdf"
        assert answer.content.startswith(b"%PDF")
        assert signed_in("otieno", "network").get(path).status_code == 403
    assert wanjiku.get("/invoices/INV-999999.pdf").status_code == 404
    assert f'href="/invoices/{of(there.brian).number}.pdf"' in words(
        wanjiku.get(f"/invoices/{of(there.brian).number}")
    )


def test_wanjiku_sees_what_a_credit_does_and_then_does_it_once(
    there: Town, wanjiku: Client
) -> None:
    invoice = of(there.brian)
    path = f"/invoices/{invoice.number}/credit"
    form = words(wanjiku.get(path))
    assert "Credit KES 2,500" in form
    assert f"KES 2,500 settles what is open of {invoice.number}" in form
    wished = {
        "what": "amount",
        "amount": "500",
        "reason": "outage",
        "note": "The mast was off",
        "line": "",
        "since": "",
        "until": "",
        "once": hidden(form, "once"),
        "seen": "",
    }
    shown = wanjiku.post(path, wished)
    assert (shown.status_code, CreditNote.objects.count()) == (200, 0)
    assert "Credit KES 500" in words(shown)
    wished["seen"] = hidden(words(shown), "seen")
    done = wanjiku.post(path, wished)
    note = CreditNote.objects.get()
    assert done["Location"] == f"/credit-notes/{note.number}"
    again = wanjiku.post(path, wished)
    assert (again["Location"], CreditNote.objects.count()) == (done["Location"], 1)
    assert wanjiku.get(f"/credit-notes/{note.number}.pdf").content.startswith(b"%PDF")
    page = words(wanjiku.get(done["Location"]))
    assert "Service was out" in page
    assert "The mast was off" in page
    assert "Service credits" in page, "what it booked"
    assert note.number in words(wanjiku.get(f"/invoices/{invoice.number}"))
    assert note.number in words(wanjiku.get("/invoices?kind=credits"))
    record = words(wanjiku.get(f"/customers/{there.brian.customer.account_number}"))
    assert f"/credit-notes/{note.number}" in record


def test_days_that_were_not_used_become_the_customers_credit(there: Town, wanjiku: Client) -> None:
    invoice = of(there.amina)
    path = f"/invoices/{invoice.number}/credit"
    form = words(wanjiku.get(path, {"what": "days"}))
    assert "is the customer's credit" in form.replace("&#x27;", "'")
    assert "was not earned yet" in form
    line = invoice.lines.get()
    wished = {
        "what": "days",
        "since": there.today.isoformat(),
        "until": f"{line.end}",
        "reason": "plan_change",
        "once": hidden(form, "once"),
        "amount": "",
        "note": "",
    }
    wished["seen"] = hidden(words(wanjiku.post(path, wished)), "seen")
    wanjiku.post(path, wished)
    assert Credit.objects.get(customer=there.amina.customer).amount_minor == 2250_00
    again = wanjiku.post(path, wished | {"once": "another"})
    assert again.status_code == 422
    assert "were credited already" in words(again)


def test_a_choice_asks_for_what_belongs_to_it(there: Town, wanjiku: Client) -> None:
    path = f"/invoices/{of(there.brian).number}/credit"
    opened = words(wanjiku.get(path, {"what": "amount"}))
    assert "Show what happens" in opened
    assert 'class="err"' not in opened
    refused = wanjiku.post(path, {"what": "amount", "amount": "", "reason": "outage"})
    assert refused.status_code == 422
    assert 'class="err"' in words(refused)
    too_much = wanjiku.post(path, {"what": "amount", "amount": "2,500.01", "reason": "outage"})
    assert "Only KES 2,500 is left to credit." in words(too_much)


DOT = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
    b"\x00\x00\x00\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\x00\x05\x00\x01\xff\x89\x99=\x1d\x00\x00\x00\x00IEND\xaeB`\x82"
)
SHAPE = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 3"><path d="M0 0h9v3H0z"/></svg>'


@pytest.mark.parametrize("picture", [DOT, SHAPE])
def test_the_owner_puts_a_logo_on_documents(there: Town, picture: bytes) -> None:
    owner = signed_in("baraka", "owner")
    invoice = of(there.brian)
    before = owner.get(f"/invoices/{invoice.number}.pdf").content
    kept = owner.post("/settings/logo", {"picture": io.BytesIO(picture)})
    assert kept["Location"] == "/settings/business"
    after = owner.get(f"/invoices/{invoice.number}.pdf").content
    assert after.startswith(b"%PDF")
    assert after != before


@pytest.mark.parametrize("picture", [
    b"GIF89a", b"<svg>", DOT[:60], SHAPE * 3000, SHAPE.replace(b"<path", b"<script/><path"),
    SHAPE.replace(b"<path", b'<image href="/etc/hostname"/><path'),
    b'<!DOCTYPE svg [<!ENTITY a "b">]>' + SHAPE,
])  # fmt: skip
def test_what_is_no_logo_is_refused(there: Town, picture: bytes) -> None:
    answer = signed_in("baraka", "owner").post("/settings/logo", {"picture": io.BytesIO(picture)})
    assert answer.status_code == 422
    assert "picture" in words(answer)
    assert not Logo.objects.exists()


def test_an_invoice_given_back_as_a_whole_was_not_paid(there: Town, wanjiku: Client) -> None:
    invoice = of(there.brian)
    credit(invoice_id=invoice.pk, reason=Reason.MISTAKE, once="x", on=there.today, by=SYSTEM)
    page = words(wanjiku.get(f"/invoices/{invoice.number}"))
    assert "</svg>Credited</span>" in page
    listed = words(wanjiku.get("/invoices", {"state": "credited"}))
    assert invoice.number in listed
    assert "</svg>Credited</span>" in listed
    assert invoice.number not in words(wanjiku.get("/invoices", {"state": "paid"}))


def test_a_cashier_credits_nothing(there: Town) -> None:
    naomi = signed_in("naomi", "cashier")
    invoice = of(there.brian)
    assert naomi.get(f"/invoices/{invoice.number}/credit").status_code == 403
    assert "/credit" not in words(naomi.get(f"/invoices/{invoice.number}"))


def test_a_statement_says_what_was_charged_and_what_came(there: Town, wanjiku: Client) -> None:
    account = there.amina.customer.account_number
    page = words(wanjiku.get(f"/customers/{account}/statement"))
    assert of(there.amina).number in page
    assert Payment.objects.get(transaction="SLIP-1").receipt_number in page
    assert "Owed before" in page
    since = there.today + timedelta(days=1)
    later = words(wanjiku.get(f"/customers/{account}/statement", {"since": since.isoformat()}))
    assert "KES" in later
    assert f'href="/customers/{account}/statement"' in words(wanjiku.get(f"/customers/{account}"))


def test_crediting_in_a_real_browser(live_town: Town, opens: Opens) -> None:
    page = opens(signed_in("wanjiku", "accountant"), 1280)
    complaints = listening(page)
    invoice = of(live_town.brian)
    page.goto(f"/invoices/{invoice.number}")
    page.get_by_role("link", name="Credit", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Credit KES 2,500").wait_for()
    dialog.get_by_label("Give back").select_option("amount")
    dialog.get_by_label("Amount").fill("500")
    dialog.get_by_label("Because").focus()
    dialog.get_by_role("button", name="Credit KES 500").click()
    page.get_by_role("heading", name="Credit note CRN-000001").wait_for()
    account = live_town.brian.customer.account_number
    for path in ("/credit-notes/CRN-000001", f"/customers/{account}/statement",
                 f"/invoices/{invoice.number}/credit"):  # fmt: skip
        page.goto(path)
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 900})
            assert serious(page) == [], f"{path} at {width}"
            fits = "document.documentElement.scrollWidth <= innerWidth"
            assert page.evaluate(fits), f"{path} at {width}"
    assert complaints == []
