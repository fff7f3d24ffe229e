"""Money for what was written off: income, nobody's receivable, and told everywhere."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from waya.billing.commands.credits import credit
from waya.billing.commands.dunning.recoveries import recover
from waya.billing.commands.dunning.write_offs import write_off
from waya.billing.models import Credit, Invoice, Recovery, WriteOff
from waya.billing.policy import WriteOffPolicy
from waya.billing.queries.accounts import gone_of, invoice_states
from waya.billing.rules.credits import Reason
from waya.billing.rules.invoice_states import Gone, State
from waya.billing.tests.debtors import FEE, climbs, customers, invoiced, today
from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.ledger.models import JournalLine
from waya.ledger.queries.balances import trial_balance
from waya.network.models import Router
from waya.org.actors import SYSTEM
from waya.org.commands.branches import add_branch
from waya.org.commands.policies import choose
from waya.org.models import AuditRecord, Entity
from waya.parties.commands.customers import choose_branch
from waya.payments.commands.climb import climb
from waya.payments.commands.counter import take_cash
from waya.payments.commands.match import match
from waya.payments.models import Allocation, Merchant, Payment
from waya.payments.queries.payments import suspense
from waya.payments.tests import make
from waya.reports.doctor import findings
from waya.reports.documents import papers
from waya.reports.documents.statements import statement
from waya.reports.queries.books.ageing import debtors_aged, owed_invoices
from waya.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db


@pytest.fixture
def merchant() -> Merchant:
    return make.merchant()


@pytest.fixture
def entity(merchant: Merchant) -> Entity:
    merchant.entity.refresh_from_db()
    return merchant.entity


@pytest.fixture
def brian(entity: Entity) -> Subscription:
    (row,) = customers(entity)
    return row


@pytest.fixture
def lost(brian: Subscription) -> Invoice:
    """KES 900 of Brian's, given up five days ago."""
    invoice = invoiced(brian, 60, minor=900_00)
    clock.install(lambda: timedelta(days=-5))
    write_off(invoice_id=invoice.pk, reason="Moved away", by=SYSTEM)
    clock.install(timedelta)
    invoice.refresh_from_db()
    return invoice


def pays(row: Subscription, minor: int, slip: str = "SLIP-1") -> Payment:
    return take_cash(entity_id=row.entity_id, customer_id=row.customer_id, amount_minor=minor,
                     slip=slip, on=today(), by=SYSTEM)  # fmt: skip


def books(entity: Entity) -> dict[str, int]:
    return {one.purpose: one.amount.minor for one in trial_balance(entity.pk) if one.amount.minor}


def is_well(entity: Entity) -> None:
    assert [one for one in findings(entity) if not one.ok and "routers" not in one.name] == []


def test_what_is_left_over_makes_it_good_and_the_rest_is_credit(
    entity: Entity, brian: Subscription, lost: Invoice
) -> None:
    payment = pays(brian, 1000_00)
    told = books(entity)
    assert (told["bad_debts"], told["bad_debts_recovered"]) == (900_00, -900_00)
    assert (told["cash"], told["customer_credit"]) == (1000_00, -100_00)
    assert "receivable" not in told
    assert gone_of([lost])[lost.pk] == Gone(written_off=900_00, recovered=900_00)
    assert invoice_states([lost], today())[lost.pk] == State.RECOVERED
    (share,) = Allocation.objects.all()
    assert (share.invoice_id, share.amount_minor, share.recovers) == (lost.pk, 900_00, True)
    told_of = AuditRecord.objects.get(action="invoice.recovered")
    taken = AuditRecord.objects.get(action="payment.taken")
    assert (told_of.cause_id, told_of.customer_id) == (taken.pk, brian.customer_id)
    is_well(entity)
    paper = papers.receipt_paper(payment)
    assert paper["rows"][0]["note"] == "It had been written off."
    settled = papers.invoice_paper(lost)
    assert ["State", "Paid after it was written off"] in settled["facts"]
    assert [row["amount"] for row in settled["settled"]] == ["−900.00", "0.00"]


def test_every_line_of_a_customer_is_their_branch_s_and_suspense_closes_where_it_stood(
    entity: Entity, merchant: Merchant, brian: Subscription
) -> None:
    nakuru = add_branch(entity_id=entity.pk, code="NKR", name="Nakuru", by=SYSTEM)
    choose_branch(customer_id=brian.customer_id, branch_id=nakuru.pk, by=SYSTEM)
    climbs(entity, FEE)
    Router.objects.update(swept_at=clock.real_now())
    lost, credited = invoiced(brian, 60, minor=900_00), invoiced(brian, 40, minor=700_00)
    write_off(invoice_id=lost.pk, reason="Moved away", by=SYSTEM)
    climb(entity_id=entity.pk, on=today(), by=SYSTEM)
    pays(brian, 800_00)
    credit(invoice_id=credited.pk, reason=Reason.MISTAKE, once="x", on=today(), by=SYSTEM)
    make.tell(merchant, "c", make.confirmation("999999", amount="5000.00"))
    make.work_off(merchant)
    waiting = suspense(entity.pk).get()
    match(payment_id=waiting.pk, customer_id=brian.customer_id, by=SYSTEM)
    by_branch: dict[str, dict[int, int]] = {}
    for line in JournalLine.objects.filter(entity_id=entity.pk).select_related("account"):
        held = by_branch.setdefault(line.account.purpose, {})
        held[line.branch_id] = held.get(line.branch_id, 0) + line.amount_minor
    main = entity.branches.get(main=True).pk
    assert by_branch.pop("suspense") == {main: 0}
    assert by_branch.pop("clearing:mpesa") == {main: 5000_00}
    assert {branch for held in by_branch.values() for branch in held} == {nakuru.pk}
    assert {"receivable", "bad_debts", "bad_debts_recovered", "cash"} <= set(by_branch)
    is_well(entity)


def test_part_by_part_and_never_more_than_was_lost(
    entity: Entity, brian: Subscription, lost: Invoice
) -> None:
    pays(brian, 400_00, "A")
    assert invoice_states([lost], today())[lost.pk] == State.WRITTEN_OFF
    pays(brian, 400_00, "B")
    pays(brian, 400_00, "C")
    assert WriteOff.objects.get().recovered_minor == 900_00
    assert [one.amount_minor for one in Recovery.objects.order_by("pk")] == [400_00, 400_00, 100_00]
    assert Credit.objects.get().amount_minor == 300_00
    is_well(entity)


def test_what_is_open_and_asked_for_comes_first(
    entity: Entity, brian: Subscription, lost: Invoice
) -> None:
    invoiced(brian, 3, minor=500_00)
    with CaptureQueriesContext(connection) as exact:
        pays(brian, 500_00, "A")
    assert not any("billing_writeoff" in one["sql"] for one in exact), "only who brings more is"
    assert not Recovery.objects.exists()
    chebet = make.asked(entity)
    (other,) = customers(entity, 1, 1)
    WriteOff.objects.update(customer=chebet.customer)  # hers now: a renewal is asked of her
    pays(chebet, 1000_00, "B")
    assert not Recovery.objects.exists(), "it waits for the rest of the renewal"
    pays(chebet, 2000_00, "C")
    assert Recovery.objects.get().amount_minor == 500_00
    pays(other, 100_00, "D")
    assert Recovery.objects.count() == 1


def test_money_in_suspense_that_is_matched_makes_it_good(
    entity: Entity, merchant: Merchant, brian: Subscription, lost: Invoice
) -> None:
    make.tell(merchant, "c", make.confirmation("999999", amount="900.00"))
    make.work_off(merchant)
    assert not Recovery.objects.exists()
    payment = suspense(entity.pk).get()
    match(payment_id=payment.pk, customer_id=brian.customer_id, by=SYSTEM)
    told = books(entity)
    assert told["bad_debts_recovered"] == -900_00
    assert not {"suspense", "receivable", "customer_credit"} & set(told)
    assert Allocation.objects.get().recovers
    is_well(entity)


def test_where_policy_leaves_it_to_a_person_it_is_credit_until_they_say_so(
    entity: Entity, brian: Subscription, lost: Invoice
) -> None:
    choose(entity_id=entity.pk, choices=WriteOffPolicy(recovers=False), by=SYSTEM)
    with pytest.raises(Refused, match="no_credit"):
        recover(invoice_id=lost.pk, by=SYSTEM)
    pays(brian, 600_00)
    assert not Recovery.objects.exists()
    assert recover(invoice_id=lost.pk, by=SYSTEM).amount_minor == 600_00
    told = books(entity)
    assert told["bad_debts_recovered"] == -600_00
    assert "customer_credit" not in told
    assert invoice_states([lost], today())[lost.pk] == State.WRITTEN_OFF
    pays(brian, 400_00, "B")
    assert recover(invoice_id=lost.pk, by=SYSTEM).amount_minor == 300_00
    with pytest.raises(Refused, match="nothing_to_recover"):
        recover(invoice_id=lost.pk, by=SYSTEM)
    with pytest.raises(Refused, match="nothing_to_recover"):
        recover(invoice_id=invoiced(brian, 1).pk, by=SYSTEM)
    is_well(entity)


def test_the_statement_adds_up_to_what_the_books_hold(
    entity: Entity, brian: Subscription, lost: Invoice
) -> None:
    pays(brian, 1000_00)
    told = statement(brian.customer, today() - timedelta(days=100), today())
    assert [row.kind for row in told.rows] == ["invoice", "write_off", "recovery", "payment"]
    assert told.closing.minor == -100_00
    assert "Written off, paid now" in str(papers.statement_paper(told)["rows"])


def test_ageing_of_a_past_day_knows_what_was_given_up_and_credited_since(
    entity: Entity, brian: Subscription, lost: Invoice
) -> None:
    back = invoiced(brian, 10, minor=700_00)
    credit(invoice_id=back.pk, reason=Reason.MISTAKE, once="x", on=today(), by=SYSTEM)
    pays(brian, 900_00)
    before = today() - timedelta(days=6)
    (debtor,) = debtors_aged(entity, before)
    assert debtor.total == 1600_00
    assert {row.number: row.left.minor for row in owed_invoices(entity, before).rows} == {
        lost.number: 900_00, back.number: 700_00,
    }  # fmt: skip
    assert list(debtors_aged(entity, today())) == []


def test_the_doctor_sees_a_loss_made_good_by_nothing(entity: Entity, lost: Invoice) -> None:
    WriteOff.objects.update(recovered_minor=100_00)
    (found,) = [one for one in findings(entity) if not one.ok and "recovered" in one.name]
    assert found.detail == f"not made good by what came: {lost.number}"
