"""Documents of one's own, as PDF: and nobody else's."""

from __future__ import annotations

import pytest

from waya.billing.commands.credits import credit
from waya.billing.models import CreditNote, Invoice, ProForma
from waya.billing.rules.credits import Reason
from waya.kernel import clock
from waya.org.actors import SYSTEM
from waya.payments.models import Merchant, Payment
from waya.payments.tests import make as paying
from waya.portal.tests.make import signed_in
from waya.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db


@pytest.fixture
def chebet(merchant: Merchant) -> Subscription:
    """Paid for her first month, and was given it back."""
    row = paying.asked(merchant.entity)
    paying.tell(merchant, "c", paying.confirmation(row.customer.account_number))
    paying.work_off(merchant)
    on = clock.today(merchant.entity.zone)
    credit(invoice_id=Invoice.objects.get().pk, reason=Reason.GOODWILL, once="x", on=on, by=SYSTEM)
    return row


def addresses() -> list[str]:
    return [
        f"/my/bills/{Invoice.objects.get().public_id}/pdf",
        f"/my/pro-formas/{ProForma.objects.get(state=ProForma.PAID).public_id}/pdf",
        f"/my/credits/{CreditNote.objects.get().public_id}/pdf",
        f"/my/receipts/{Payment.objects.get().public_id}/pdf",
    ]


def test_every_document_of_hers_is_a_page(chebet: Subscription) -> None:
    browser = signed_in()
    for path in [*addresses(), "/my/statement", "/my/statement?since=2027-01-01"]:
        answer = browser.get(path)
        assert answer["Content-Type"] == "application/pdf", path
        assert answer.content.startswith(b"%PDF")
        assert "no-store" in answer["Cache-Control"], "phones are shared"


def test_the_pages_lead_to_them(chebet: Subscription) -> None:
    browser = signed_in()
    bill, asked, note, receipt = addresses()
    for page, address in (
        (bill.removesuffix("/pdf"), bill),
        (asked.removesuffix("/pdf"), asked),
        (receipt.removesuffix("/pdf"), receipt),
        ("/my/bills", note),
        ("/my/bills", "/my/statement"),
    ):
        assert f'href="{address}"' in browser.get(page).content.decode()
    assert "Credited of INV-000001" in browser.see("/my/bills")


def test_nobody_elses(chebet: Subscription, merchant: Merchant) -> None:
    paying.asked(merchant.entity, "Brian Mwangi", "0700000334")
    brian = signed_in("0700000334")
    for path in addresses():
        assert brian.get(path).status_code == 404
