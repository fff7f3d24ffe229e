"""The books on screen: each report, its files, and the way from a figure to its document."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from waya.billing.models import Invoice
from waya.console.pages.books.sheets import Sheet, as_file
from waya.console.tests.make import Town, signed_in
from waya.kernel.money import Money
from waya.ledger.models import FiscalPeriod, JournalEntry
from waya.org.actors import SYSTEM
from waya.org.commands.branches import add_branch
from waya.reports.queries.books.closing import months

REPORTS = ("accounts", "ledger&account=1200", "profit", "balance", "ageing", "deferred", "periods")
FILES = [one for one in REPORTS if one != "periods"]
MOST_QUERIES = 20


def page(client: Client, address: str, status: int = 200) -> str:
    """A page's words, within its budget of queries."""
    with CaptureQueriesContext(connection) as made:
        answer = client.get(address)
    assert answer.status_code == status, answer.content.decode()[:2000]
    assert len(made) <= MOST_QUERIES, f"{address} took {len(made)} queries"
    return answer.content.decode()


def rows_of(client: Client, report: str) -> list[list[str]]:
    """A report's rows as its CSV has them, the heads first."""
    answer = client.get(f"/books?tab={report}&as=csv")
    assert answer["Content-Type"].startswith("text/csv")
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]  # it streams
    return list(csv.reader(io.StringIO(text)))


@pytest.fixture
def wanjiku(there: Town) -> Client:
    """The accountant."""
    return signed_in("wanjiku", "accountant")


@pytest.mark.parametrize("report", REPORTS)
def test_every_report_shows_within_its_budget(there: Town, wanjiku: Client, report: str) -> None:
    assert "Debits equal credits" in page(wanjiku, f"/books?tab={report}")


@pytest.mark.parametrize("report", FILES)
def test_every_report_comes_as_a_spreadsheet(there: Town, wanjiku: Client, report: str) -> None:
    answer = wanjiku.get(f"/books?tab={report}&as=xlsx")
    assert ".xlsx" in answer["Content-Disposition"]
    book = zipfile.ZipFile(io.BytesIO(answer.content))
    assert "xl/worksheets/sheet1.xml" in book.namelist()
    assert len(rows_of(wanjiku, report)) > 1


def test_no_such_report_is_no_page(there: Town, wanjiku: Client) -> None:
    page(wanjiku, "/books?tab=nothing", 404)
    page(wanjiku, "/books?tab=ledger&account=9999", 404)


def test_who_may_not_see_the_books_gets_no_file_either(there: Town) -> None:
    naomi = signed_in("naomi", "cashier")
    for report in REPORTS:
        page(naomi, f"/books?tab={report}&as=csv", 403)


def test_from_a_figure_to_its_document(there: Town, wanjiku: Client) -> None:
    since = there.today - timedelta(days=60)
    ledger = page(wanjiku, f"/books?tab=ledger&account=1200&since={since}&through={there.today}")
    invoice = Invoice.objects.filter(customer=there.brian.customer).first()
    assert invoice is not None
    entry = JournalEntry.objects.get(source=f"invoice:{invoice.number}")
    assert f"/books/{entry.pk}" in ledger
    assert f"/invoices/{invoice.number}" in page(wanjiku, f"/books/{entry.pk}")


def test_the_balance_sheet_and_the_trial_balance_agree(there: Town, wanjiku: Client) -> None:
    sheet = {row[0]: row[3] for row in rows_of(wanjiku, "balance") if row[1] == ""}
    assert sheet["Assets, total"] == sheet["Liabilities and equity"]
    held = rows_of(wanjiku, "accounts")[1:]
    assets = sum(Decimal(row[7]) for row in held if row[2] == "Assets")
    assert f"{assets:.2f}" == sheet["Assets, total"]


def test_profit_and_loss_by_branch_adds_up_to_the_whole(there: Town, wanjiku: Client) -> None:
    assert "By branch" not in page(wanjiku, "/books?tab=profit")
    whole = {row[2] or row[0]: row[3] for row in rows_of(wanjiku, "profit")[1:]}
    add_branch(entity_id=there.entity.pk, code="NKR", name="Nakuru town", by=SYSTEM)
    shown = page(wanjiku, "/books?tab=profit&by=branch")
    assert "Nakuru town" in shown
    assert 'name="by" value="branch"' in shown
    heads, *rows = rows_of(wanjiku, "profit&by=branch")
    assert heads[-2:] == ["Nakuru town", "In all"]
    for row in rows:
        assert Decimal(row[3]) + Decimal(row[4]) == Decimal(row[5])
        assert row[5] == whole[row[2] or row[0]]
    assert any(Decimal(row[3]) for row in rows)


def test_ageing_is_what_the_account_holds_by_invoice_and_by_customer(
    there: Town, wanjiku: Client
) -> None:
    shown = page(wanjiku, "/books?tab=ageing")
    assert "Accounts receivable holds the same" in shown
    assert "Brian Mwangi" in shown
    heads, *debtors = rows_of(wanjiku, "ageing")
    assert heads[3:] == ["Not yet due", "1–30 days", "31–60 days", "61–90 days", "over 90 days",
                         "Total"]  # fmt: skip
    owed = [one.total_minor - one.paid_minor for one in Invoice.objects.all()]
    assert sum(Decimal(row[-1]) * 100 for row in debtors) == sum(owed)


def test_ageing_of_one_age_lists_its_invoices_alone(there: Town, wanjiku: Client) -> None:
    assert "Brian Mwangi" not in page(wanjiku, "/books?tab=ageing&age=4")
    assert "Nothing is owed" in page(wanjiku, "/books?tab=ageing&age=4")


def test_a_month_is_soft_closed_reopened_and_locked(there: Town, wanjiku: Client) -> None:
    month = months(there.entity.pk, there.today)[1]
    address = f"/books/periods/{month.start}"
    assert "Only adjusting entries" in page(wanjiku, f"{address}?to=soft")
    wanjiku.post(address, {"to": "soft"})
    assert "Soft-closed" in page(wanjiku, "/books?tab=periods")
    wanjiku.post(address, {"to": "open"})
    assert FiscalPeriod.objects.get().state == "open"
    wanjiku.post(address, {"to": "locked"})
    assert "Locked" in page(wanjiku, "/books?tab=periods")
    refused = wanjiku.post(address, {"to": "open"})
    assert refused.status_code == 422
    assert "is locked for good" in refused.content.decode()
    page(wanjiku, f"{address}?to=nothing", 404)


def test_an_auditor_sees_the_periods_and_closes_none(there: Town) -> None:
    rehema = signed_in("rehema", "auditor")
    assert "data-dialog>Lock" not in page(rehema, "/books?tab=periods")
    month = months(there.entity.pk, there.today)[1]
    assert rehema.post(f"/books/periods/{month.start}", {"to": "locked"}).status_code == 403


def test_a_name_that_looks_like_a_formula_stays_a_name() -> None:
    sheet = Sheet("x", ("Name", "Sum"), [("=1+1", Money(-5_50, "KES")), ("Amina", None)])
    answer = as_file(sheet, "csv")
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]  # it streams
    assert text.splitlines() == ["Name,Sum", "'=1+1,-5.50", "Amina,"]
