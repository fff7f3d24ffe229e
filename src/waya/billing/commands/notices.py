"""What billing says to customers: through the outbox, each thing once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from waya.kernel.money import Money
from waya.messaging.commands import send_many
from waya.messaging.rules.words import Say, day_words, first_name, off_words, sum_words
from waya.org.actors import Actor
from waya.parties.models import Customer
from waya.parties.queries import phones_of


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to say to a customer about a sum and a day; `once` names the occasion.

    `common` is the part of the amount that what is said to the customer of others of their
    services is about too: an invoice of several, which is paid once.
    """

    customer_id: int
    key: str
    amount: Money
    due: date
    once: str
    plan: str = ""
    common: int = 0


def notify(*, notices: Sequence[Notice], by: Actor) -> None:
    """Put notices into the outbox; a customer without a phone is not told. Set-wise.

    What is said to a customer with the same text is one message, with one sum that pays it all,
    however many of their services it is about; the first names the occasion.
    """
    by = by.must("billing.notify")
    if not notices:
        return
    owners = Customer.objects.in_bulk({one.customer_id for one in notices})
    phones = phones_of(owners)
    together: dict[tuple[int, str], list[Notice]] = {}
    for one in notices:
        if one.customer_id in phones:
            together.setdefault((one.customer_id, one.key), []).append(one)
    send_many(
        says=[_say(found, owners[key], phones[key]) for (key, _), found in together.items()],
        by=by,
    )


def _say(found: Sequence[Notice], owner: Customer, phone: str) -> Say:
    notice = found[0]
    own = sum(one.amount.minor - one.common for one in found)
    amount = Money(own + max(one.common for one in found), notice.amount.currency)
    plans = dict.fromkeys(one.plan for one in found if one.plan)
    return Say(
        entity_id=owner.entity_id,
        to=phone,
        key=notice.key,
        language=owner.language,
        values={
            "amount": sum_words(amount),
            "due": _due(found, owner.language),
            "account": owner.account_number,
            "name": first_name(owner.name),
            "plan": ", ".join(plans),
            "off": off_words(len(found), owner.language),
        },
        once=notice.once,
        customer_id=owner.pk,
    )


def _due(found: Sequence[Notice], language: str) -> str:
    """The day, or each with what is due on it; the first, where they share a part."""
    sums: dict[date, Money] = {}
    for one in sorted(found, key=lambda one: one.due):
        sums[one.due] = sums[one.due] + one.amount if one.due in sums else one.amount
    if len(sums) == 1 or any(one.common for one in found):
        return day_words(min(sums), language)
    return ", ".join(
        f"{day_words(day, language)} ({sum_words(amount)})" for day, amount in sums.items()
    )
