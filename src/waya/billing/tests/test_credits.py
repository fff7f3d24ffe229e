"""Credit notes: an invoice is given back as it was billed, never twice and never too much."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from waya.billing.commands.credits import credit, credit_lines
from waya.billing.commands.recognition import recognise
from waya.billing.commands.renewals import bill
from waya.billing.models import (
    Credit,
    CreditNote,
    CreditNoteLine,
    CreditNoteTax,
    Deferral,
    Invoice,
    InvoiceLine,
    InvoiceTax,
)
from waya.billing.queries.ageing import ageing, unlike_their_invoices
from waya.billing.queries.deferred import roll_forward
from waya.billing.rules.credits import LineCredit, Reason
from waya.billing.tests.make import JUNE_10, in_service, isp, joined, office_20
from waya.kernel.errors import Refused
from waya.kernel.money import Money
from waya.kernel.periods import Period
from waya.ledger.commands.entries import post_many
from waya.ledger.commands.periods import close_period
from waya.ledger.models import JournalEntry
from waya.ledger.queries.balances import party_balances, trial_balance
from waya.ledger.rules.entries import Entry, Line
from waya.org.actors import SYSTEM, Actor
from waya.org.models import AuditRecord, Entity
from waya.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db

JULY_10 = date(2027, 7, 10)


@pytest.fixture
def entity() -> Entity:
    return isp()


@pytest.fixture
def paid(entity: Entity) -> Invoice:
    """Chebet's prepaid month from 10 June, KES 2,500, paid."""
    invoice = Invoice.objects.get(customer_id=joined(entity).customer_id)
    money = Money(invoice.total_minor, invoice.currency)
    debit, back = Line("cash", money), Line("receivable", -money, invoice.customer_id)
    post_many(entries=[Entry(entity.pk, JUNE_10, "Cash", "cash:1", (debit, back),
                             invoice.customer.branch_id)], by=SYSTEM)  # fmt: skip
    return invoice


@pytest.fixture
def unpaid(entity: Entity) -> Invoice:
    """Brian's postpaid month from 10 June, KES 2,500, billed on 10 July and not paid."""
    office = in_service(entity, office_20(entity), JUNE_10)
    bill(entity_id=entity.pk, on=JULY_10, by=SYSTEM)
    return Invoice.objects.get(customer_id=office.customer_id)


def all_of(invoice: Invoice, on: date = JULY_10, once: str = "try") -> CreditNote:
    return credit(invoice_id=invoice.pk, reason=Reason.MISTAKE, once=once, on=on, by=SYSTEM)


def some_of(
    invoice: Invoice, minor: int, on: date = JULY_10, once: str = "try", by: Actor = SYSTEM
) -> CreditNote:
    wish = LineCredit(invoice.lines.get().pk, Reason.GOODWILL, gross_minor=minor)
    (note,) = credit_lines(credits=[wish], on=on, once=once, by=by)
    return note


def unused(invoice: Invoice, on: date, once: str = "try") -> CreditNote:
    days = Period(on, invoice.lines.get().end or on)
    wish = LineCredit(invoice.lines.get().pk, Reason.PLAN_CHANGE, days=days, why={"to": "Home 20"})
    (note,) = credit_lines(credits=[wish], on=on, once=once, by=SYSTEM)
    return note


def held(entity: Entity) -> dict[str, int]:
    """What each account holds, without those that hold nothing."""
    rows = trial_balance(entity.pk)
    return {row.purpose: row.amount.minor for row in rows if row.amount.minor}


def books_close(entity: Entity) -> None:
    """What documents say is what the accounts hold."""
    assert sum(held(entity).values()) == 0
    owed: dict[tuple[int, str], int] = {}
    for row in Invoice.objects.filter(entity=entity):
        key = (row.customer_id, row.currency)
        owed[key] = owed.get(key, 0) + row.total_minor - row.paid_minor
    assert party_balances(entity.pk, purpose="receivable") == {
        key: minor for key, minor in owed.items() if minor
    }
    assert unlike_their_invoices(entity.pk) == []
    far = date(2028, 1, 1)
    for one in roll_forward(entity.pk, since=JUNE_10, through=far):
        assert one.adjusted.minor == 0
        assert one.opening + one.billed - one.credited - one.recognised == one.closing


# ---- it works -----------------------------------------------------------------------------------


def test_the_whole_of_an_unpaid_invoice_is_given_back(entity: Entity, unpaid: Invoice) -> None:
    before = held(entity)
    note = all_of(unpaid)
    unpaid.refresh_from_db()
    assert (note.number, note.total_minor, note.applied_minor) == ("CRN-000001", 2500_00, 2500_00)
    assert unpaid.paid_minor == unpaid.total_minor
    assert before["receivable"] == 2500_00
    assert held(entity) == {}, "revenue, taxes and receivable are as if it had never been"
    assert not Credit.objects.exists()
    line, billed = note.lines.get(), unpaid.lines.get()
    assert (line.net_minor, line.tax_minor) == (billed.net_minor, billed.tax_minor)
    taxes = [(tax.tax, tax.base_minor, tax.amount_minor, tax.law) for tax in
             CreditNoteTax.objects.order_by("sequence")]  # fmt: skip
    assert taxes == [(tax.tax, tax.base_minor, tax.amount_minor, tax.law) for tax in
                     InvoiceTax.objects.order_by("sequence")]  # fmt: skip
    assert note.customer_as_issued == unpaid.customer_as_issued
    (row,) = AuditRecord.objects.filter(action="credit_note.issued")
    assert row.why["invoice"] == unpaid.number
    assert row.customer_id == unpaid.customer_id
    books_close(entity)


def test_what_was_paid_becomes_the_customers_credit(entity: Entity, paid: Invoice) -> None:
    """On the tenth of 30 days: 20 days are unused, and none of their money was earned."""
    recognise(entity_id=entity.pk, through=date(2027, 6, 19), by=SYSTEM)
    note = unused(paid, date(2027, 6, 20))
    assert (note.total_minor, note.applied_minor) == (1666_67, 0)
    assert Credit.objects.get(customer=paid.customer).amount_minor == 1666_67
    line = note.lines.get()
    assert (line.start, line.end) == (date(2027, 6, 20), JULY_10)
    assert line.why == {"to": "Home 20"}
    after = held(entity)
    assert after["customer_credit"] == -1666_67
    assert "deferred" not in after
    assert after["revenue:internet"] == -(1874_06 - line.net_minor)
    books_close(entity)
    recognise(entity_id=entity.pk, through=date(2027, 7, 31), by=SYSTEM)
    assert held(entity) == after, "nothing more is earned"


def test_part_settles_and_the_rest_is_credit(entity: Entity, unpaid: Invoice) -> None:
    some_of(unpaid, 1000_00)
    unpaid.refresh_from_db()
    assert (unpaid.paid_minor, unpaid.settled_on) != (0, None)
    assert [one.owed.minor for one in ageing(entity.pk, date(2030, 1, 1)) if one.owed] == [1500_00]
    Invoice.objects.filter(pk=unpaid.pk).update(paid_minor=2400_00)  # as if 1,400 had been paid
    note = some_of(unpaid, 500_00, once="again")
    assert note.applied_minor == 100_00
    assert Credit.objects.get().amount_minor == 400_00


def test_an_amount_of_a_running_month_is_earned_and_unearned_alike(
    entity: Entity, paid: Invoice
) -> None:
    note = some_of(paid, 250_00, on=date(2027, 6, 20))
    line = note.lines.get()
    assert line.unearned_minor == 124_94
    assert (line.unearned_from, line.unearned_until) == (date(2027, 6, 20), JULY_10)
    row = Deferral.objects.get(net_minor__lt=0)
    assert (row.net_minor, row.start, row.end) == (-124_94, date(2027, 6, 20), JULY_10)
    books_close(entity)
    recognise(entity_id=entity.pk, through=date(2027, 7, 31), by=SYSTEM)
    told = held(entity)
    assert told["revenue:internet"] + told["service_credits"] == -(1874_06 - line.net_minor)
    assert "deferred" not in told


def test_many_invoices_in_one_go(entity: Entity) -> None:
    homes = [joined(entity, JUNE_10, f"Customer {number}") for number in range(3)]
    lines = InvoiceLine.objects.filter(subscription__in=homes).order_by("pk")
    days = Period(date(2027, 6, 25), JULY_10)
    wishes = [LineCredit(line.pk, Reason.OUTAGE, days=days) for line in lines]
    notes = credit_lines(credits=wishes, on=days.start, once="mast", by=SYSTEM)
    assert sum(one.amount_minor for one in Credit.objects.all()) == 3750_00
    assert [note.number for note in notes] == ["CRN-000001", "CRN-000002", "CRN-000003"]
    assert {note.total_minor for note in notes} == {1250_00}


def test_whoever_is_no_longer_behind_comes_back(entity: Entity, unpaid: Invoice) -> None:
    late = unpaid.due_on + timedelta(days=30)
    from_now = Subscription.objects.get(customer_id=unpaid.customer_id)
    Subscription.objects.filter(pk=from_now.pk).update(state="suspended", standing="cut_off")
    all_of(unpaid, on=late)
    from_now.refresh_from_db()
    assert (from_now.state, from_now.standing) == ("active", "good")


# ---- it refuses ---------------------------------------------------------------------------------


def test_never_more_than_is_left(unpaid: Invoice) -> None:
    some_of(unpaid, 2000_00)
    with pytest.raises(Refused, match=r"credit_above_left \(left=KES 500\)"):
        some_of(unpaid, 500_01, once="again")
    all_of(unpaid, once="rest")
    with pytest.raises(Refused, match="credit_nothing_left"):
        all_of(unpaid, once="more")
    assert sum(note.total_minor for note in CreditNote.objects.all()) == 2500_00


def test_not_in_a_closed_period_and_not_before_its_invoice(entity: Entity, unpaid: Invoice) -> None:
    with pytest.raises(Refused, match="credit_before_invoice"):
        all_of(unpaid, on=JULY_10 - timedelta(days=1))
    close_period(entity_id=entity.pk, start=date(2027, 7, 1), end=date(2027, 8, 1), by=SYSTEM)
    with pytest.raises(Refused, match="period_closed"):
        all_of(unpaid)
    assert not CreditNote.objects.exists()
    assert all_of(unpaid, on=date(2027, 8, 1)).number == "CRN-000001"


def test_only_whoever_may_and_of_their_own_company(entity: Entity, unpaid: Invoice) -> None:
    naomi = Actor("person", 1, "Naomi", frozenset({"payments.take"}), entity.pk)
    with pytest.raises(Refused, match="not_allowed"):
        some_of(unpaid, 1_00, by=naomi)
    other = Actor("person", 1, "Wanjiku", frozenset({"billing.credit"}), entity.pk + 1)
    with pytest.raises(Refused, match="other_entity"):
        some_of(unpaid, 1_00, by=other)
    wanjiku = Actor("person", 1, "Wanjiku", frozenset({"billing.credit"}), entity.pk)
    assert some_of(unpaid, 1_00, by=wanjiku).total_minor == 1_00


# ---- twice, and two at once ---------------------------------------------------------------------


def test_asking_again_gives_the_first(entity: Entity, unpaid: Invoice) -> None:
    first = some_of(unpaid, 1000_00)
    assert some_of(unpaid, 1000_00).pk == first.pk
    assert all_of(unpaid).pk == first.pk
    assert JournalEntry.objects.filter(source__startswith="credit_note:").count() == 1
    unpaid.refresh_from_db()
    assert unpaid.paid_minor == 1000_00


@dataclass
class Together:
    """Work done by two at once, each on a connection of its own."""

    work: Callable[[int], object]
    refused: list[str] = field(default_factory=list)

    def run(self) -> None:
        barrier = threading.Barrier(2)
        both = [threading.Thread(target=self._one, args=(at, barrier)) for at in range(2)]
        for one in both:
            one.start()
        for one in both:
            one.join(30)

    def _one(self, at: int, barrier: threading.Barrier) -> None:
        try:
            barrier.wait(10)
            self.work(at)
        except Refused as refusal:
            self.refused.append(refusal.code)
        finally:
            connection.close()


def committed() -> Invoice:
    """Chebet's paid month, for others to see too."""
    with transaction.atomic():
        return Invoice.objects.get(customer_id=joined(isp()).customer_id)


@pytest.mark.django_db(transaction=True)
def test_two_at_once_never_give_back_too_much() -> None:
    invoice = committed()
    both = Together(lambda at: some_of(invoice, 1500_00, once=f"window {at}"))
    both.run()
    assert both.refused == ["credit_above_left"]
    assert CreditNote.objects.get().total_minor == 1500_00


@pytest.mark.django_db(transaction=True)
def test_the_same_asked_twice_at_once_is_one() -> None:
    invoice = committed()
    both = Together(lambda at: some_of(invoice, 1000_00))
    both.run()
    assert both.refused == []
    assert CreditNote.objects.get().number == "CRN-000001"
    assert Credit.objects.get().amount_minor == 1000_00


# ---- the database is the last judge -------------------------------------------------------------


def test_what_was_issued_is_never_changed(unpaid: Invoice) -> None:
    all_of(unpaid)
    for rows, changed in (
        (CreditNote.objects, {"total_minor": 1}),
        (CreditNoteLine.objects, {"net_minor": 1}),
        (CreditNoteTax.objects, {"amount_minor": 1}),
    ):
        with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
            rows.update(**changed)
        with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
            rows.all()._raw_delete(rows.db)


def around_us(note: CreditNote, of: InvoiceLine) -> None:
    """The same credit once more, by code that asks nobody."""
    line = note.lines.get()
    with transaction.atomic():
        note = CreditNote.objects.get(pk=note.pk)
        note.pk, note.number, note.once, note.public_id = None, "CRN-9", "around", uuid.uuid4()
        note.save(force_insert=True)
        line.pk, line.note, line.line = None, note, of
        line.save(force_insert=True)


def test_the_database_refuses_more_than_is_left(unpaid: Invoice) -> None:
    note = some_of(unpaid, 2000_00)
    with pytest.raises(IntegrityError, match="more is credited"):
        around_us(note, unpaid.lines.get())


def test_the_database_refuses_a_line_of_another_invoice(entity: Entity, unpaid: Invoice) -> None:
    other = Invoice.objects.get(customer_id=joined(entity).customer_id)
    with pytest.raises(IntegrityError, match="not of the invoice"):
        around_us(some_of(unpaid, 100_00), other.lines.get())


def test_the_database_refuses_days_that_were_given_back(paid: Invoice) -> None:
    note = unused(paid, date(2027, 7, 1))
    with pytest.raises(IntegrityError, match="credited twice"):
        around_us(note, paid.lines.get())
