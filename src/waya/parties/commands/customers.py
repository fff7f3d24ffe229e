"""Customers, with their first contact and site."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from waya.kernel import clock, ids
from waya.kernel.errors import Refused
from waya.kernel.phone import e164
from waya.org.actors import Actor
from waya.org.audit import Happened, record_many
from waya.org.commands.numbering import reserve_account_numbers
from waya.org.models import Entity
from waya.org.rows.asking import ask
from waya.parties.models import Contact, Customer, Site


@transaction.atomic
def register(
    *,
    entity_id: int,
    name: str,
    phone: str,
    site_name: str,
    directions: str = "",
    language: str = "en",
    by: Actor,
) -> tuple[Customer, Site]:
    """Register a customer with a contact and a site, and give them an account number.

    A phone may belong to several customers. Refuses `phone_unreadable` and `name_missing`.
    """
    by = by.must("parties.register")
    entity = Entity.objects.get(pk=entity_id)
    name = " ".join(name.split())
    if not name:
        raise Refused("name_missing")
    number = e164(phone, entity.country)
    customer = Customer.objects.create(
        entity=entity,
        account_number=ids.account_number(reserve_account_numbers(count=1, by=by)),
        name=name,
        language=language,
        created_at=clock.now(),
    )
    Contact.objects.create(customer=customer, name=name, phone=number)
    site = Site.objects.create(customer=customer, name=site_name.strip() or name,
                               directions=directions.strip())  # fmt: skip
    record_many(by, [Happened("customer.registered", ("customer", customer.pk),
                              customer_id=customer.pk, site_id=site.pk)])  # fmt: skip
    return customer, site


def lock_customers(*, customer_ids: Iterable[int], by: Actor) -> dict[int, int]:
    """Lock customers until the transaction ends, in id order: the first lock of any that
    touches their money or service. Gives the entity of each."""
    by.must("parties.lock")
    return dict(ask(_LOCK, [list(set(customer_ids))]))


_LOCK = """
select id, entity_id from parties_customer where id = any(%s) order by id for no key update
"""
