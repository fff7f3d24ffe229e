"""Documents: what stands on each, that nothing in a name runs, and that every name draws."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import typst
from django.utils import translation
from etims.testing import FakeKra

from waya.billing.commands import fiscal
from waya.billing.commands.credits import credit_lines
from waya.billing.commands.dunning.write_offs import write_off_many
from waya.billing.models import CreditNote, FiscalDocument, Invoice, ProForma
from waya.billing.rules.credits import LineCredit, Reason
from waya.billing.tests import kra as baraka
from waya.billing.tests import make
from waya.kernel import clock
from waya.kernel.periods import Period
from waya.org.actors import SYSTEM
from waya.org.models import Entity
from waya.parties.models import Customer
from waya.payments.models import Payment
from waya.reports.doctor import findings
from waya.reports.documents import papers, statements, typesetting
from waya.reports.tests.make import Town, town

pytestmark = pytest.mark.django_db

# Nothing of this may be read as markup, code or mathematics.
NASTY = 'Wanjikũ #panic("x") $y$ *b* `c` <label> @ref \\ "quoted" // — Ñandú Ọlá'


@pytest.fixture
def baraka_town() -> Town:
    found = town()
    Entity.objects.update(
        tax_number="P051234567A", paybill="600426", address="Moi Avenue 7\nNairobi"
    )
    found.entity.refresh_from_db()
    return found


def of(one: Any) -> Invoice:
    """The customer's only invoice."""
    return Invoice.objects.select_related("customer", "entity").get(customer=one.customer)


def credited(invoice: Invoice, since: Any) -> CreditNote:
    """The days of it from a day on, given back."""
    line = invoice.lines.get()
    wish = LineCredit(line.pk, Reason.PLAN_CHANGE, days=Period(since, line.end or since))
    (note,) = credit_lines(credits=[wish], on=since, once="move", by=SYSTEM, note="Moved")
    return note


def words(paper: papers.Paper) -> str:
    """Everything that stands on it, but the drawings."""
    return json.dumps(paper, ensure_ascii=False)


def test_an_unpaid_invoice_says_how_it_is_made_up_and_how_to_pay(baraka_town: Town) -> None:
    invoice = of(baraka_town.brian)
    paper = papers.invoice_paper(invoice)
    assert (paper["title"], paper["number"]) == ("Tax invoice", invoice.number)
    assert paper["seller"]["lines"] == ["0700 000001"]  # it had no PIN yet on that day
    assert paper["to"]["name"] == "Brian Mwangi"
    assert [row["cells"][1:] for row in paper["rows"]] == [["1,874.06", "625.94", "2,500.00"]]
    assert [(row["words"], row["amount"]) for row in paper["sums"]] == [
        ("Net", "1,874.06"),
        ("Excise duty 15 % on 1,874.06", "281.11"),
        ("VAT 16 % on 2,155.17", "344.83"),
    ]
    assert paper["sums"][2]["note"] == "VAT Act 2013, section 5"
    assert paper["total"] == {"words": "Total", "amount": "KES 2,500.00"}
    assert ["Paybill", "600426"] in paper["pay"]["facts"]
    assert ["Amount", "KES 2,500"] in paper["pay"]["facts"]
    assert paper["pay"]["qr"] == typesetting.qr(
        f"http://127.0.0.1:8800/my/bills/{invoice.public_id}"
    )
    assert "fiscal" not in paper


def test_a_paid_invoice_says_by_what(baraka_town: Town) -> None:
    paper = papers.invoice_paper(of(baraka_town.amina))
    assert "pay" not in paper
    assert [row["amount"] for row in paper["settled"]] == ["−2,500.00", "0.00"]
    assert "SLIP-1" in paper["settled"][0]["words"]
    assert ["State", "Paid"] in paper["facts"]


def test_an_invoice_that_was_given_up_does_not_say_that_it_was_paid(baraka_town: Town) -> None:
    invoice = of(baraka_town.brian)
    assert "State" not in words(papers.invoice_paper(invoice))
    write_off_many(invoices=[invoice], reason="Moved away", on=baraka_town.today, by=SYSTEM)
    paper = papers.invoice_paper(of(baraka_town.brian))
    assert ["State", "Written off"] in paper["facts"]
    assert [row["amount"] for row in paper["settled"]] == ["−2,500.00", "0.00"]
    assert "Paid" not in words(paper)


def test_a_credit_note_names_its_invoice_its_reason_and_where_it_went(baraka_town: Town) -> None:
    invoice = of(baraka_town.amina)
    note = credited(invoice, baraka_town.today)
    paper = papers.credit_note_paper(note)
    assert ["Credits invoice", invoice.number] in paper["facts"]
    assert ["Reason", "Plan changed"] in paper["facts"]
    assert paper["rows"][0]["note"].startswith("Not used: ")
    assert paper["total"]["amount"] == "KES 2,250.00"
    assert [(row["words"], row["amount"]) for row in paper["settled"]] == [
        ("Kept as your credit", "2,250.00")
    ]
    assert paper["remarks"] == ["Moved"]


def test_a_pro_forma_says_that_it_is_no_tax_document(baraka_town: Town) -> None:
    asked = ProForma.objects.filter(state=ProForma.OPEN).first()
    assert asked is not None
    paper = papers.pro_forma_paper(asked)
    assert "no tax document" in paper["remarks"][0]
    assert paper["pay"]["facts"][-1] == ["Amount", "KES 2,500"]
    assert "VAT" not in words(paper)


def test_a_receipt_says_what_the_money_did(baraka_town: Town) -> None:
    payment = Payment.objects.get(transaction="SLIP-1")
    paper = papers.receipt_paper(payment)
    assert paper["number"] == payment.receipt_number
    assert ["Paid by", "Cash"] in paper["facts"]
    assert paper["rows"][0]["cells"] == [f"Invoice {of(baraka_town.amina).number}", "2,500.00"]


def test_in_the_customers_language(baraka_town: Town) -> None:
    Customer.objects.filter(pk=baraka_town.brian.customer_id).update(language="sw")
    invoice = of(baraka_town.brian)
    with translation.override("sw"):
        paper = papers.invoice_paper(invoice)
        assert paper["total"]["words"] == "Jumla"
        assert paper["pay"]["title"] == "Lipa kwa M-PESA"
        assert papers.invoice(invoice) == typesetting.pdf(paper, invoice.issued_at)
    assert papers.invoice(invoice) == typesetting.pdf(paper, invoice.issued_at)


def test_what_the_authority_gave_is_on_it() -> None:
    with FakeKra() as kra:
        device = baraka.device(make.isp(), kra.url)
        (invoice,) = baraka.invoices(device.entity, 1)
        waits = papers.invoice_paper(invoice)["fiscal"]
        assert "follows on a later copy" in waits["title"]
        assert (waits["qr"], waits["codes"]) == ("", [])
        fiscal.fiscalise(device_id=device.pk, by=SYSTEM)
    paper = papers.invoice_paper(invoice)["fiscal"]
    told = dict(paper["facts"])
    assert told["Invoice number there"].startswith("KRACU")
    assert set(told) == {"Control unit", "Invoice number there", "Recorded", "Signature",
                         "Internal data"}  # fmt: skip
    assert paper["codes"] == [["B", "16 %", "2,500.00", "344.83"]]
    assert paper["qr"].startswith("<svg")
    assert papers.invoice(invoice).startswith(b"%PDF")


def test_the_doctor_finds_what_the_authority_refused() -> None:
    with FakeKra() as kra:
        device = baraka.device(make.isp(), kra.url)
        (invoice,) = baraka.invoices(device.entity, 1)
        fiscal.fiscalise(device_id=device.pk, by=SYSTEM)
    FiscalDocument.objects.update(state=FiscalDocument.REJECTED, number=None)
    (found,) = [one for one in findings(device.entity) if "tax authority" in one.name]
    assert (found.ok, found.detail) == (False, f"refused: {invoice.number}")


def every_kind(found: Town) -> Iterator[papers.Paper]:
    """A paper of each kind."""
    asked, payment = ProForma.objects.first(), Payment.objects.first()
    assert asked
    assert payment
    yield papers.invoice_paper(of(found.brian))
    yield papers.credit_note_paper(credited(of(found.amina), found.today))
    yield papers.pro_forma_paper(asked)
    yield papers.receipt_paper(payment)
    since = found.today - timedelta(days=60)
    yield papers.statement_paper(statements.statement(found.amina.customer, since, found.today))


def test_any_name_is_text_and_draws(baraka_town: Town) -> None:
    """PDF/A is refused for a letter that no font has, or that is not text."""
    for paper in every_kind(baraka_town):
        paper["to"]["name"] = paper["remarks"] = NASTY
        paper["remarks"] = [NASTY]
        inputs = {"paper": json.dumps(paper)}
        page = typst.compile(
            str(typesetting.TEMPLATE), sys_inputs=inputs, ignore_system_fonts=True,
            format="pdf", pdf_standards="a-2u", timestamp=clock.now().replace(microsecond=0),
        )  # fmt: skip
        assert isinstance(page, bytes)
        assert page.startswith(b"%PDF")
        assert b"/Count 1" in page


def test_the_same_paper_is_the_same_file(baraka_town: Town) -> None:
    invoice = of(baraka_town.brian)
    assert papers.invoice(invoice) == papers.invoice(invoice)


def test_a_long_statement_turns_its_pages(baraka_town: Town) -> None:
    amina = Customer.objects.get(pk=baraka_town.amina.customer_id)
    told = statements.statement(amina, baraka_town.today, baraka_town.today)
    paper = papers.statement_paper(told)
    assert paper["seller"]["lines"][:3] == ["Moi Avenue 7", "Nairobi", "PIN P051234567A"]
    paper["rows"] = [{**paper["rows"][0], "cells": ["1 Jan 2027", f"Invoice {n}", "1", "", "1"]}
                     for n in range(120)]  # fmt: skip
    page = typesetting.pdf(paper, clock.now())
    assert b"/Count 4" in page or b"/Count 3" in page
