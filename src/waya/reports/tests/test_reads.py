"""What the reads give, and that they take as many queries for many rows as for a few."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from waya.billing.commands.renewals import bill
from waya.billing.tests.make import in_service, office_20
from waya.kernel import clock
from waya.kernel.money import Money
from waya.org.actors import SYSTEM
from waya.payments.commands.counter import take_cash
from waya.payments.models import Merchant, Payment
from waya.payments.rules.matching import Likelihood
from waya.payments.tests.make import asked, confirmation, merchant, tell, work_off
from waya.reports.queries import customers, documents, owing, payments, timeline, today
from waya.reports.queries.books import journal as books
from waya.reports.queries.search import customers_matching, search
from waya.reports.queries.shell import counts
from waya.reports.queries.suspense import suggest
from waya.subscriptions.models import Subscription


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def paybill(db: None) -> Merchant:
    """Baraka Net's paybill."""
    return merchant()


def queries(read: Callable[[], object]) -> int:
    """How many queries a read takes."""
    with CaptureQueriesContext(connection) as made:
        read()
    return len(made)


def pays(row: Subscription, slip: str, shillings: int = 2500) -> Payment:
    """Over the counter, today."""
    return take_cash(
        entity_id=row.entity_id, customer_id=row.customer_id, amount_minor=shillings * 100,
        slip=slip, on=clock.today("Africa/Nairobi"), by=SYSTEM,
    )  # fmt: skip


def test_the_register_takes_as_many_queries_for_many(paybill: Merchant) -> None:
    entity = paybill.entity
    day = clock.today(entity.zone)

    def read() -> object:
        return customers.register(entity.pk, entity.currency, day)

    asked(entity, "Amina Hassan", "0700000001")
    pays(asked(entity, "Customer", "0700000002"), "S-first")
    few = queries(read)
    for at in range(12):
        pays(asked(entity, f"Customer {at:02d}", f"07000001{at:02d}"), f"S-{at}")
    assert queries(read) <= few
    page = customers.register(entity.pk, entity.currency, day)
    assert [row.name for row in page.rows][:2] == ["Amina Hassan", "Customer"]
    assert page.rows[0].state == "pending_payment"
    assert page.rows[1].state == "good"
    assert customers.state_counts(entity.pk)["good"] == 13


def test_pages_go_on_where_the_last_ended(
    paybill: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(customers, "ROWS", 2)
    monkeypatch.setattr("waya.reports.queries.paging.cut.__kwdefaults__", {"limit": 2})
    entity = paybill.entity
    day = clock.today(entity.zone)
    for name in ("Brian", "Amina", "Brian", "Chebet", "Brian"):
        asked(entity, name)
    seen: list[str] = []
    key = ""
    for _ in range(3):
        page = customers.register(entity.pk, entity.currency, day, key=key)
        seen += [row.account for row in page.rows]
        key = page.next_key
    assert len(set(seen)) == len(seen) == 5
    assert key == ""


def test_suggestions_for_many_take_the_queries_of_one(paybill: Merchant) -> None:
    entity = paybill.entity
    chebet = asked(entity)
    account = chebet.customer.account_number
    at = next(at for at in range(len(account) - 1, 0, -1) if account[at] != account[at - 1])
    slip = account[: at - 1] + account[at] + account[at - 1] + account[at + 1 :]
    tell(paybill, "c", confirmation(slip, "UKL0000001"))
    work_off(paybill)
    one = list(Payment.objects.filter(customer=None))
    few = queries(lambda: suggest(entity.pk, one))
    for at in range(2, 9):
        tell(paybill, "c", confirmation("wifi", f"UKL000000{at}", FirstName="ZAWADI", LastName=""))
    work_off(paybill)
    many = list(Payment.objects.filter(customer=None).order_by("pk"))
    assert queries(lambda: suggest(entity.pk, many)) <= few
    found = suggest(entity.pk, many)
    best = found[many[0].pk][0]
    assert best.candidate.account_number == account
    assert best.candidate.likelihood == Likelihood.VERY_LIKELY
    assert best.owed == Money(2500_00, "KES")
    held = payments.suspense(entity.pk, "KES")
    assert (held.count, held.total) == (8, Money(20_000_00, "KES"))


def test_search_finds_people_by_pieces_and_forgives_one_slip(paybill: Merchant) -> None:
    entity = paybill.entity
    chebet = asked(entity)
    asked(entity, "Brian Mwangi", "0711222333")
    mine = [chebet.customer_id]
    number = chebet.customer.account_number
    for typed in ("chebet", "KORIR", "kor che", "0700 000 418", "0418", number, number[:-1],
                  "Chepet", "Chbet", "Chebbet", "Chbeet"):  # fmt: skip
        assert customers_matching(entity.pk, "KE", typed) == mine, typed
    assert customers_matching(entity.pk, "KE", "zz' | & !:*") == []
    assert search(entity.pk, "KE", "c").customer_ids == []
    payment = pays(chebet, "BOOK-7")
    found = search(entity.pk, "KE", "book7"[:4] + "-7")
    assert [one.number for one in found.receipts] == [payment.receipt_number]
    assert search(entity.pk, "KE", "Lanet").routers == [("Lanet-1", "Lanet")]
    invoice = chebet.customer.invoices.get()
    digits = str(int(invoice.number.removeprefix("INV-")))
    assert (invoice.number, "Chebet Korir") in search(entity.pk, "KE", digits.zfill(2)).invoices
    assert search(entity.pk, "KE", invoice.number).invoices == [(invoice.number, "Chebet Korir")]


def test_today_beside_last_week_and_thirty_days(paybill: Merchant) -> None:
    entity = paybill.entity
    pays(asked(entity), "S-1")
    got = today.collected(entity, clock.now())
    assert got.today == Money(2500_00, "KES")
    assert got.before == Money(0, "KES")
    assert got.payments == 1
    assert len(got.days) == today.DAYS
    assert got.days[-1].by_provider == {"cash": 2500_00}
    assert today.providers(got.days) == ["cash"]
    assert today.service(entity.pk, clock.today(entity.zone)).paid_up == 1
    assert today.restored(entity.pk, clock.now() - timedelta(days=1)).count == 0


def test_what_is_owed_by_age(paybill: Merchant) -> None:
    from_day = clock.today("Africa/Nairobi") - timedelta(days=50)
    brian = in_service(paybill.entity, office_20(paybill.entity), from_day)
    bill(entity_id=paybill.entity_id, on=from_day + timedelta(days=32), by=SYSTEM)
    day = clock.today("Africa/Nairobi")
    behind = owing.overdue(paybill.entity_id, "KES", day)
    assert behind.customers == 1
    assert behind.owed == Money(2500_00, "KES")
    assert sum(age.invoices for age in behind.ages) == 1
    (row,) = owing.debtors(paybill.entity_id, "KES", day).rows
    assert row.customer_id == brian.customer_id
    assert row.owed == Money(2500_00, "KES")
    assert row.days > 0
    assert owing.behind_by([brian.customer_id], day) == {brian.customer_id: 2500_00}
    assert counts(paybill.entity_id, 0, day).overdue == 1


def test_an_invoice_with_everything_behind_it(paybill: Merchant) -> None:
    chebet = asked(paybill.entity)
    payment = pays(chebet, "S-1")
    invoice = chebet.customer.invoices.get()
    paper = documents.paper(paybill.entity_id, invoice.number, clock.today("Africa/Nairobi"))
    assert paper is not None
    assert paper.state == "paid"
    assert paper.left == Money(0, "KES")
    assert sum(tax.amount.minor for tax in paper.taxes) == invoice.tax_minor
    assert [one.receipt for one in paper.settled] == [payment.receipt_number]
    (entry,) = paper.booked
    assert sum(line.amount.minor for line in entry.lines) == 0
    assert documents.paper(paybill.entity_id, "INV-999999", clock.today("UTC")) is None
    booked = books.entries_of(paybill.entity_id, payments.sources(payment))
    assert [line.code for line in booked[0].lines] == ["1000", "1200"]
    assert payments.receipt_of(paybill.entity_id, booked[0].source) == payment.receipt_number


def test_a_timeline_follows_causes(paybill: Merchant) -> None:
    chebet = asked(paybill.entity)
    pays(chebet, "S-1")
    page = timeline.of_customer(chebet.customer_id)
    begun = next(one for one in page.rows if one.record.action == "subscription.activated")
    assert [one.action for one in begun.causes] == ["payment.taken"]
    money = timeline.of_customer(chebet.customer_id, kind="money")
    assert {one.record.action.split(".")[0] for one in money.rows} <= {
        "payment", "invoice", "pro_forma", "prompt", "credit",
    }  # fmt: skip
    service = timeline.of_customer(chebet.customer_id, without=["money"])
    assert all(not one.record.action.startswith("payment.") for one in service.rows)
