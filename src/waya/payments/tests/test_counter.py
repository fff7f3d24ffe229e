"""Cash is taken once for each slip."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from waya.billing.tests.make import isp
from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.ledger.queries.balances import lines_of
from waya.org.models import Entity
from waya.org.tests.make import acting
from waya.payments.commands.counter import take_cash
from waya.payments.models import Payment
from waya.payments.tests import make
from waya.subscriptions.models import Subscription

pytestmark = pytest.mark.django_db


@pytest.fixture
def entity() -> Entity:
    return isp()


def _take(
    row: Subscription, slip: str = "HQ-17", minor: int = 2500_00, on: date | None = None
) -> Payment:
    return take_cash(
        entity_id=row.entity_id, customer_id=row.customer_id, amount_minor=minor, slip=slip,
        on=on or clock.today("Africa/Nairobi"), by=acting("naomi", "cashier"),
    )  # fmt: skip


def test_cash_settles_and_starts_the_service(entity: Entity) -> None:
    row = make.asked(entity)
    payment = _take(row)
    row.refresh_from_db()
    assert row.state == Subscription.ACTIVE
    assert (payment.provider, payment.transaction) == ("cash", "HQ-17")
    lines = lines_of([f"cash:{entity.pk}:HQ-17"], entity.pk)
    assert [(line.account[:4], line.amount.minor) for line in lines] == [
        ("1000", 2500_00), ("1200", -2500_00),
    ]  # fmt: skip


def test_the_same_slip_again_is_the_first_payment(entity: Entity) -> None:
    row = make.asked(entity)
    assert _take(row).pk == _take(row, slip=" hq-17 ").pk
    assert Payment.objects.count() == 1


def test_a_slip_serves_no_second_purpose(entity: Entity) -> None:
    row = make.asked(entity)
    first = _take(row)
    with pytest.raises(Refused, match="slip_used") as refusal:
        _take(row, minor=100_00)
    assert refusal.value.details["receipt"] == first.receipt_number


def test_cash_of_yesterday_counts_from_yesterday_and_never_from_tomorrow(entity: Entity) -> None:
    today = clock.today("Africa/Nairobi")
    row = make.asked(entity)
    assert _take(row, "A", on=today - timedelta(days=1)).value_on == today - timedelta(days=1)
    assert _take(row, "B", on=today + timedelta(days=1)).value_on == today


@pytest.mark.parametrize(("slip", "minor", "code"), [
    ("", 100, "slip_missing"), (" ", 100, "slip_missing"), ("A", 0, "amount_out_of_range"),
    ("A", -1, "amount_out_of_range"),
])  # fmt: skip
def test_what_is_no_cash_is_refused(entity: Entity, slip: str, minor: int, code: str) -> None:
    with pytest.raises(Refused, match=code):
        _take(make.asked(entity), slip, minor)
