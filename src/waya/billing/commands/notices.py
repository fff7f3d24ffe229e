"""What billing says to customers: through the outbox, each thing once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from waya.kernel.money import Money
from waya.messaging.commands import send_many
from waya.messaging.rules.words import Say, day_words, first_name, sum_words
from waya.org.actors import Actor
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
    plan: str = ""


def notify(*, notices: Sequence[Notice], by: Actor) -> None:
    """Put notices into the outbox; a customer without a phone is not told. Set-wise."""
    by = by.must("billing.notify")
    if not notices:
        return
    owners = Customer.objects.in_bulk({one.customer_id for one in notices})
    phones = phones_of(owners)
    send_many(
        says=[
            _say(one, owners[one.customer_id], phones[one.customer_id])
            for one in notices
            if one.customer_id in phones
        ],
        by=by,
    )


def _say(notice: Notice, owner: Customer, phone: str) -> Say:
    return Say(
        entity_id=owner.entity_id,
        to=phone,
        key=notice.key,
        language=owner.language,
        values={
            "amount": sum_words(notice.amount),
            "due": day_words(notice.due, owner.language),
            "account": owner.account_number,
            "name": first_name(owner.name),
            "plan": notice.plan,
        },
        once=notice.once,
        customer_id=owner.pk,
    )
