"""Credit that is left over pays what is open at once, where policy says so."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from waya.billing.commands.credits import credit_lines, give_back
from waya.billing.commands.invoices import issue
from waya.billing.commands.lives.changes import change_plan, pause
from waya.billing.models import CreditUse, Invoice
from waya.billing.rules.credits import LineCredit, Reason
from waya.billing.tests.make import isp, joined, month, pays
from waya.billing.tests.test_changes import MIDDLE, held, plan_of
from waya.billing.tests.test_charges import books, choose
from waya.kernel.errors import Refused
from waya.org.actors import SYSTEM
from waya.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db


def owes(row: Subscription, *days: date) -> list[Invoice]:
    """Open invoices of KES 2,500 each that no subscription has, due on these days."""
    drafts = []
    for on in days:
        draft = month(row, MIDDLE)
        lines = tuple(replace(line, subscription_id=None) for line in draft.lines)
        drafts.append(replace(draft, lines=lines, due_on=on))
    issued = issue(drafts=drafts, by=SYSTEM)
    return list(Invoice.objects.filter(pk__in=[one.id for one in issued]).order_by("due_on"))


def left(rows: list[Invoice]) -> list[int]:
    for one in rows:
        one.refresh_from_db()
    return [one.total_minor - one.paid_minor for one in rows]


def credit_of(row: Subscription, gross_minor: int) -> LineCredit:
    line = Invoice.objects.filter(customer=row.customer).earliest("pk").lines.get()
    return LineCredit(line.pk, Reason.GOODWILL, gross_minor=gross_minor)


def test_a_credit_note_pays_the_oldest_invoice_in_the_same_transaction() -> None:
    entity = isp()
    row = joined(entity)
    open_ = owes(row, MIDDLE, MIDDLE + timedelta(days=1))
    give_back(credits=[credit_of(row, 1000_00)], on=MIDDLE, once="one", by=SYSTEM)
    assert (left(open_), held(row)) == ([1500_00, 2500_00], 0)
    give_back(credits=[credit_of(row, 1000_00)], on=MIDDLE, once="one", by=SYSTEM)  # once is once
    assert CreditUse.objects.count() == 1
    assert sum(books(entity).values()) == 0


def test_by_policy_it_waits_for_the_next_payment() -> None:
    entity = isp()
    choose(entity, credit="next_payment")
    row = joined(entity)
    open_ = owes(row, MIDDLE)
    give_back(credits=[credit_of(row, 1000_00)], on=MIDDLE, once="one", by=SYSTEM)
    assert (left(open_), held(row)) == ([2500_00], 1000_00)
    pays(row, 1500_00, MIDDLE)
    assert (left(open_), held(row)) == ([0], 0)


def test_whoever_settles_by_themselves_is_left_to_it() -> None:
    entity = isp()
    row = joined(entity)
    open_ = owes(row, MIDDLE)
    credit_lines(credits=[credit_of(row, 1000_00)], on=MIDDLE, once="one", by=SYSTEM)
    assert (left(open_), held(row)) == ([2500_00], 1000_00)


def test_a_pause_pays_what_is_open_with_the_days_not_had() -> None:
    entity = isp()
    row = joined(entity)
    open_ = owes(row, MIDDLE)
    pause(subscription_id=row.pk, on=MIDDLE, by=SYSTEM)
    assert (left(open_), held(row)) == ([1250_00], 0)


def test_what_is_open_is_part_of_what_a_change_needs() -> None:
    entity = isp()
    row, fast = joined(entity), plan_of(entity, 20_000, 3500_00)
    open_ = owes(row, MIDDLE)
    pays(row, 1000_00, MIDDLE)
    with pytest.raises(Refused, match="change_needs_money"):
        change_plan(subscription_id=row.pk, plan_id=fast.pk, on=MIDDLE, by=SYSTEM)
    shown = change_plan(subscription_id=row.pk, plan_id=fast.pk, on=MIDDLE, preview=True, by=SYSTEM)
    assert (shown.owed.minor, shown.to_pay.minor) == (1500_00, 2000_00)
    pays(row, 2000_00, MIDDLE)
    change_plan(subscription_id=row.pk, plan_id=fast.pk, on=MIDDLE, by=SYSTEM)
    row.refresh_from_db()
    assert (row.paid_through, left(open_), held(row)) == (date(2027, 7, 10), [0], 0)
