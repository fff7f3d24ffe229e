"""Prepaid services of one customer that are due together: one paper, one payment, one invoice."""

from __future__ import annotations

from datetime import date
from threading import Barrier, Thread

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from waya.billing.commands.documents import quote
from waya.billing.commands.lives.asking import ask_anew
from waya.billing.commands.lives.changes import change_plan
from waya.billing.commands.renewals import bill
from waya.billing.models import CreditUse, Invoice, ProForma
from waya.billing.queries.accounts import account
from waya.billing.queries.asked import Asked, documents, with_lines
from waya.billing.tests.make import JUNE_10, isp, joined, pays
from waya.billing.tests.test_changes import held, plan_of
from waya.billing.tests.test_charges import choose, days
from waya.billing.tests.test_one_pro_forma import ASKED, paid, two
from waya.kernel.money import Money
from waya.ledger.queries.balances import lines_of
from waya.org.actors import SYSTEM
from waya.org.models import AuditRecord
from waya.org.rows.remembered import forget_all
from waya.subscriptions.commands.lives import request
from waya.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db


def papers(row: Subscription, *states: str) -> list[Asked]:
    owned = ProForma.objects.filter(customer_id=row.customer_id)
    return with_lines(documents(owned, *states).order_by("pk"))


def kes(minor: int) -> Money:
    return Money(minor, "KES")


def test_what_is_due_on_one_day_is_one_numbered_paper_and_becomes_one_invoice() -> None:
    entity = isp()
    choose(entity, one_bill=True)
    home, shop = two(entity)
    (paper,) = papers(home, ProForma.OPEN)
    assert [(one.line, one.subscription_id, one.total_minor) for one in paper.lines] == [
        (1, home.pk, 2500_00), (2, shop.pk, 1500_00),
    ]  # fmt: skip
    assert (paper.total, paper.to_pay, paper.names) == (
        kes(4000_00), kes(4000_00), "Home 10 Mbps, prepaid 5",
    )  # fmt: skip
    known = AuditRecord.objects.filter(action="pro_forma.issued", why__number=paper.first.number)
    assert [(one.why["minor"], one.why["lines"]) for one in known] == [(4000_00, 2)]
    settlement = pays(home, 4000_00, ASKED)
    (invoice,) = Invoice.objects.filter(issued_on=ASKED)
    assert settlement.allocations == ((invoice.pk, kes(4000_00)),)
    assert (invoice.total_minor, invoice.paid_minor) == (4000_00, 4000_00)
    lines = invoice.lines.order_by("pk").values_list("subscription_id", "total_minor", "start")
    assert list(lines) == [
        (home.pk, 2500_00, date(2027, 7, 10)), (shop.pk, 1500_00, date(2027, 7, 10)),
    ]  # fmt: skip
    assert all(line.why["pro_forma"] == paper.first.number for line in invoice.lines.all())
    owed = [line.amount.minor for line in lines_of([f"invoice:{invoice.number}"], entity.pk)]
    assert (max(owed), sum(owed)) == (4000_00, 0)
    (paper,) = papers(home, ProForma.PAID)[1:]
    assert ([one.pk for one in paper.invoices], paper.to_pay) == ([invoice.pk], kes(0))


def test_running_again_asks_for_nothing_more_and_numbers_have_no_gap() -> None:
    entity = isp()
    choose(entity, one_bill=True)
    home, _ = two(entity)
    before = ProForma.objects.count()
    assert bill(entity_id=entity.pk, on=ASKED, by=SYSTEM)["pro_formas"] == 0
    days(entity, ASKED, date(2027, 7, 9))
    assert ProForma.objects.count() == before
    numbers = {one.first.number for one in papers(home)}
    assert numbers == {f"PRO-{place:06d}" for place in range(1, len(numbers) + 1)}


def test_without_one_bill_each_is_a_paper_of_its_own() -> None:
    entity = isp()
    home, _ = two(entity)
    found = papers(home, ProForma.OPEN)
    assert [one.total for one in found] == [kes(2500_00), kes(1500_00)]
    pays(home, 4000_00, ASKED)
    assert Invoice.objects.filter(issued_on=ASKED).count() == 2


def test_where_each_is_paid_by_itself_the_rest_stays_open_on_the_same_number() -> None:
    entity = isp()
    choose(entity, one_bill=True, one_pro_forma="each")
    home, shop = two(entity)
    pays(home, 2500_00, ASKED)
    assert paid(home, shop) == [date(2027, 8, 10), date(2027, 7, 10)]
    (paper,) = papers(home, ProForma.OPEN)
    assert (paper.total, paper.to_pay, paper.state) == (kes(4000_00), kes(1500_00), "open")
    pays(home, 1500_00, ASKED)
    assert paid(home, shop) == [date(2027, 8, 10)] * 2
    (paper,) = [one for one in papers(home) if len(one.rows) == 2][-1:]
    assert [one.total_minor for one in paper.invoices] == [2500_00, 1500_00]


def test_credit_and_money_together_pay_one_invoice_once() -> None:
    entity = isp()
    choose(entity, one_bill=True)
    home, shop = two(entity)
    assert pays(home, 3000_00, ASKED).credit == kes(3000_00)
    assert (paid(home, shop), held(home)) == ([date(2027, 7, 10)] * 2, 3000_00)
    settlement = pays(home, 1000_00, ASKED)
    (invoice,) = Invoice.objects.filter(issued_on=ASKED)
    assert settlement.allocations == ((invoice.pk, kes(1000_00)),)
    (use,) = CreditUse.objects.filter(invoice=invoice)
    assert (use.amount_minor, invoice.paid_minor, held(home)) == (3000_00, 4000_00, 0)
    assert account(home.customer_id, entity.pk).to_pay == kes(0)


def test_paid_late_both_begin_that_day_and_stay_together() -> None:
    entity = isp()
    choose(entity, one_bill=True)
    home, shop = two(entity)
    pays(home, 4000_00, date(2027, 7, 13))
    assert paid(home, shop) == [date(2027, 8, 13)] * 2
    days(entity, date(2027, 8, 8), date(2027, 8, 8))
    (paper,) = papers(home, ProForma.OPEN)
    assert len(paper.lines) == 2


def test_what_comes_later_for_the_same_day_joins_it_on_a_new_paper() -> None:
    entity = isp()
    choose(entity, one_bill=True)
    home = joined(entity)
    days(entity, ASKED, ASKED)
    shop = request(customer=home.customer, site=home.site, plan=plan_of(entity, 5_000, 1500_00),
                   router_id=home.router_id, by=SYSTEM)  # fmt: skip
    quote(subscription_id=shop.pk, on=date(2027, 7, 10), by=SYSTEM)
    (paper,) = papers(home, ProForma.OPEN)
    assert [one.subscription_id for one in paper.lines] == [shop.pk, home.pk]
    assert paper.total == kes(4000_00)
    lapsed = ProForma.objects.get(subscription=home, state=ProForma.LAPSED)
    assert lapsed.number != paper.first.number
    again = quote(subscription_id=shop.pk, on=date(2027, 7, 10), by=SYSTEM)
    assert again.number == paper.first.number
    pays(home, 4000_00, date(2027, 7, 10))
    assert paid(home, shop) == [date(2027, 8, 10)] * 2


def test_what_is_withdrawn_counts_no_more_and_is_asked_anew_together() -> None:
    entity = isp()
    choose(entity, one_bill=True)
    home, shop = two(entity)
    cheaper = plan_of(entity, 2_000, 800_00)
    change_plan(subscription_id=shop.pk, plan_id=cheaper.pk, on=ASKED, by=SYSTEM)
    (paper,) = papers(home, ProForma.OPEN)
    assert (paper.total, len(paper.rows)) == (kes(2500_00), 2)
    days(entity, date(2027, 7, 7), date(2027, 7, 7))
    (paper,) = papers(home, ProForma.OPEN)
    assert (paper.total, len(paper.lines)) == (kes(3300_00), 2)
    ask_anew(customer_id=home.customer_id, on=date(2027, 7, 8), by=SYSTEM)
    (paper,) = papers(home, ProForma.OPEN)
    assert (paper.total, len(paper.lines)) == (kes(3300_00), 2)
    pays(home, 3300_00, date(2027, 7, 8))
    assert Invoice.objects.get(issued_on=date(2027, 7, 8)).total_minor == 3300_00


def test_whoever_has_one_service_costs_the_run_no_query_more() -> None:
    entity = isp()
    for name in ("Amina", "Brian", "Chebet"):
        joined(entity, JUNE_10, name)
    counts = []
    for one_bill in (False, False, True):  # the first reads what is remembered
        with transaction.atomic():
            choose(entity, one_bill=one_bill)
            with CaptureQueriesContext(connection) as asked:
                bill(entity_id=entity.pk, on=ASKED, by=SYSTEM)
            counts.append(len(asked))
            assert ProForma.objects.filter(state=ProForma.OPEN).count() == 3
            transaction.set_rollback(True)
    assert counts[1] == counts[2]


@pytest.mark.django_db(transaction=True)
def test_two_payments_at_once_make_one_invoice() -> None:
    entity = isp()
    choose(entity, one_bill=True)
    home, shop = two(entity)
    start = Barrier(2)

    def pay() -> None:
        try:
            start.wait(timeout=30)
            with_lock(home)
        finally:
            connection.close()

    threads = [Thread(target=pay) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(timeout=60)
    forget_all()
    (invoice,) = Invoice.objects.filter(issued_on=ASKED)
    assert (invoice.total_minor, invoice.paid_minor) == (4000_00, 4000_00)
    assert (paid(home, shop), held(home)) == ([date(2027, 8, 10)] * 2, 4000_00)


def with_lock(row: Subscription) -> None:
    """A payment of the whole sum, in a transaction of its own."""
    with transaction.atomic():
        pays(row, 4000_00, ASKED)
