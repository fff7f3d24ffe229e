"""What billing says to customers: through the outbox, each thing once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from waya.kernel.money import Money
from waya.messaging.commands import send_many
from waya.messaging.rules.words import Say
from waya.org.actors import Actor
from waya.org.models import Entity
from waya.parties.models import Customer
from waya.parties.queries import phones_of


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to say to a customer about a sum and a day; `once` names the occasion."""

    customer_id: int
    key: str
    amount: Money
    due: date
    once: str


def notify(*, entity_id: int, notices: Sequence[Notice], by: Actor) -> None:
    """Put notices into the outbox; a customer without a phone is not told. Set-wise."""
    if not notices:
        return
    entity = Entity.objects.get(pk=entity_id)
    owners = Customer.objects.in_bulk({one.customer_id for one in notices})
    phones = phones_of(owners)
    send_many(
        says=[
            _say(one, entity, owners[one.customer_id], phones[one.customer_id])
            for one in notices
            if one.customer_id in phones
        ],
        by=by,
    )


def _say(notice: Notice, entity: Entity, owner: Customer, phone: str) -> Say:
    return Say(
        entity_id=entity.pk,
        to=phone,
        key=notice.key,
        language=owner.language,
        values={
            "amount": str(notice.amount),
            "date": f"{notice.due.day} {notice.due:%b}",
            "paybill": entity.paybill,
            "account": owner.account_number,
            "entity": entity.name,
            "name": owner.name.split()[0],
        },
        once=notice.once,
        customer_id=owner.pk,
    )
