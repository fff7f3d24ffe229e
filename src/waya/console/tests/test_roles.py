"""What a role may not see is absent from its pages, and refused if asked for all the same."""

from __future__ import annotations

import pytest
from django.test import Client

from waya.console.tests.make import Town, on_the_wire, paid_to, signed_in, slip_of
from waya.org.tests.make import PASSWORD, person


def words(client: Client, address: str, status: int = 200) -> str:
    """A page's words."""
    answer = client.get(address)
    assert answer.status_code == status, answer.content.decode()[:1000]
    return answer.content.decode()


def test_naomi_the_cashier_has_money_and_customers_and_no_network(there: Town) -> None:
    naomi = signed_in("naomi", "cashier")
    page = words(naomi, "/")
    assert "Collected today" in page
    assert "Take cash" in page
    assert "New customer" in page
    for absent in ("Routers holding", "Online now", "Books", "Approvals", "Settings"):
        assert absent not in page
    for address in ("/routers", "/online", "/books", "/approvals", "/settings/business",
                    "/plans/new"):  # fmt: skip
        assert "Your role may not see this." in words(naomi, address, 403)


def test_otieno_of_the_network_sees_no_money(there: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    otieno = signed_in("otieno", "network")
    with on_the_wire(there, monkeypatch):
        page = words(otieno, "/")
    assert "Routers holding" in page
    for absent in ("Collected today", "KES", "Overdue", "Payments", "New customer", "Take cash"):
        assert absent not in page
    record = words(otieno, f"/customers/{there.chebet.customer.account_number}")
    assert "walled" in record
    assert there.chebet.username in record
    for absent in ("KES", "Owes", "Take payment", "Send prompt", "INV-", "Invoices"):
        assert absent not in record
    assert "KES" not in words(otieno, "/routers/Lanet-1")
    assert "KES" not in words(otieno, "/customers")
    assert "Sweep now" in words(otieno, "/routers/Lanet-1")
    for address in ("/payments", "/invoices", "/collections", "/books"):
        words(otieno, address, 403)


def test_wanjiku_the_accountant_reads_the_books_and_takes_no_cash(there: Town) -> None:
    wanjiku = signed_in("wanjiku", "accountant")
    journal = words(wanjiku, "/books")
    assert "Accounts receivable" in journal
    assert "Debits equal credits" in journal
    accounts = words(wanjiku, "/books?tab=accounts")
    assert "Cash on hand" in accounts
    assert "5,000.00" in accounts
    assert "Take cash" not in words(wanjiku, "/payments")
    account = there.amina.customer.account_number
    assert "Take payment" not in words(wanjiku, f"/customers/{account}")
    words(wanjiku, f"/customers/{account}/pay", 403)
    words(wanjiku, "/settings/business", 403)


def test_an_auditor_sees_candidates_and_no_button_to_match(there: Town) -> None:
    payment = paid_to(there, slip_of(there.chebet.customer.account_number))
    page = words(signed_in("rehema", "auditor"), "/payments?state=suspense")
    assert "Two digits changed place" in page
    assert "Very likely" in page
    assert f"{payment.receipt_number}/match" not in page


def test_a_stranger_signs_in_first_and_comes_back(there: Town) -> None:
    stranger = Client()
    answer = stranger.get("/payments?state=suspense")
    assert answer.status_code == 302
    assert answer["Location"] == "/sign-in?next=%2Fpayments%3Fstate%3Dsuspense"
    page = words(stranger, answer["Location"])
    assert "Sign in" in page
    assert "Sign up" not in page
    person("naomi", "cashier")
    told = {"login": "naomi", "password": "wrong", "next": "/payments?state=suspense"}
    refused = stranger.post("/sign-in", told)
    assert refused.status_code == 422
    assert "No member of staff has this name and password." in refused.content.decode()
    answer = stranger.post("/sign-in", told | {"password": PASSWORD})
    assert answer["Location"] == "/payments?state=suspense"
    assert "Baraka Net" in words(stranger, answer["Location"])


def test_who_tries_too_often_waits(there: Town) -> None:
    stranger = Client()
    person("naomi", "cashier")
    for _ in range(5):
        stranger.post("/sign-in", {"login": "naomi", "password": "wrong"})
    answer = stranger.post("/sign-in", {"login": "naomi", "password": PASSWORD})
    assert answer.status_code in (422, 429)
    assert "Too many" in answer.content.decode()


def test_what_was_typed_outlives_the_session(there: Town) -> None:
    account = there.chebet.customer.account_number
    stranger = Client()
    typed = {"amount": "1,234", "slip": "S-77"}
    answer = stranger.post(f"/customers/{account}/pay", typed)
    person("naomi", "cashier")
    told = {"login": "naomi", "password": PASSWORD, "next": f"/customers/{account}/pay"}
    assert answer["Location"].startswith("/sign-in")
    back = stranger.post("/sign-in", told)
    page = words(stranger, back["Location"])
    assert 'value="1,234"' in page
    assert 'value="S-77"' in page


def test_there_is_no_signing_up() -> None:
    for address in ("/signup", "/sign-up", "/accounts/signup/"):
        assert Client().get(address).status_code == 404


def test_a_page_that_is_not_there_says_so(there: Town) -> None:
    naomi = signed_in("naomi", "cashier")
    for address in ("/nowhere", "/customers/9999999", "/invoices/INV-999999", "/payments/RCT-9"):
        assert "There is no such page." in words(naomi, address, 404)


def test_a_form_from_another_sign_in_says_that_nothing_was_saved(there: Town) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(person("naomi", "cashier").user)
    answer = strict.post("/payments/cash", {"amount": "1"})
    assert answer.status_code == 403
    assert "Nothing was saved." in answer.content.decode()
