"""Every event of billing and of the money for it, with the accounts and amounts that it is booked
on (erp reference §1.1): a debit is above zero.

A price of KES 2,500 has 16 % VAT and 15 % excise inside: 1,874.06 net, 281.11 and 344.83.
Refunds, charge-backs and what a gateway pays out are the payments' own; vouchers the hotspot's;
suppliers' bills, year ends by entry and other currencies are finance's.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from waya.billing.commands.credits import credit_lines
from waya.billing.commands.documents import quote
from waya.billing.commands.dunning.allowances import provide
from waya.billing.commands.dunning.recoveries import recover
from waya.billing.commands.dunning.write_offs import write_off
from waya.billing.commands.lives.changes import cancel
from waya.billing.commands.recognition import recognise
from waya.billing.commands.renewals import bill
from waya.billing.commands.settle import spend
from waya.billing.models import CreditNote, CreditUse, Invoice, InvoiceLine, Recovery
from waya.billing.policy import AllowancePolicy, WriteOffPolicy
from waya.billing.rules.credits import LineCredit, Reason
from waya.billing.tests.debtors import FEE, climbs, customers, invoiced, today
from waya.billing.tests.make import home_10, in_service, office_20, wants
from waya.billing.tests.test_charges import publish
from waya.catalog.commands import add_promotion
from waya.catalog.rules.plans import Charge
from waya.catalog.rules.versions import flat
from waya.kernel import clock
from waya.kernel.money import Money
from waya.kernel.periods import Period, add_months
from waya.ledger.commands.adjustments import adjust
from waya.ledger.commands.entries import reverse
from waya.ledger.commands.periods import soft_close
from waya.ledger.models import JournalEntry, JournalLine
from waya.ledger.queries.balances import trial_balance
from waya.ledger.rules.entries import Line, entry
from waya.network.models import Router
from waya.org.actors import SYSTEM
from waya.org.commands.policies import choose
from waya.org.models import Entity
from waya.org.queries import main_branch
from waya.payments.commands.climb import climb
from waya.payments.commands.counter import take_cash
from waya.payments.commands.match import match
from waya.payments.models import Merchant
from waya.payments.queries.payments import suspense
from waya.payments.tests import make
from waya.subscriptions.commands.lives import grant
from waya.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db

NET, EXCISE, VAT = 1874_06, 281_11, 344_83
TAXES = {"tax:excise": -EXCISE, "tax:vat": -VAT}
BACK = {"tax:excise": EXCISE, "tax:vat": VAT}


@pytest.fixture
def merchant() -> Merchant:
    return make.merchant()


@pytest.fixture
def entity(merchant: Merchant) -> Entity:
    return merchant.entity


def booked(source: str) -> dict[str, int]:
    """What the entry of a source holds, by purpose."""
    lines = JournalLine.objects.filter(entry__source=source)
    return dict(lines.values_list("account__purpose", "amount_minor"))


def since(last: int) -> list[dict[str, int]]:
    """What was posted after an entry, entry by entry."""
    fresh = JournalEntry.objects.filter(pk__gt=last).order_by("pk")
    return [booked(source) for source in fresh.values_list("source", flat=True)]


def newest() -> int:
    return JournalEntry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def pays(row: Subscription, minor: int, slip: str = "1", on: date | None = None) -> None:
    take_cash(entity_id=row.entity_id, customer_id=row.customer_id, amount_minor=minor,
              slip=slip, on=on or today(), by=SYSTEM)  # fmt: skip


def paid(entity: Entity, *charges: Charge) -> Subscription:
    """A prepaid customer who pays all that is asked to begin, today."""
    if charges:
        publish(home_10(entity), *charges)
    row = wants(entity, home_10(entity))
    total = quote(subscription_id=row.pk, on=today(), by=SYSTEM).total_minor
    pays(row, total)
    row.refresh_from_db()
    return row


def test_service_in_advance_and_its_payment(entity: Entity) -> None:
    paid(entity)
    invoice = Invoice.objects.get()
    assert booked(f"invoice:{invoice.number}") == {
        "receivable": 2500_00, "deferred": -NET, **TAXES}  # fmt: skip
    assert since(0)[-1] == {"cash": 2500_00, "receivable": -2500_00}


def test_service_that_was_had_is_earned_when_it_is_billed(entity: Entity) -> None:
    began = add_months(today(), -1, anchor_day=today().day)
    in_service(entity, office_20(entity), began)
    bill(entity_id=entity.pk, on=add_months(began, 1, anchor_day=began.day), by=SYSTEM)
    assert since(0) == [{"receivable": 2500_00, "revenue:internet": -NET, **TAXES}]


def test_once_and_a_deposit_that_is_given_back(entity: Entity) -> None:
    """Work is earned at once, a deposit is owed and taxed by nobody; at the end it is credit."""
    row = paid(entity, *flat(2500_00), Charge("visit", "one_off", Fraction(2500_00)),
               Charge("router", "deposit", Fraction(1500_00)))  # fmt: skip
    assert since(0)[0] == {
        "receivable": 6500_00, "deferred": -NET, "revenue:internet": -NET, "deposits": -1500_00,
        "tax:excise": -2 * EXCISE, "tax:vat": -2 * VAT,
    }  # fmt: skip
    last = newest()
    cancel(subscription_id=row.pk, on=today(), by=SYSTEM)
    assert since(last) == [{
        "deferred": NET, **BACK, "deposits": 1500_00, "customer_credit": -4000_00}]  # fmt: skip


def test_a_deposit_is_applied_to_what_is_still_owed(entity: Entity) -> None:
    row = paid(entity, *flat(2500_00), Charge("router", "deposit", Fraction(1500_00)))
    owed = invoiced(row, 3, minor=900_00)
    cancel(subscription_id=row.pk, on=today(), by=SYSTEM)
    owed.refresh_from_db()
    assert owed.paid_minor == 900_00
    use = CreditUse.objects.get(invoice=owed)
    assert booked(f"credit_use:{use.pk}") == {"customer_credit": 900_00, "receivable": -900_00}


def test_a_discount_is_less_revenue_and_less_tax(entity: Entity) -> None:
    add_promotion(entity_id=entity.pk, code="HALF", name="Half", percent=Decimal(50), periods=1,
                  valid_from=date(2020, 1, 1), by=SYSTEM)  # fmt: skip
    row = wants(entity, home_10(entity))
    grant(subscription_id=row.pk, code="half", on=today(), by=SYSTEM)
    quote(subscription_id=row.pk, on=today(), by=SYSTEM)
    pays(row, 1250_00)
    half = since(0)[0]
    assert (half["receivable"], half["deferred"]) == (1250_00, -937_03)
    assert sum(half.values()) == 0


def test_money_for_nothing_that_is_open_is_credit_and_pays_what_comes(entity: Entity) -> None:
    (row,) = customers(entity)
    pays(row, 1000_00)
    assert since(0) == [{"cash": 1000_00, "customer_credit": -1000_00}]
    invoice = invoiced(row, 1, minor=700_00)
    spend(entity_id=entity.pk, customer_ids=[row.customer_id], on=today(), by=SYSTEM)
    use = CreditUse.objects.get(invoice=invoice)
    assert booked(f"credit_use:{use.pk}") == {"customer_credit": 700_00, "receivable": -700_00}


def test_money_that_counts_from_an_earlier_day_settles_when_it_is_known(entity: Entity) -> None:
    (row,) = customers(entity)
    invoiced(row, 1, minor=700_00)
    earlier, last = today() - timedelta(days=3), newest()
    pays(row, 1000_00, on=earlier)
    assert since(last) == [
        {"cash": 1000_00, "customer_credit": -1000_00},
        {"customer_credit": 700_00, "receivable": -700_00},
    ]  # fmt: skip
    days = JournalEntry.objects.filter(pk__gt=last).order_by("pk").values_list("on", flat=True)
    assert list(days) == [earlier, today()]


def test_money_of_nobody_waits_and_is_matched(entity: Entity, merchant: Merchant) -> None:
    (row,) = customers(entity)
    invoiced(row, 1, minor=700_00)
    last = newest()
    make.tell(merchant, "c", make.confirmation("999999", amount="1000.00"))
    make.work_off(merchant)
    waiting = suspense(entity.pk).get()
    match(payment_id=waiting.pk, customer_id=row.customer_id, by=SYSTEM)
    assert since(last) == [
        {"clearing:mpesa": 1000_00, "suspense": -1000_00},
        {"suspense": 1000_00, "receivable": -700_00, "customer_credit": -300_00},
    ]  # fmt: skip


def test_days_given_back_come_out_of_what_is_not_earned(entity: Entity) -> None:
    row = paid(entity)
    line = InvoiceLine.objects.get(subscription=row)
    assert line.start
    assert line.end
    ahead = line.start + timedelta(days=10)
    wish = LineCredit(line.pk, Reason.CANCELLED, days=Period(ahead, line.end))
    clock.install(lambda: timedelta(days=10))
    (note,) = credit_lines(credits=[wish], on=ahead, once="x", by=SYSTEM)
    clock.install(timedelta)
    held = booked(f"credit_note:{note.number}")
    # What ten days earned was rounded, what twenty cost too: a cent may be between them.
    assert abs(held.pop("revenue:internet", 0)) <= 1
    assert abs(held["deferred"] - note.net_minor) <= 1
    assert held["customer_credit"] == -note.total_minor
    assert set(held) == {"deferred", "tax:excise", "tax:vat", "customer_credit"}


@pytest.mark.parametrize(
    ("reason", "account"),
    [(Reason.MISTAKE, "revenue:internet"), (Reason.OUTAGE, "service_credits"),
     (Reason.GOODWILL, "service_credits")],
)  # fmt: skip
def test_what_was_earned_goes_back_and_bad_service_is_told_apart(
    entity: Entity, reason: Reason, account: str
) -> None:
    (row,) = customers(entity)
    line = InvoiceLine.objects.get(invoice=invoiced(row, 1, minor=700_00))
    wish = LineCredit(line.pk, reason, gross_minor=200_00)
    (note,) = credit_lines(credits=[wish], on=today(), once="x", by=SYSTEM)
    assert booked(f"credit_note:{note.number}") == {account: 200_00, "receivable": -200_00}


def test_a_late_fee(entity: Entity) -> None:
    (row,) = customers(entity)
    climbs(entity, FEE)
    Router.objects.update(swept_at=clock.real_now())
    invoiced(row, 6)
    last = newest()
    climb(entity_id=entity.pk, on=today(), by=SYSTEM)
    (fee,) = since(last)
    assert (fee["receivable"], sum(fee.values())) == (200_00, 0)
    assert fee["revenue:late"] == -200_00 - sum(fee.get(one, 0) for one in TAXES)


def test_a_loss_without_an_allowance_and_what_came_of_it(entity: Entity) -> None:
    choose(entity_id=entity.pk, choices=WriteOffPolicy(recovers=False), by=SYSTEM)
    (row,) = customers(entity)
    lost = invoiced(row, 60, minor=900_00)
    write_off(invoice_id=lost.pk, reason="Gone", by=SYSTEM)
    assert booked(f"write_off:{lost.pk}") == {"bad_debts": 900_00, "receivable": -900_00}
    pays(row, 400_00)
    recover(invoice_id=lost.pk, by=SYSTEM)
    came = Recovery.objects.get()
    assert booked(f"recovery:{came.pk}") == {
        "customer_credit": 400_00, "bad_debts_recovered": -400_00}  # fmt: skip


def test_money_for_a_loss_is_income(entity: Entity) -> None:
    (row,) = customers(entity)
    lost = invoiced(row, 60, minor=900_00)
    write_off(invoice_id=lost.pk, reason="Gone", by=SYSTEM)
    last = newest()
    pays(row, 1000_00)
    assert since(last) == [
        {"cash": 1000_00, "bad_debts_recovered": -900_00, "customer_credit": -100_00}
    ]  # fmt: skip


def test_expected_losses_are_provided_for_and_used(entity: Entity) -> None:
    matrix = AllowancePolicy(to_30_percent=10, to_60_percent=50)
    choose(entity_id=entity.pk, choices=matrix, by=SYSTEM)
    (row,) = customers(entity)
    invoiced(row, 10, minor=1000_00)
    lost = invoiced(row, 40, minor=900_01)
    last = newest()
    through = today()
    for _ in range(2):
        provide(entity_id=entity.pk, through=through, by=SYSTEM)
    assert since(last) == [{"bad_debts": 550_01, "allowance": -550_01}]
    write_off(invoice_id=lost.pk, reason="Gone", by=SYSTEM)
    assert booked(f"write_off:{lost.pk}") == {"allowance": 900_01, "receivable": -900_01}
    clock.install(lambda: timedelta(days=1))
    provide(entity_id=entity.pk, through=today(), by=SYSTEM)
    clock.install(timedelta)
    held = {one.purpose: one.amount.minor for one in trial_balance(entity.pk)}
    assert (held["allowance"], held["bad_debts"]) == (-100_00, 1000_01)
    choose(entity_id=entity.pk, choices=AllowancePolicy(), by=SYSTEM)
    last = newest()
    provide(entity_id=entity.pk, through=through + timedelta(days=2), by=SYSTEM)
    assert since(last) == [{"allowance": 100_00, "bad_debts": -100_00}]


def test_what_was_billed_in_advance_is_earned(entity: Entity) -> None:
    row = paid(entity)
    line = InvoiceLine.objects.get(subscription=row)
    assert line.end
    recognise(entity_id=entity.pk, through=line.end, by=SYSTEM)
    source = f"recognised:{line.end.isoformat()}"
    assert booked(source) == {"deferred": NET, "revenue:internet": -NET}


def test_books_begin_and_an_entry_is_reversed(entity: Entity) -> None:
    """What an earlier system left is an adjusting entry, also into a month that is closed; a
    mistake is mirrored, never changed."""
    on = date(2020, 1, 1)
    soft_close(entity_id=entity.pk, start=on, end=date(2020, 2, 1), by=SYSTEM)
    opening = entry(
        entity_id=entity.pk, on=on, memo="Opening balances", source="opening:2020",
        debit=[Line("bank", Money(5000_00, "KES")), Line("receivable", Money(100_00, "KES"), 1)],
        credit=[Line("capital", Money(5100_00, "KES"))], branch_id=main_branch(entity.pk),
    )  # fmt: skip
    key = adjust(entries=[opening], by=SYSTEM)["opening:2020"]
    assert JournalEntry.objects.get(pk=key).on == on
    assert booked("opening:2020") == {"bank": 5000_00, "receivable": 100_00, "capital": -5100_00}
    reverse(entry_id=key, on=today(), memo="Mistaken", by=SYSTEM)
    assert booked(f"reversal:{key}") == {
        "bank": -5000_00, "receivable": -100_00, "capital": 5100_00}  # fmt: skip
    assert not CreditNote.objects.exists()
