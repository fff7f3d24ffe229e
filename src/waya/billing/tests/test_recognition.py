"""Deferred revenue: recognised once, caught up when late, and closing to the books' account."""

from __future__ import annotations

import threading
from datetime import date, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from django.db.models import Sum
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django.fixtures import DjangoAssertNumQueries

from waya.billing.commands.credits import credit
from waya.billing.commands.recognition import fold_sums, recognise, recognise_month
from waya.billing.models import Deferral, Invoice, InvoiceLine, Recognition
from waya.billing.queries.deferred import roll_forward, unrecognised
from waya.billing.rules.credits import Reason
from waya.billing.tests.make import JUNE_10, isp, joined
from waya.kernel.money import Money, total
from waya.ledger.commands.entries import post_many
from waya.ledger.models import JournalEntry, JournalLine
from waya.ledger.queries.balances import trial_balance
from waya.ledger.queries.statements import profit_and_loss, profit_by_branch
from waya.ledger.rules.entries import Line, entry
from waya.ledger.tests.make import sale
from waya.org.actors import SYSTEM
from waya.org.commands.branches import add_branch
from waya.org.commands.numbering import next_numbers
from waya.org.models import Entity, Policy
from waya.parties.commands.customers import choose_branch, register
from waya.parties.models import Customer

JUNE_30, JULY_31 = date(2027, 6, 30), date(2027, 7, 31)
NUMBERS = count(1)
pytestmark = pytest.mark.django_db


def held(entity: Entity, through: date | None = None) -> dict[str, int]:
    """What the accounts hold, by purpose."""
    return {row.purpose: row.amount.minor for row in trial_balance(entity.pk, through=through)}


def customer(entity: Entity) -> Customer:
    """Somebody to bill."""
    return register(entity_id=entity.pk, name="Amina Hassan", phone="0700000119",
                    site_name="Lanet", by=SYSTEM)[0]  # fmt: skip


def billed(owner: Customer, net: int, start: date, end: date, on: date) -> None:
    """An invoice in advance over some days, without tax, and its entry."""
    number = f"ADV-{next(NUMBERS)}"
    (numbered,) = next_numbers(branches=[owner.branch_id], kind="invoice", by=SYSTEM)
    invoice = Invoice.objects.create(
        entity_id=owner.entity_id, customer=owner, issuer_id=numbered.issuer_id, number=number,
        issued_on=on, due_on=on, issued_at=datetime(2027, 1, 1, tzinfo=ZoneInfo("UTC")),
        currency="KES", net_minor=net, tax_minor=0, total_minor=net,
    )  # fmt: skip
    InvoiceLine.objects.create(
        invoice=invoice, description="Fibre", start=start, end=end, net_minor=net, tax_minor=0,
        total_minor=net, deferred=True,
    )  # fmt: skip
    amount = Money(net, "KES")
    post_many(entries=[entry(
        entity_id=owner.entity_id, on=on, memo=number, source=f"invoice:{number}",
        debit=[Line("receivable", amount, owner.pk)], credit=[Line("deferred", amount)],
        branch_id=owner.branch_id,
    )], by=SYSTEM)  # fmt: skip


def test_a_prepaid_month_is_earned_as_it_passes() -> None:
    entity = isp()
    joined(entity)
    net = InvoiceLine.objects.get().net_minor
    june = recognise(entity_id=entity.pk, through=JUNE_30, by=SYSTEM)
    assert june == {"revenue:internet KES": round(net * 21 / 30)}
    assert held(entity)["deferred"] == june["revenue:internet KES"] - net
    assert JournalEntry.objects.get(source="recognised:2027-06-30").on == JUNE_30
    recognise(entity_id=entity.pk, through=JULY_31, by=SYSTEM)
    assert held(entity)["deferred"] == 0
    assert held(entity)["revenue:internet"] == -net


def test_it_is_safe_twice_and_through_an_earlier_day() -> None:
    entity = isp()
    joined(entity)
    assert recognise(entity_id=entity.pk, through=JUNE_30, by=SYSTEM)
    entries = JournalEntry.objects.count()
    assert recognise(entity_id=entity.pk, through=JUNE_30, by=SYSTEM) == {}
    assert recognise(entity_id=entity.pk, through=date(2027, 6, 15), by=SYSTEM) == {}
    assert JournalEntry.objects.count() == entries


def test_one_entry_whatever_the_number_of_lines() -> None:
    entity = isp()
    owner = customer(entity)
    for _ in range(30):
        billed(owner, 2000_00, JUNE_10, date(2027, 7, 10), JUNE_10)
    assert recognise(entity_id=entity.pk, through=JUNE_30, by=SYSTEM) == {
        "revenue:internet KES": 30 * 1400_00
    }
    assert JournalEntry.objects.filter(source__startswith="recognised:").count() == 1


def test_what_is_billed_late_is_caught_up() -> None:
    entity = isp()
    owner = customer(entity)
    billed(owner, 3000_00, date(2027, 6, 1), date(2027, 7, 1), date(2027, 6, 1))
    recognise(entity_id=entity.pk, through=JUNE_30, by=SYSTEM)
    billed(owner, 3100_00, date(2027, 6, 15), date(2027, 7, 16), date(2027, 7, 2))
    told = recognise(entity_id=entity.pk, through=JULY_31, by=SYSTEM)
    assert told == {"revenue:internet KES": 3100_00}
    assert unrecognised(entity.pk, JULY_31) == {}


def test_an_invoice_of_a_later_day_is_not_counted_as_of_an_earlier_one() -> None:
    entity = isp()
    billed(customer(entity), 3100_00, date(2027, 6, 15), date(2027, 7, 16), date(2027, 7, 2))
    assert recognise(entity_id=entity.pk, through=JUNE_30, by=SYSTEM) == {}


def test_by_the_month_where_the_company_chose_so() -> None:
    entity = isp()
    Policy.objects.create(entity=entity, name="billing.recognition", chosen={"spread": "month"})
    billed(customer(entity), 300_00, date(2021, 5, 1), date(2021, 8, 1), date(2021, 5, 1))
    for last in (date(2021, 5, 31), date(2021, 6, 30), date(2021, 7, 31)):
        assert recognise(entity_id=entity.pk, through=last, by=SYSTEM) == {
            "revenue:internet KES": 100_00
        }
    assert recognise(entity_id=entity.pk, through=date(2021, 8, 31), by=SYSTEM) == {}


def test_the_month_past_on_the_first_day_of_the_next() -> None:
    entity = isp()
    joined(entity)
    assert recognise_month(entity_id=entity.pk, on=date(2027, 7, 2), by=SYSTEM) == {}
    assert recognise_month(entity_id=entity.pk, on=date(2027, 7, 1), by=SYSTEM)
    assert Recognition.objects.get().through == JUNE_30


def test_a_line_below_zero_takes_back_what_was_not_earned() -> None:
    entity = isp()
    owner = customer(entity)
    billed(owner, 3000_00, date(2027, 6, 1), date(2027, 7, 1), date(2027, 6, 1))
    Deferral.objects.create(
        entity_id=entity.pk, branch_id=owner.branch_id, revenue="revenue:internet",
        currency="KES", on=date(2027, 6, 11),
        start=date(2027, 6, 11), end=date(2027, 7, 1), net_minor=-2000_00, lines=1,
    )  # fmt: skip
    assert recognise(entity_id=entity.pk, through=JUNE_30, by=SYSTEM) == {
        "revenue:internet KES": 1000_00
    }
    (row, books) = roll_forward(entity.pk, since=date(2027, 6, 1), through=JUNE_30)
    assert (row.billed.minor, row.credited.minor, row.closing.minor) == (3000_00, 2000_00, 0)
    # No entry was posted for the credit here, and the account says so.
    assert (books.adjusted.minor, books.closing.minor) == (2000_00, 2000_00)


def test_an_entry_by_hand_shows_as_adjusted() -> None:
    entity = isp()
    joined(entity)
    post_many(entries=[sale(entity, "hand:1", 70_00, date(2027, 6, 20))], by=SYSTEM)
    books = roll_forward(entity.pk, since=date(2027, 6, 1), through=JUNE_30)[-1]
    assert books.adjusted == Money(70_00, "KES")
    assert books.closing.minor == -held(entity)["deferred"]


def test_folding_changes_nothing_that_is_earned() -> None:
    entity = isp()
    owner = customer(entity)
    for _ in range(4):
        billed(owner, 2000_00, JUNE_10, date(2027, 7, 10), JUNE_10)
    before = unrecognised(entity.pk, JUNE_30)
    assert fold_sums(entity_id=entity.pk, on=JUNE_30, by=SYSTEM)["deferred"] == 4
    assert fold_sums(entity_id=entity.pk, on=JUNE_30, by=SYSTEM)["deferred"] == 0
    assert Deferral.objects.get().lines == 4
    assert unrecognised(entity.pk, JUNE_30) == before


pieces = st.lists(
    st.tuples(st.integers(0, 100), st.integers(1, 400), st.integers(1, 10**9), st.integers(-5, 40)),
    min_size=1,
    max_size=6,
)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(pieces=pieces, spread=st.sampled_from(["day", "month"]))
def test_the_roll_forward_closes_every_month_and_ends_at_nothing(
    db: None, pieces: list[tuple[int, int, int, int]], spread: str
) -> None:
    entity = Entity.objects.filter(name="Baraka Net").first() or isp()
    owner = Customer.objects.filter(entity=entity).first() or customer(entity)
    Policy.objects.update_or_create(
        entity=entity, name="billing.recognition", defaults={"chosen": {"spread": spread}}
    )
    begun = Recognition.objects.order_by("-through").first() or Recognition(through=JUNE_30)
    first = (begun.through.replace(day=1) + timedelta(days=70)).replace(day=1)
    due = sorted(
        (first + timedelta(days=max(start + late, 0)), first + timedelta(days=start), days, net)
        for start, days, net, late in pieces
    )
    month, last = first, max(max(on, start + timedelta(days=days)) for on, start, days, _ in due)
    total = 0
    while month <= last:
        after = (month + timedelta(days=31)).replace(day=1)
        through = after - timedelta(days=1)
        for on, start, days, net in due:
            if month <= on < after:
                billed(owner, net, start, start + timedelta(days=days), on)
        recognise(entity_id=entity.pk, through=through, by=SYSTEM)
        rows = roll_forward(entity.pk, since=month, through=through)
        for row in rows:
            moved = row.billed - row.credited - row.recognised + row.adjusted
            assert row.opening + moved == row.closing
            assert row.adjusted.minor == 0
        assert rows[-1].closing.minor == -held(entity, through)["deferred"]
        assert rows[-1].closing == rows[0].closing
        total, month = rows[-1].closing.minor, after
    assert total == 0


def test_the_profit_of_the_branches_adds_up_to_the_whole_over_a_year() -> None:
    """Two branches bill in advance every month, one of them credits, and the third bills nothing.
    What each earned is what it billed less what it credited, and its deferred account closes."""
    entity = isp()
    main = customer(entity)
    keys = [main.branch_id]
    for code in ("NKR", "ELD"):
        keys.append(add_branch(entity_id=entity.pk, code=code, name=code, by=SYSTEM).pk)
    there = customer(entity)
    choose_branch(customer_id=there.pk, branch_id=keys[1], by=SYSTEM)
    there.refresh_from_db()
    begin = date(2027, 1, 1)
    for month in range(12):
        start = begin.replace(month=month + 1, day=10)
        billed(main, 2000_01 + month, start, start + timedelta(days=31), start)
        billed(there, 700_07, start, start + timedelta(days=10 + month), start)
        if month == 6:
            last = Invoice.objects.latest("pk")
            credit(invoice_id=last.pk, reason=Reason.MISTAKE, once="x", on=start, by=SYSTEM)
        if month % 4 == 0:
            fold_sums(entity_id=entity.pk, on=start, by=SYSTEM)
        recognise_month(entity_id=entity.pk, on=_after(start), by=SYSTEM)
        days = (begin, _after(start) - timedelta(days=1))
        *each, whole = profit_by_branch(entity.pk, "KES", days, keys).net
        assert total(each, "KES") == whole == profit_and_loss(entity.pk, "KES", [days]).net[0]
    recognise(entity_id=entity.pk, through=date(2028, 6, 30), by=SYSTEM)
    ever = (begin, date(2028, 6, 30))
    amounts = [one.minor for one in profit_by_branch(entity.pk, "KES", ever, keys).net]
    owed = [sum(2000_01 + month for month in range(12)), 11 * 700_07, 0]
    assert amounts == [*owed, sum(owed)]
    held_by = JournalLine.objects.filter(account__purpose="deferred").values("branch_id")
    assert set(held_by.annotate(held=Sum("amount_minor")).values_list("branch_id", "held")) == {
        (keys[0], 0), (keys[1], 0),
    }  # fmt: skip
    assert roll_forward(entity.pk, since=begin, through=ever[1])[-1].closing.minor == 0


def test_what_was_recognised_of_another_branch_is_moved_to_the_right_one() -> None:
    """As it stands after the books were taught branches: all had been recognised at one."""
    entity = isp()
    owner = customer(entity)
    nakuru = add_branch(entity_id=entity.pk, code="NKR", name="Nakuru", by=SYSTEM)
    billed(owner, 3000_00, date(2027, 6, 1), date(2027, 7, 1), date(2027, 6, 1))
    recognise(entity_id=entity.pk, through=JUNE_30, by=SYSTEM)
    Deferral.objects.update(branch_id=nakuru.pk)
    assert recognise(entity_id=entity.pk, through=JULY_31, by=SYSTEM) == {"revenue:internet KES": 0}
    days = (date(2027, 6, 1), JULY_31)
    net = profit_by_branch(entity.pk, "KES", days, [owner.branch_id, nakuru.pk]).net
    assert [one.minor for one in net] == [0, 3000_00, 3000_00]


def _after(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)


@pytest.mark.django_db(transaction=True)
def test_two_at_once_recognise_once() -> None:
    with transaction.atomic():
        entity = isp()
        joined(entity)
    told: list[dict[str, int]] = []

    def run() -> None:
        try:
            told.append(recognise(entity_id=entity.pk, through=JUNE_30, by=SYSTEM))
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(len(one) for one in told) == [0, 1]
    assert JournalEntry.objects.filter(source__startswith="recognised:").count() == 1


def test_reading_takes_as_many_queries_whatever_was_billed(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    entity = isp()
    owner = customer(entity)
    for day in range(20):
        start = JUNE_10 + timedelta(days=day)
        billed(owner, 2000_00 + day, start, start + timedelta(days=30), JUNE_10)
    unrecognised(entity.pk, JUNE_30)
    with django_assert_num_queries(3):
        unrecognised(entity.pk, JUNE_30)
    with django_assert_num_queries(5):
        roll_forward(entity.pk, since=JUNE_10, through=JUNE_30)
