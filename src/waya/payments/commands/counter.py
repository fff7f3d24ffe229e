"""Cash over the counter: a slip is taken once."""

from __future__ import annotations

from datetime import date

from django.db import connection, transaction

from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.kernel.money import Money
from waya.org.actors import Actor
from waya.parties.models import Customer
from waya.payments.commands.booking import book_many
from waya.payments.models import Payment
from waya.payments.rules.booking import Arrived, value_day


@transaction.atomic
def take_cash(
    *, entity_id: int, customer_id: int, amount_minor: int, slip: str, on: date, by: Actor
) -> Payment:
    """Take cash from a customer, settle what they owe and bring their service back.

    The same slip again gives the first payment. Refuses `slip_used` when it was for another
    customer or sum, `slip_missing`, `amount_out_of_range` and `other_entity`.
    """
    by = by.must("payments.take")
    number = " ".join(slip.split()).upper()[:40]
    if not number:
        raise Refused("slip_missing")
    if amount_minor <= 0:
        raise Refused("amount_out_of_range")
    customer = Customer.objects.select_related("entity").get(pk=customer_id)
    if customer.entity_id != entity_id:
        raise Refused("other_entity")
    arrived = Arrived(
        provider="cash",
        account=str(entity_id),
        transaction=number,
        entity_id=entity_id,
        money=Money(amount_minor, customer.entity.currency),
        debit="cash",
        paid_at=clock.now(),
        value_on=value_day(on, clock.today(customer.entity.zone)),
        customer_id=customer_id,
    )
    known = _first_of(arrived)
    if known is None:
        return book_many(arrived=[arrived], by=by)[0]
    if (known.customer_id, known.amount_minor) != (customer_id, amount_minor):
        raise Refused("slip_used", slip=number, receipt=known.receipt_number)
    return known


def _first_of(arrived: Arrived) -> Payment | None:
    """The payment of this slip, if there is one; whoever asks at the same moment waits."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [arrived.source])
    return Payment.objects.filter(
        provider=arrived.provider, account=arrived.account, transaction=arrived.transaction
    ).first()
