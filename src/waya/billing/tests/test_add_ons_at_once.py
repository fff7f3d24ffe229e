"""Two sessions at the same add-on of one service at the same moment: one of it, one charge."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.db.models import Sum

from waya.billing.commands.lives.add_ons import drop_add_on, take_add_on
from waya.billing.models import CreditNote, InvoiceLine
from waya.billing.tests.make import in_service, isp, joined, office_20, pays
from waya.billing.tests.test_add_ons import static_ip
from waya.billing.tests.test_changes import MIDDLE, held
from waya.billing.tests.test_charges import books
from waya.catalog.models import Plan
from waya.kernel.errors import Refused
from waya.org.actors import SYSTEM
from waya.subscriptions.models import AddOn, Subscription

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*wishes: Callable[[], object]) -> list[str]:
    """Each in a session of its own, from the same moment; what was refused of them."""
    together = Barrier(len(wishes))

    def run(wish: Callable[[], object]) -> str:
        try:
            together.wait(timeout=60)
            wish()
        except Refused as refusal:
            return refusal.code
        finally:
            connection.close()
        return ""

    with ThreadPoolExecutor(len(wishes)) as sessions:
        return [code for code in sessions.map(run, wishes, timeout=180) if code]


def take(row: Subscription, plan: Plan, quantity: int = 1) -> Callable[[], object]:
    return lambda: take_add_on(
        subscription_id=row.pk, plan_id=plan.pk, quantity=quantity, on=MIDDLE, by=SYSTEM
    )


def drop(key: int) -> Callable[[], object]:
    return lambda: drop_add_on(add_on_id=key, on=MIDDLE, by=SYSTEM)


def charged() -> int:
    lines = InvoiceLine.objects.filter(charge__startswith="add-on:", total_minor__gt=0)
    return int(lines.aggregate(sum=Sum("total_minor"))["sum"] or 0)


def given_back() -> int:
    return int(CreditNote.objects.aggregate(sum=Sum("total_minor"))["sum"] or 0)


def test_taken_by_four_it_is_had_and_paid_once() -> None:
    entity = isp()
    row, plan = joined(entity), static_ip(entity)
    pays(row, 600_00, MIDDLE)
    assert at_once(*[take(row, plan)] * 4) == []
    assert (AddOn.objects.count(), charged(), held(row)) == (1, 150_00, 450_00)
    assert sum(books(entity).values()) == 0


def test_with_money_for_one_nobody_is_asked_for_more() -> None:
    entity = isp()
    row, plan = joined(entity), static_ip(entity)
    pays(row, 150_00, MIDDLE)
    assert at_once(take(row, plan), take(row, plan)) == []
    assert (AddOn.objects.count(), charged(), held(row)) == (1, 150_00, 0)


def test_one_and_two_of_it_are_never_three() -> None:
    entity = isp()
    row, plan = in_service(entity, office_20(entity), MIDDLE), static_ip(entity)
    assert at_once(take(row, plan), take(row, plan, 2)) == ["add_on_had"]
    assert AddOn.objects.get().quantity in (1, 2)


def test_dropped_by_four_its_days_are_given_back_once() -> None:
    entity = isp()
    row, plan = joined(entity), static_ip(entity, deposit_minor=1000_00)
    pays(row, 1150_00, MIDDLE)
    take(row, plan)()
    assert at_once(*[drop(AddOn.objects.get().pk)] * 4) == []
    assert (AddOn.objects.get().state, given_back(), held(row)) == (
        AddOn.OVER, 1150_00, 1150_00)  # fmt: skip
    assert sum(books(entity).values()) == 0


def test_taken_and_dropped_at_once_costs_what_it_then_is() -> None:
    entity = isp()
    row, plan = joined(entity), static_ip(entity)
    pays(row, 600_00, MIDDLE)
    take(row, plan)()
    first = AddOn.objects.get()
    assert at_once(drop(first.pk), take(row, plan)) == []
    had = AddOn.objects.exclude(state=AddOn.OVER).count()
    assert had in (0, 1)
    assert (charged() - given_back(), held(row)) == (had * 150_00, 600_00 - had * 150_00)
    assert sum(books(entity).values()) == 0
