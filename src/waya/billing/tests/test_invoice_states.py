"""What became of an invoice is said truly: paid, credited, written off, wholly or in part."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from waya.billing.commands.credits import credit, credit_lines
from waya.billing.commands.dunning.write_offs import write_off
from waya.billing.models import Invoice
from waya.billing.queries.accounts import gone_of, invoice_states
from waya.billing.rules.credits import LineCredit, Reason
from waya.billing.rules.invoice_states import Gone, State, paid_with_money, state_of
from waya.billing.tests.debtors import customers, invoiced, today
from waya.billing.tests.make import isp, pays
from waya.org.actors import SYSTEM
from waya.org.models import Entity

TODAY = date(2027, 6, 10)


@pytest.mark.parametrize(
    ("settled", "gone", "due_in", "is_"),
    [
        (0, Gone(), 1, State.OPEN),
        (0, Gone(), 0, State.OPEN),
        (0, Gone(), -1, State.OVERDUE),
        (40, Gone(), 1, State.PART_PAID),
        (40, Gone(), -1, State.OVERDUE),
        (40, Gone(40, 40), 1, State.PART_CREDITED),
        (60, Gone(40, 40), 1, State.PART_PAID),
        (100, Gone(), -9, State.PAID),
        (100, Gone(100, 100), -9, State.CREDITED),
        (100, Gone(100, 0), 1, State.CREDITED),  # paid first, given back afterwards
        (100, Gone(40, 40), 1, State.PAID_AND_CREDITED),
        (100, Gone(40, 0), 1, State.PAID_AND_CREDITED),
        (100, Gone(0, 0, 100), -9, State.WRITTEN_OFF),
        (100, Gone(0, 0, 60), -9, State.PART_WRITTEN_OFF),
        (100, Gone(40, 40, 60), -9, State.PART_WRITTEN_OFF),
    ],
)
def test_what_an_invoice_of_a_hundred_is(settled: int, gone: Gone, due_in: int, is_: State) -> None:
    due_on = TODAY + timedelta(days=due_in)
    assert state_of(total=100, settled=settled, gone=gone, due_on=due_on, today=TODAY) == is_


@given(parts=st.lists(st.integers(0, 100), min_size=4, max_size=4), late=st.booleans())
def test_only_what_money_paid_alone_is_paid(parts: list[int], late: bool) -> None:
    money, credited, lost, left = parts
    gone = Gone(credited, credited, lost)
    settled = money + credited + lost
    state = state_of(
        total=settled + left,
        settled=settled,
        gone=gone,
        due_on=TODAY + timedelta(days=-1 if late else 1),
        today=TODAY,
    )
    assert paid_with_money(settled, gone) == money
    assert (state == State.PAID) == (not left and not credited and not lost)
    assert (state == State.OVERDUE) == (bool(left) and late)


@pytest.fixture
def entity(db: None) -> Entity:
    return isp()


def test_a_page_of_invoices_is_two_queries(
    entity: Entity, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    subscriptions = customers(entity, 5)
    whole, part, lost, _paid, _open = [invoiced(one, 3, minor=500_00) for one in subscriptions]
    with django_assert_num_queries(0):
        assert set(invoice_states(Invoice.objects.none(), today()).values()) == set()
    credit(invoice_id=whole.pk, reason=Reason.MISTAKE, once="a", on=today(), by=SYSTEM)
    line = part.lines.get()
    half = LineCredit(line.pk, Reason.GOODWILL, gross_minor=200_00)
    credit_lines(credits=[half], on=today(), once="b", by=SYSTEM)
    pays(subscriptions[1], 300_00, today())
    write_off(invoice_id=lost.pk, reason="Moved away", by=SYSTEM)
    pays(subscriptions[3], 500_00, today())
    rows = list(Invoice.objects.order_by("pk"))
    with django_assert_num_queries(2):
        found = invoice_states(rows, today())
    assert [found[row.pk] for row in rows] == [
        State.CREDITED, State.PAID_AND_CREDITED, State.WRITTEN_OFF, State.PAID, State.OVERDUE,
    ]  # fmt: skip
    gone = gone_of(rows)
    assert gone[part.pk] == Gone(200_00, 200_00)
    assert gone[lost.pk] == Gone(written_off=500_00)
