"""Reads of parties that others use."""

from __future__ import annotations

from collections.abc import Iterable

from waya.kernel import ids
from waya.kernel.errors import Refused
from waya.kernel.phone import e164
from waya.org.models import Entity
from waya.org.rows.asking import ask
from waya.parties.models import Contact

_BY_NUMBER = """
select account_number, id from parties_customer
where entity_id = %s and account_number = any(%s)
"""


def customers_by_reference(entity_id: int, typed: Iterable[str]) -> dict[str, int]:
    """Whose account each typed reference is: an account number, or a phone that just one
    customer has. What nobody has, or several have, is left out.

    Letters, spaces and dashes around the digits do not matter; a wrong digit does.
    """
    wished = {text: _normal(text) for text in set(typed) if text.strip()}
    numbers = set(wished.values())
    owners = dict(ask(_BY_NUMBER, [entity_id, list(numbers)]))
    found = {text: owners[number] for text, number in wished.items() if number in owners}
    left = [text for text in wished if text not in found]
    return found | (_by_phone(entity_id, left) if left else {})


def _normal(text: str) -> str:
    return ids.normal(text).removeprefix("ACCOUNT").removeprefix("ACC").removeprefix("AC")


def _by_phone(entity_id: int, typed: list[str]) -> dict[str, int]:
    country = Entity.objects.values_list("country", flat=True).get(pk=entity_id)
    phones = {text: number for text in typed if (number := _phone(text, country))}
    if not phones:
        return {}
    owners: dict[str, set[int]] = {}
    rows = Contact.objects.filter(phone__in=phones.values(), customer__entity_id=entity_id)
    for phone, customer_id in rows.values_list("phone", "customer_id"):
        owners.setdefault(phone, set()).add(customer_id)
    return {
        text: next(iter(owners[phone]))
        for text, phone in phones.items()
        if len(owners.get(phone, ())) == 1
    }


def _phone(text: str, country: str) -> str | None:
    if sum(letter.isdigit() for letter in text) < 9:
        return None
    try:
        return e164(text, country)
    except Refused:
        return None


def phones_of(customer_ids: Iterable[int]) -> dict[int, str]:
    """The phone of each customer's primary contact, E.164."""
    rows = Contact.objects.filter(customer_id__in=set(customer_ids), primary=True).order_by("-pk")
    return dict(rows.values_list("customer_id", "phone"))
