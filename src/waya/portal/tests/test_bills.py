"""Bills: what was asked, what paid it, and how each sum came about."""

from __future__ import annotations

import pytest
from pytest_django import DjangoAssertNumQueries

from waya.billing.commands.credits import credit
from waya.billing.commands.documents import quote
from waya.billing.commands.dunning.write_offs import write_off
from waya.billing.models import Invoice, ProForma
from waya.billing.rules.credits import Reason
from waya.billing.tests.debtors import invoiced, today
from waya.billing.tests.test_charges import choose
from waya.kernel import clock
from waya.org.actors import SYSTEM
from waya.payments.models import Merchant, Payment
from waya.payments.tests import make as paying
from waya.portal.tests.make import signed_in
from waya.subscriptions.commands.lives import request
from waya.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db


@pytest.fixture
def chebet(merchant: Merchant) -> Subscription:
    """Paid KES 3,000 for what costs 2,500."""
    row = paying.asked(merchant.entity)
    raw = paying.confirmation(row.customer.account_number, amount="3000.00")
    paying.tell(merchant, "c", raw)
    paying.work_off(merchant)
    return row


def test_bills_and_payments_in_one_list(chebet: Subscription) -> None:
    page = signed_in().see("/my/bills")
    invoice, payment = Invoice.objects.get(), Payment.objects.get()
    assert invoice.number in page
    assert "UKL7X4T2QP" in page
    assert payment.receipt_number in page
    assert "We hold KES 500 of yours" in page


def test_what_is_asked_stands_first_with_its_sum(merchant: Merchant) -> None:
    paying.asked(merchant.entity)
    browser = signed_in()
    page = browser.see("/my/bills")
    asked = ProForma.objects.get()
    assert "To pay KES 2,500" in page
    assert asked.number in page
    shown = browser.see(f"/my/pro-formas/{asked.public_id}")
    assert "No tax document" in shown
    assert "Pay KES 2,500" in shown


def test_an_invoice_says_how_its_sum_came_about(chebet: Subscription) -> None:
    page = signed_in().see(f"/my/bills/{Invoice.objects.get().public_id}")
    assert "Tax invoice" in page
    assert "How this sum came about" in page
    assert "KES 2,500 for a whole period, taxes inside" in page
    assert "VAT 16 %" in page
    assert "Baraka Networks Ltd" in page
    assert "UKL7X4T2QP" in page


def test_a_receipt_says_what_the_money_did(chebet: Subscription) -> None:
    page = signed_in().see(f"/my/receipts/{Payment.objects.get().public_id}")
    assert "Received from Chebet Korir" in page
    assert Invoice.objects.get().number in page
    assert "Kept as your credit" in page
    assert "KES 500" in page


def test_the_pro_forma_leads_to_the_invoice_that_it_became(chebet: Subscription) -> None:
    page = signed_in().see(f"/my/pro-formas/{ProForma.objects.get().public_id}")
    assert Invoice.objects.get().number in page


def test_what_was_given_up_or_given_back_was_not_paid(merchant: Merchant) -> None:
    brian = paying.asked(merchant.entity)
    lost, back = invoiced(brian, 3, minor=500_00), invoiced(brian, 2, minor=700_00)
    write_off(invoice_id=lost.pk, reason="Moved away", by=SYSTEM)
    credit(invoice_id=back.pk, reason=Reason.MISTAKE, once="x", on=today(), by=SYSTEM)
    browser = signed_in()
    for invoice, state in ((lost, "Written off"), (back, "Credited")):
        page = browser.see(f"/my/bills/{invoice.public_id}")
        assert state in page
        assert "Paid" not in page
    listed = browser.see("/my/bills")
    assert "Written off" in listed
    assert "Paid from credit" not in listed


def test_nobody_elses_papers(chebet: Subscription, merchant: Merchant) -> None:
    paying.asked(merchant.entity, "Brian Mwangi", "0700000334")
    brian = signed_in("0700000334")
    for path in (
        f"/my/bills/{Invoice.objects.get().public_id}",
        f"/my/receipts/{Payment.objects.get().public_id}",
        f"/my/pro-formas/{ProForma.objects.filter(customer=chebet.customer).get().public_id}",
    ):
        assert brian.get(path).status_code == 404


def test_pages_cost_a_fixed_number_of_queries(
    chebet: Subscription, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    browser = signed_in()
    with django_assert_max_num_queries(14):
        browser.see("/my/bills")
    with django_assert_max_num_queries(9):
        browser.see(f"/my/bills/{Invoice.objects.get().public_id}")


def test_an_address_that_is_no_day_is_the_newest(chebet: Subscription) -> None:
    assert Invoice.objects.get().number in signed_in().see("/my/bills?before=yesterday")


def test_several_services_are_lines_of_one_pro_forma(merchant: Merchant) -> None:
    choose(merchant.entity, one_bill=True)
    home = paying.asked(merchant.entity)
    shop = request(customer=home.customer, site=home.site, plan=home.plan,
                   router_id=home.router_id, by=SYSTEM)  # fmt: skip
    quote(subscription_id=shop.pk, on=clock.today(merchant.entity.zone), by=SYSTEM)
    browser = signed_in()
    listed = browser.see("/my/bills")
    assert listed.count("Asked in advance for") == 1
    row = ProForma.objects.get(subscription=home, state=ProForma.OPEN)
    page = browser.see(f"/my/pro-formas/{row.public_id}")
    assert page.count("Home 10 Mbps") == 2
    assert "Pay KES 5,000" in page
    paying.tell(merchant, "c", paying.confirmation(home.customer.account_number, amount="5000.00"))
    paying.work_off(merchant)
    page = browser.see(f"/my/pro-formas/{row.public_id}")
    assert Invoice.objects.get().number in page
    assert "Pay KES" not in page
