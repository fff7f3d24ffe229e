"""Documents by API: credit notes once, pages as PDF, statements, each of one's own company."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from waya.api.tests.make import Program, program
from waya.billing.commands.dunning.write_offs import write_off
from waya.billing.models import CreditNote, Invoice, ProForma
from waya.billing.tests.debtors import invoiced
from waya.billing.tests.make import isp, joined
from waya.kernel import clock
from waya.org.actors import SYSTEM
from waya.org.commands.people import open_entity
from waya.org.models import Entity
from waya.payments.models import Payment
from waya.payments.tests import make as paying

pytestmark = pytest.mark.django_db


@pytest.fixture
def entity() -> Entity:
    return isp()


@pytest.fixture
def invoice(entity: Entity) -> Invoice:
    """A prepaid month from today, paid."""
    return Invoice.objects.get(customer_id=joined(entity, clock.today(entity.zone)).customer_id)


def page(bot: Program, path: str, status: int = 200) -> bytes:
    answer = bot.client.get(f"/api/v1{path}", headers=bot.headers)
    assert answer.status_code == status, answer.content
    if status == 200:
        assert answer["Content-Type"] == "application/pdf"
        assert "attachment" in answer["Content-Disposition"]
        assert answer.content.startswith(b"%PDF")
    return bytes(answer.content)


def test_a_credit_is_issued_once_for_its_key(entity: Entity, invoice: Invoice) -> None:
    bot = program(entity, "accountant")
    (line,) = bot.get(f"/invoices/{invoice.public_id}")["lines"]
    end = invoice.lines.get().end
    assert end is not None
    wished = {
        "reason": "outage",
        "line": line["id"],
        "note": "Mast was off",
        "days": {"start": (end - timedelta(days=3)).isoformat(), "end": end.isoformat()},
    }
    path = f"/invoices/{invoice.public_id}/credit-notes"
    first = bot.post(path, wished, 201, key="mast-7")
    assert bot.post(path, wished, 201, key="mast-7") == first
    note = CreditNote.objects.get()
    assert (first["number"], first["reason"]) == ("CRN-000001", "outage")
    assert first["total"]["minor"] == first["kept"]["minor"] == note.total_minor > 0
    assert [tax["tax"] for tax in first["lines"][0]["taxes"]] == ["excise", "vat"]
    assert bot.get("/credit-notes", invoice=str(invoice.public_id))["items"][0]["id"] == first["id"]
    assert bot.get(f"/credit-notes/{first['id']}") == first


def test_all_that_is_left_and_then_nothing(entity: Entity, invoice: Invoice) -> None:
    bot = program(entity)
    path = f"/invoices/{invoice.public_id}/credit-notes"
    part = {"reason": "goodwill", "line": invoice.lines.get().pk, "gross_minor": 1000_00}
    assert bot.post(path, part, 201)["total"]["text"] == "KES 1,000"
    assert bot.post(path, {"reason": "mistake"}, 201)["total"]["text"] == "KES 1,500"
    refused = bot.post(path, {"reason": "mistake"}, 422)
    assert refused["code"] == "credit_nothing_left"


@pytest.mark.parametrize("wished", [
    {"reason": "because"},
    {"reason": "mistake", "gross_minor": 1_00},
    {"reason": "mistake", "line": 1, "gross_minor": 1_00, "net_minor": 1_00},
    {"reason": "mistake", "line": 1, "days": {"start": "2027-06-02", "end": "2027-06-01"}},
    {"reason": "mistake", "line": 1, "gross_minor": 0},
])  # fmt: skip
def test_what_cannot_be_meant_is_refused(
    entity: Entity, invoice: Invoice, wished: dict[str, object]
) -> None:
    program(entity).post(f"/invoices/{invoice.public_id}/credit-notes", wished, 422)
    assert not CreditNote.objects.exists()


def test_a_line_of_another_invoice_is_not_here(entity: Entity, invoice: Invoice) -> None:
    other = joined(entity, clock.today(entity.zone), "Amina Hassan")
    line = Invoice.objects.get(customer_id=other.customer_id).lines.get()
    wished = {"reason": "mistake", "line": line.pk}
    program(entity).post(f"/invoices/{invoice.public_id}/credit-notes", wished, 404)


def test_what_was_credited_or_given_up_is_not_paid(entity: Entity, invoice: Invoice) -> None:
    bot = program(entity)
    lost = invoiced(joined(entity, clock.today(entity.zone), "Brian Mwangi"), 3, minor=500_00)
    bot.post(f"/invoices/{invoice.public_id}/credit-notes", {"reason": "mistake"}, 201)
    write_off(invoice_id=lost.pk, reason="Moved away", by=SYSTEM)
    shown = bot.get(f"/invoices/{lost.public_id}")
    sums = ("total", "paid", "credited", "written_off", "owed")
    assert shown["state"] == "written_off"
    assert [shown[name]["minor"] for name in sums] == [500_00, 0, 0, 500_00, 0]
    credited = bot.get(f"/invoices/{invoice.public_id}")
    assert credited["state"] == "credited"
    assert [credited[name]["minor"] for name in sums] == [2500_00, 2500_00, 0, 0, 0]
    listed = {row["number"]: row["state"] for row in bot.get("/invoices")["items"]}
    assert listed[lost.number] == "written_off"


def test_whoever_may_not_credit_is_refused(entity: Entity, invoice: Invoice) -> None:
    bot = program(entity, "cashier")
    path = f"/invoices/{invoice.public_id}/credit-notes"
    assert bot.post(path, {"reason": "mistake"}, 403)["code"] == "not_allowed"


def test_every_document_is_a_page() -> None:
    merchant = paying.merchant()
    chebet = paying.asked(merchant.entity)
    asked = ProForma.objects.get()
    paying.tell(merchant, "c", paying.confirmation(chebet.customer.account_number))
    paying.work_off(merchant)
    invoice, payment = Invoice.objects.get(), Payment.objects.get()
    bot, network = program(merchant.entity), program(merchant.entity, "network")
    path = f"/invoices/{invoice.public_id}/credit-notes"
    note = bot.post(path, {"reason": "mistake"}, 201)
    other = stranger()
    today = clock.today(merchant.entity.zone).isoformat()
    for one in (
        f"/invoices/{invoice.public_id}/pdf",
        f"/pro-formas/{asked.public_id}/pdf",
        f"/credit-notes/{note['id']}/pdf",
        f"/payments/{payment.public_id}/pdf",
        f"/customers/{chebet.customer.public_id}/statement/pdf?since={today}&through={today}",
    ):
        page(bot, one)
        page(network, one, 403)
        page(other, one, 404)


def stranger() -> Program:
    """The owner of another company."""
    return program(open_entity(
        name="Other", legal_name="Other Ltd", country="KE", currency="KES",
        zone="Africa/Nairobi", phone="+254700000009", by=SYSTEM,
    ))  # fmt: skip


def test_a_statement_is_from_document_to_document(entity: Entity, invoice: Invoice) -> None:
    bot, path = program(entity), f"/customers/{invoice.customer.public_id}/statement"
    on = invoice.issued_on
    told = bot.get(path, since=on.isoformat(), through=on.isoformat())
    assert [(row["kind"], row["number"]) for row in told["rows"]] == [("invoice", invoice.number)]
    assert told["closing"]["minor"] == 2500_00
    after = (on + timedelta(days=1)).isoformat()
    assert bot.get(path, since=after, through=after)["opening"] == told["closing"]
    assert bot.get(path, 422, since=after, through=on.isoformat())["code"] == "days_backward"
    assert bot.get(path, 422, since=date.min.isoformat(), through=after)["code"] == "invalid"
