"""Customers, with their first contact and site."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from django.db import transaction

from waya.kernel import clock, ids
from waya.kernel.errors import Refused
from waya.kernel.phone import e164
from waya.org.actors import Actor
from waya.org.audit import Happened, record_many
from waya.org.commands.numbering import reserve_account_numbers
from waya.org.models import Branch, Entity
from waya.org.queries import main_branch
from waya.org.rows.among import array
from waya.org.rows.asking import ask
from waya.parties.models import Contact, Customer, Site
from waya.parties.rules.tax_numbers import read


@transaction.atomic
def register(
    *,
    entity_id: int,
    name: str,
    phone: str,
    site_name: str,
    directions: str = "",
    language: str = "en",
    branch_id: int | None = None,
    by: Actor,
) -> tuple[Customer, Site]:
    """Register a customer with a contact and a site, and give them an account number.

    They belong to a branch, the main one unless another is named. A phone may belong to several
    customers. Refuses `phone_unreadable`, `name_missing` and `branch_unknown`.
    """
    by = by.must("parties.register")
    entity = Entity.objects.get(pk=entity_id)
    name = " ".join(name.split())
    if not name:
        raise Refused("name_missing")
    number = e164(phone, entity.country)
    customer = Customer.objects.create(
        entity=entity,
        branch_id=_branch(entity_id, branch_id),
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


def _branch(entity_id: int, wished: int | None) -> int:
    if wished is None:
        return main_branch(entity_id)
    if not Branch.objects.filter(pk=wished, entity_id=entity_id).exists():
        raise Refused("branch_unknown", branch=str(wished))
    return wished


@transaction.atomic
def choose_branch(*, customer_id: int, branch_id: int, by: Actor) -> Customer:
    """Move a customer to a branch of their company: what is issued to them from now on has its
    numbers, and goes to its fiscal device. What was issued stays where it is.

    Refuses `branch_unknown` for a branch of another company.
    """
    by = by.must("parties.branch")
    lock_customers(customer_ids=[customer_id], by=by)
    customer = Customer.objects.select_related("branch").get(pk=customer_id)
    _branch(customer.entity_id, branch_id)
    was = customer.branch
    if branch_id == was.pk:
        return customer
    customer.branch = Branch.objects.get(pk=branch_id)
    customer.save(update_fields=["branch"])
    record_many(by, [Happened("customer.moved_branch", ("customer", customer.pk),
                              customer_id=customer.pk,
                              why={"was": was.name, "now": customer.branch.name})])  # fmt: skip
    return customer


@transaction.atomic
def name_tax_number(*, customer_id: int, tax_number: str, by: Actor) -> Customer:
    """Keep what the tax office knows a customer by, or nothing; documents issued from now on,
    and what the authority is told of them, say it. Refuses `tax_number_malformed`."""
    by = by.must("parties.tax")
    lock_customers(customer_ids=[customer_id], by=by)
    customer = Customer.objects.select_related("entity").get(pk=customer_id)
    was, customer.tax_number = customer.tax_number, read(tax_number, customer.entity.country)
    if was != customer.tax_number:
        customer.save(update_fields=["tax_number"])
        record_many(by, [Happened("customer.tax_number", ("customer", customer.pk),
                                  customer_id=customer.pk,
                                  why={"was": was, "now": customer.tax_number})])  # fmt: skip
    return customer


class Locked(NamedTuple):
    """A customer's company and branch, which do not change while they are locked."""

    entity_id: int
    branch_id: int


def lock_customers(*, customer_ids: Iterable[int], by: Actor) -> dict[int, Locked]:
    """Lock customers until the transaction ends, in id order: the first lock of any that
    touches their money or service. Gives the company and branch of each."""
    by.must("parties.lock")
    rows = ask(_LOCK, [array(set(customer_ids))])
    return {key: Locked(entity_id, branch_id) for key, entity_id, branch_id in rows}


_LOCK = """
select id, entity_id, branch_id from parties_customer
where id = any(%s) order by id for no key update
"""
