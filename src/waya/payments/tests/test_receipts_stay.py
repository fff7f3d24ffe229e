"""Receipts and pro formas, once issued: whoever writes SQL to them is refused by the database."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

from waya.billing.models import ProForma
from waya.kernel import clock
from waya.org.actors import SYSTEM
from waya.payments.commands.counter import take_cash
from waya.payments.models import Allocation, Payment
from waya.payments.tests.make import asked, merchant

pytestmark = pytest.mark.django_db


@pytest.fixture
def paid() -> Payment:
    entity = merchant().entity
    row = asked(entity)
    return take_cash(entity_id=entity.pk, customer_id=row.customer_id, amount_minor=2600_00,
                     slip="SLIP-1", on=clock.today(entity.zone), by=SYSTEM)  # fmt: skip


@pytest.mark.parametrize(
    "harm",
    [
        "update payments_payment set amount_minor = 1",
        "update payments_payment set receipt_number = 'RCT-9'",
        "update payments_payment set taken_at = now()",
        "delete from payments_payment",
        "update payments_allocation set amount_minor = 1",
        "delete from payments_allocation",
        "update billing_proforma set total_minor = 1",
        "update billing_proforma set number = 'PRO-9'",
        "update billing_proforma set why = '{}'",
        "delete from billing_proforma",
        "update billing_invoice set total_minor = 1",
        "update billing_invoice set number = 'INV-9'",
        "update billing_invoiceline set net_minor = 1",
        "update billing_invoicetax set amount_minor = 1",
        "delete from billing_invoice",
    ],
)
def test_what_was_issued_is_never_changed(paid: Payment, harm: str) -> None:
    assert Allocation.objects.exists()
    assert ProForma.objects.exists()
    with (
        pytest.raises(IntegrityError, match="never changed"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(harm)
