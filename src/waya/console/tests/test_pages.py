"""Every page, as the person who works with it sees it."""

from __future__ import annotations

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from waya.console.tests.make import Town, paid_to, signed_in, slip_of
from waya.reports.queries.books.journal import journal

MOST_QUERIES = 20


def seen(client: Client, address: str, status: int = 200) -> str:
    """The words of a page, which must not take many queries."""
    with CaptureQueriesContext(
        connection,
    ) as made:
        answer = client.get(address)
    assert answer.status_code == status, answer.content.decode()[:2000]
    shown = "\n".join(f"{at}: {one['sql'][:160]}" for at, one in enumerate(made, 1))
    assert len(made) <= MOST_QUERIES, f"{address} took {len(made)} queries\n{shown}"
    return answer.content.decode()


def addresses(there: Town) -> list[str]:
    """Every page that has one address."""
    payment = paid_to(there, slip_of(there.chebet.customer.account_number))
    account = there.amina.customer.account_number
    invoice = there.amina.customer.invoices.get().number
    entry = journal(there.entity.pk).rows[0]
    return [
        "/", "/search?q=Amina", "/customers", "/customers?state=walled", "/customers?q=amina",
        f"/customers/{account}", f"/customers/{account}?tab=invoices",
        f"/customers/{account}?tab=payments", f"/customers/{account}?tab=messages",
        f"/customers/{account}?tab=audit", f"/customers/{account}?show=money",
        f"/customers/{account}/pay", f"/customers/{account}/prompt", "/customers/new",
        "/payments", "/payments?state=suspense", "/payments?state=prompts", "/payments/cash",
        "/payments/prompt", f"/payments/{payment.receipt_number}",
        f"/payments/{payment.receipt_number}/match", "/invoices", "/invoices?kind=renewals",
        f"/invoices/{invoice}", "/collections", "/collections?show=renewals", "/books",
        "/books?tab=accounts", f"/books/{entry.id}", "/online", "/routers", "/routers/Lanet-1",
        "/routers/new",
        "/plans", "/plans/new", "/plans/home-10", "/approvals", "/settings/business", "/pieces",
    ]  # fmt: skip


def test_every_page_within_its_budget_for_the_owner(there: Town) -> None:
    grace = signed_in("grace", "owner")
    for address in addresses(there):
        assert "Baraka Net" in seen(grace, address), address
