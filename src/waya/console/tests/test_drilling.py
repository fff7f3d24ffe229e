"""From every figure of every report down to a document, without a dead end."""

from __future__ import annotations

import csv
import io
import re
from decimal import Decimal

import pytest
from django.test import Client

from waya.billing.commands.credits import give_back_all
from waya.billing.commands.dunning.write_offs import write_off
from waya.billing.commands.recognition import recognise
from waya.billing.models import Invoice
from waya.billing.rules.credits import Reason
from waya.console.tests.make import Town, signed_in
from waya.kernel import clock
from waya.ledger.models import JournalEntry
from waya.ledger.rules.statements import month_of
from waya.org.actors import SYSTEM
from waya.org.commands.branches import add_branch

CELL = re.compile(r'<td class="num[^"]*">(.*?)</td>', re.DOTALL)
LINK = re.compile(r'href="(/[^"]*)"')


@pytest.fixture
def wanjiku(there: Town) -> Client:
    """The accountant, of books in which all that billing does has happened."""
    paid, *_ = Invoice.objects.filter(customer=there.amina.customer).order_by("pk")
    give_back_all(invoice_id=paid.pk, reason=Reason.MISTAKE, once="drill", on=there.today,
                  by=SYSTEM)  # fmt: skip
    owed = Invoice.objects.filter(customer=there.brian.customer).order_by("pk").first()
    assert owed is not None
    if owed.paid_minor < owed.total_minor:
        write_off(invoice_id=owed.pk, reason="gone", by=SYSTEM)
    recognise(entity_id=there.entity.pk, through=there.today, by=SYSTEM)
    add_branch(entity_id=there.entity.pk, code="NKR", name="Nakuru town", by=SYSTEM)
    return signed_in("wanjiku", "accountant")


def shown(client: Client, address: str) -> str:
    answer = client.get(address.replace("&amp;", "&"))
    assert answer.status_code == 200, address
    return answer.content.decode()


def figures(page: str) -> list[tuple[str, str]]:
    """What stands in the cells of figures: the words, and where they lead."""
    found = []
    for cell in CELL.findall(page):
        link = LINK.search(cell)
        found.append((re.sub("<[^>]*>", "", cell).strip(), link[1] if link else ""))
    return found


def _since(there: Town) -> str:
    return f"since={there.today.replace(month=1, day=1)}&through={there.today}"


@pytest.mark.parametrize("report", ["profit", "profit&by=branch", "balance", "deferred"])
def test_every_figure_of_a_statement_leads_on(there: Town, wanjiku: Client, report: str) -> None:
    page = shown(wanjiku, f"/books?tab={report}&{_since(there)}")
    table = page.rpartition('<table class="wa-table dense">')[2].partition("</table>")[0]
    rows = re.findall(r"<tr>(?:(?!</tr>).)*?</tr>", table, re.DOTALL)
    cells = [one for row in rows if "<td" in row for one in figures(row)]
    assert cells
    assert [words for words, link in cells if words not in ("", "0", "0.00") and not link] == []
    for address in {link for _, link in cells if link}:
        shown(wanjiku, address)


def test_every_entry_of_every_account_leads_to_its_document(there: Town, wanjiku: Client) -> None:
    accounts = shown(wanjiku, f"/books?tab=accounts&{_since(there)}")
    ledgers = {one for one in LINK.findall(accounts) if "tab=ledger" in one}
    assert len(ledgers) > 4
    entries = {one for ledger in ledgers for one in LINK.findall(shown(wanjiku, ledger))
               if re.fullmatch(r"/books/\d+", one)}  # fmt: skip
    kinds = set()
    for entry in entries:
        page = shown(wanjiku, entry)
        kind = JournalEntry.objects.get(pk=entry.rpartition("/")[2]).source.partition(":")[0]
        source = re.search(r'class="mono"><a\s+href="([^"]+)"', page)
        assert source, f"{entry} ({kind}) is a dead end"
        shown(wanjiku, source[1])
        kinds.add(kind)
    assert {"invoice", "credit_note", "recognised"} <= kinds


def test_the_lines_behind_deferred_revenue_are_its_figures(there: Town, wanjiku: Client) -> None:
    since, through = month_of(clock.today(there.entity.zone))
    days = f"since={since}&through={through}"
    rolled = rows(wanjiku, f"/books?tab=deferred&{days}&as=csv")
    own = next(row for row in rolled if row["Revenue"] == "revenue:internet")
    lines = rows(wanjiku, f"/books?tab=earning&revenue=revenue:internet&{days}&as=csv")
    assert lines
    sums = {name: sum(Decimal(row[name]) for row in lines)
            for name in ("Billed", "Recognised", "Left")}  # fmt: skip
    assert sums["Billed"] == Decimal(own["Billed"]) + Decimal(own["Credited"])
    assert sums["Recognised"] == -Decimal(own["Recognised"])
    assert sums["Left"] == Decimal(own["Closing"])
    for of in ("", "&of=credits"):
        page = shown(wanjiku, f"/books?tab=earning&revenue=revenue:internet&{days}{of}")
        documents = set(re.findall(r'href="(/(?:invoices|credit-notes)/[^"]+)"', page))
        assert documents, of
        for one in documents:
            shown(wanjiku, one)
    assert wanjiku.get(f"/books?tab=earning&revenue=nothing&{days}").status_code == 404


def test_a_branch_has_a_ledger_of_its_own(there: Town, wanjiku: Client) -> None:
    page = shown(wanjiku, f"/books?tab=profit&by=branch&{_since(there)}")
    of_branch = next(one for one in LINK.findall(page) if "branch=" in one and "ledger" in one)
    assert "/books/" in shown(wanjiku, of_branch)
    assert wanjiku.get("/books?tab=ledger&account=1200&branch=999999").status_code == 404


def rows(client: Client, address: str) -> list[dict[str, str]]:
    answer = client.get(address)
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]  # it streams
    return list(csv.DictReader(io.StringIO(text)))
