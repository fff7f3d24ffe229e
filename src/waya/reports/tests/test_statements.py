"""A customer's statement: from documents alone, and what the books hold."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db.models import Sum
from pytest_django import DjangoAssertNumQueries

from waya.billing.commands.credits import credit
from waya.billing.commands.dunning.write_offs import write_off_many
from waya.billing.models import CreditNote, Invoice
from waya.billing.rules.credits import Reason
from waya.kernel.errors import Refused
from waya.ledger.models import JournalLine
from waya.org.actors import SYSTEM
from waya.parties.commands.customers import lock_customers
from waya.parties.models import Customer
from waya.payments.commands.counter import take_cash
from waya.payments.commands.match import match
from waya.payments.models import Payment
from waya.payments.tests.make import confirmation, tell, work_off
from waya.reports.documents.statements import CREDIT_NOTE, INVOICE, PAYMENT, WRITE_OFF, statement
from waya.reports.tests.make import Town, town

pytestmark = pytest.mark.django_db


@pytest.fixture
def found() -> Town:
    return town()


def booked(customer: Customer, through: date) -> int:
    """What the books hold of a customer: the receivable less the credit, in minor units."""
    lines = JournalLine.objects.filter(party_id=customer.pk, on__lte=through)
    own = lines.filter(account__purpose__in=("receivable", "customer_credit"))
    return own.aggregate(held=Sum("amount_minor"))["held"] or 0


def test_each_document_and_what_is_owed_after_it(found: Town) -> None:
    customer, today = found.brian.customer, found.today
    (invoice,) = Invoice.objects.filter(customer=customer)
    take_cash(entity_id=found.entity.pk, customer_id=customer.pk, amount_minor=1000_00,
              slip="SLIP-9", on=today, by=SYSTEM)  # fmt: skip
    invoice.refresh_from_db()
    note = credit(invoice_id=invoice.pk, reason=Reason.GOODWILL, once="x", on=today, by=SYSTEM)
    told = statement(customer, invoice.issued_on, today)
    assert [(row.kind, row.amount.minor, row.balance.minor) for row in told.rows] == [
        (INVOICE, 2500_00, 2500_00),
        (CREDIT_NOTE, -2500_00, 0),
        (PAYMENT, -1000_00, -1000_00),
    ]
    assert [row.number for row in told.rows][:2] == [invoice.number, note.number]
    assert (told.opening.minor, told.closing.minor) == (0, -1000_00)
    assert (told.charged.minor, told.paid.minor) == (2500_00, 3500_00)


def test_it_is_what_the_books_hold_on_any_day(found: Town) -> None:
    first = found.today - timedelta(days=50)
    for invoice in Invoice.objects.filter(customer=found.amina.customer):
        credit(invoice_id=invoice.pk, reason=Reason.MISTAKE, once="x", on=found.today, by=SYSTEM)
    assert CreditNote.objects.exists()
    for customer in Customer.objects.all():
        for days in range(0, 51, 7):
            day = first + timedelta(days=days)
            told = statement(customer, first, day)
            assert told.closing.minor == booked(customer, day)
            after = statement(customer, day + timedelta(days=1), found.today)
            assert after.opening == told.closing


def test_what_was_written_off_is_owed_no_more_and_not_credited(found: Town) -> None:
    customer, today = found.brian.customer, found.today
    (invoice,) = Invoice.objects.filter(customer=customer)
    lock_customers(customer_ids=[customer.pk], by=SYSTEM)
    write_off_many(invoices=[invoice], reason="Moved away", on=today, by=SYSTEM)
    told = statement(customer, invoice.issued_on, today)
    assert [row.kind for row in told.rows] == [INVOICE, WRITE_OFF]
    assert told.closing.minor == booked(customer, today) == 0
    with pytest.raises(Refused, match="credit_written_off"):
        credit(invoice_id=invoice.pk, reason=Reason.GOODWILL, once="x", on=today, by=SYSTEM)


def test_money_that_was_matched_later_counts_from_that_day(found: Town) -> None:
    tell(found.merchant, "c", confirmation("nobody"))
    work_off(found.merchant)
    queue = Payment.objects.get(customer=None)
    match(payment_id=queue.pk, customer_id=found.brian.customer_id, by=SYSTEM)
    told = statement(found.brian.customer, found.today, found.today)
    assert [row.number for row in told.rows if row.kind == PAYMENT] == [queue.receipt_number]
    assert told.closing.minor == booked(found.brian.customer, found.today)


def test_it_costs_a_fixed_number_of_queries(
    found: Town, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(10):
        statement(found.amina.customer, found.today - timedelta(days=3650), found.today)
