"""Settings: branches and the company's names; a customer's branch, PIN and certificates."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.forms import CharField
from django.test import Client

from waya.billing.commands.renewals import bill
from waya.billing.models import Exemption, Invoice
from waya.billing.policy import BillingPolicy, RecognitionPolicy
from waya.console.tests.make import Town, signed_in
from waya.console.tests.test_pages import seen
from waya.org.actors import SYSTEM
from waya.org.models import Branch
from waya.org.policy import chosen


@pytest.fixture
def owner(there: Town) -> Client:
    return signed_in("amani", "owner")


@pytest.fixture
def wanjiku(there: Town) -> Client:
    """The accountant."""
    return signed_in("wanjiku", "accountant")


def test_a_branch_is_added_and_customers_go_there(there: Town, owner: Client) -> None:
    assert "main branch" in seen(owner, "/settings/branches")
    assert "It numbers its own invoices" in seen(owner, "/settings/branches/new")
    refused = owner.post("/settings/branches/new", {"name": "Nakuru", "code": "N-1"})
    assert refused.status_code == 422
    assert "one to eight letters and digits" in refused.content.decode()
    told = {"name": "Nakuru", "code": "nkr", "address": "Moi Road\r\n\r\n  Nakuru "}
    assert owner.post("/settings/branches/new", told).status_code == 302
    page = seen(owner, "/settings/branches")
    assert "INV-NKR-000001" in page
    assert "Moi Road, Nakuru" in page
    assert owner.post("/settings/branches/NKR", {"name": " "}).status_code == 422
    moved = {"name": "Nakuru town", "address": "Kenyatta Avenue\nNakuru"}
    assert owner.post("/settings/branches/NKR", moved).status_code == 302
    assert owner.get("/settings/branches/KSM").status_code == 404
    page = seen(owner, "/settings/branches")
    assert "Kenyatta Avenue, Nakuru" in page
    assert "Nakuru town" in page
    account = there.brian.customer.account_number
    assert "Nakuru" in seen(owner, f"/customers/{account}/branch")
    assert owner.post(f"/customers/{account}/branch", {"branch": "ELD"}).status_code == 422
    assert owner.post(f"/customers/{account}/branch", {"branch": "NKR"}).status_code == 302
    there.brian.customer.refresh_from_db()
    assert there.brian.customer.branch == Branch.objects.get(code="NKR")
    assert "<dd>Nakuru town" in seen(owner, f"/customers/{account}")


def test_the_company_is_renamed(there: Town, owner: Client) -> None:
    assert "What was issued before stays as it was" in seen(owner, "/settings/company")
    told = {"name": "Upepo Net", "legal_name": "Upepo Networks Ltd", "tax_number": "p051234567a",
            "phone": "", "address": "Moi Avenue 7\nNairobi"}  # fmt: skip
    assert owner.post("/settings/company", told | {"legal_name": " "}).status_code == 422
    assert owner.post("/settings/company", told).status_code == 302
    page = seen(owner, "/settings/business")
    assert "Upepo Networks Ltd" in page
    assert "P051234567A" in page
    assert "Moi Avenue 7<br>Nairobi" in page
    for days in range(32):
        bill(entity_id=there.entity.pk, on=there.today + timedelta(days=days), by=SYSTEM)
    invoice = Invoice.objects.latest("pk")
    assert "Moi Avenue 7" in seen(owner, f"/invoices/{invoice.number}")


def test_a_pin_and_a_certificate_are_kept(there: Town, wanjiku: Client) -> None:
    account = there.brian.customer.account_number
    assert "The tax authority is told it" in seen(wanjiku, f"/customers/{account}/tax")
    wrong = wanjiku.post(f"/customers/{account}/tax", {"tax_number": "1234"})
    assert "One looks like P051234567A" in wrong.content.decode()
    assert (
        wanjiku.post(f"/customers/{account}/tax", {"tax_number": "p051999888x"}).status_code == 302
    )
    assert "Documents name it in place of the tax" in seen(
        wanjiku, f"/customers/{account}/exemptions/new"
    )
    told = {"number": "KRA/EX/7", "of": "vat", "tax_class": "", "percent": "100",
            "valid_from": there.today.isoformat(), "last_day": ""}  # fmt: skip
    backward = told | {"last_day": (there.today - timedelta(days=3)).isoformat()}
    assert wanjiku.post(f"/customers/{account}/exemptions/new", backward).status_code == 422
    assert wanjiku.post(f"/customers/{account}/exemptions/new", told).status_code == 302
    overlapping = wanjiku.post(f"/customers/{account}/exemptions/new", told | {"number": "X"})
    assert "certificate KRA/EX/7 is for the same" in overlapping.content.decode()
    page = seen(wanjiku, f"/customers/{account}")
    assert "exempt by KRA/EX/7" in page
    assert "P051999888X" in page
    for days in range(32):
        bill(entity_id=there.entity.pk, on=there.today + timedelta(days=days), by=SYSTEM)
    invoice = Invoice.objects.filter(customer=there.brian.customer).latest("pk")
    paper = seen(wanjiku, f"/invoices/{invoice.number}")
    assert "exempt by certificate KRA/EX/7" in paper
    assert "<dd>P051999888X</dd>" in paper
    row = Exemption.objects.get()
    assert "carries the tax" in seen(wanjiku, f"/customers/{account}/exemptions/{row.pk}/end")
    ends = {"on": (there.today + timedelta(days=9)).isoformat()}
    assert wanjiku.post(f"/customers/{account}/exemptions/{row.pk}/end", ends).status_code == 302
    row.refresh_from_db()
    assert row.end == there.today + timedelta(days=9)


def test_the_cashier_sees_them_and_changes_nothing(there: Town) -> None:
    naomi = signed_in("naomi", "cashier")
    account = there.brian.customer.account_number
    assert "Branch and tax" in seen(naomi, f"/customers/{account}")
    for path in ("branch", "tax", "exemptions/new"):
        assert f"/customers/{account}/{path}" not in seen(naomi, f"/customers/{account}")
        assert naomi.get(f"/customers/{account}/{path}").status_code == 403


def test_every_choice_has_words_and_none_of_a_few_is_typed(there: Town, owner: Client) -> None:
    page = owner.get("/settings/business")
    assert "Whoever is exempt from a tax pays" in page.content.decode()
    fields = page.context["form"].fields
    for name, field in fields.items():
        choice = name.partition(":")[2]
        assert field.label != choice.replace("_", " ").capitalize(), f"{name} has no words"
        if type(field) is CharField:
            assert not field.initial or "," in field.initial, f"{name} is typed freely"
    form = page.context["form"]
    told = {name: form.get_initial_for_field(field, name) for name, field in fields.items()}
    told = {name: "" if value is None else value for name, value in told.items()}
    told |= {"billing.terms:exempt_keeps": "gross", "billing.recognition:spread": "month"}
    assert owner.post("/settings/business", told).status_code == 302
    assert chosen(BillingPolicy, there.entity.pk).exempt_keeps == "gross"
    assert chosen(RecognitionPolicy, there.entity.pk).spread == "month"
