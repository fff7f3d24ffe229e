"""Certificates of exemption: recorded, ended, and never rewritten, since documents name them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction

from waya.billing.commands.lives.asking import ask_anew
from waya.billing.models import Exemption
from waya.billing.queries.taxes.buyers import certificate
from waya.billing.rules.tax.buyers import in_the_way
from waya.catalog.queries import tax_kinds
from waya.catalog.rules.rates import Kind
from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.org.actors import Actor
from waya.org.audit import Happened, record_many
from waya.org.models import Entity
from waya.parties.commands.customers import lock_customers
from waya.parties.models import Customer


@dataclass(frozen=True, slots=True)
class Wished:
    """A certificate as it is recorded: of a tax, or (without one) of every tax of a kind; of one
    class of supply, or of all; on the half-open days from `valid_from` to `end`."""

    number: str
    valid_from: date
    end: date | None = None
    kind: str = ""
    tax: str = ""
    tax_class: str = ""
    percent: Decimal = Decimal(100)


@transaction.atomic
def exempt(*, customer_id: int, wished: Wished, by: Actor) -> Exemption:
    """Record a certificate of a customer. It counts on documents whose tax point is among its
    days; what is asked for and not paid is asked for anew.

    The same again gives the first. Refuses `certificate_missing`, `exemption_backward`,
    `exemption_percent`, `exemption_unknown` for a tax, kind or class that nobody charges here,
    and `exemption_overlaps` for days on which another certificate is for the same.
    """
    by = by.must("billing.exempt")
    customer = _locked(customer_id, by)
    row = _row(customer, wished, by)
    for other in Exemption.objects.filter(customer=customer).order_by("pk"):
        if _told(other) == _told(row):
            return other
        if in_the_way(certificate(row), [certificate(other)]):
            raise Refused("exemption_overlaps", certificate=other.certificate)
    row.save(force_insert=True)
    _record("exemption.recorded", row, by)
    _ask_anew(customer, by)
    return row


@transaction.atomic
def end_exemption(*, exemption_id: int, on: date, by: Actor) -> Exemption:
    """End a certificate: from a day on it does not hold. On its first day or before: it never
    held. Ended before that day already, it stays as it is."""
    by = by.must("billing.exempt")
    row = Exemption.objects.select_related("customer").get(pk=exemption_id)
    customer = _locked(row.customer_id, by)
    row.refresh_from_db()
    end = max(on, row.valid_from)
    if row.end is None or end < row.end:
        row.end = end
        row.save(update_fields=["end"])
        _record("exemption.ended", row, by)
        _ask_anew(customer, by)
    return row


def _locked(customer_id: int, by: Actor) -> Customer:
    found = lock_customers(customer_ids=[customer_id], by=by).get(customer_id)
    if found is None or by.entity_id not in (None, found.entity_id):
        raise Refused("other_entity")
    return Customer.objects.select_related("entity").get(pk=customer_id)


def _row(customer: Customer, wished: Wished, by: Actor) -> Exemption:
    number = " ".join(wished.number.split())[:60]
    if not number:
        raise Refused("certificate_missing")
    if wished.end is not None and wished.end <= wished.valid_from:
        raise Refused("exemption_backward")
    if not 0 < wished.percent <= 100:
        raise Refused("exemption_percent")
    return Exemption(
        customer=customer, certificate=number, kind=_kind(customer.entity, wished),
        tax=wished.tax, tax_class=wished.tax_class, percent=wished.percent,
        valid_from=wished.valid_from, end=wished.end, recorded_at=clock.now(), recorded_by=by.name,
    )  # fmt: skip


def _kind(entity: Entity, wished: Wished) -> str:
    """The kind of tax that it is of; a tax's own, where one is named."""
    known = [
        kind
        for tax, kind, tax_class in tax_kinds(entity.country)
        if kind != Kind.WITHHOLDING
        and wished.tax in ("", tax)
        and wished.kind in ("", kind)
        and wished.tax_class in ("", tax_class)
    ]
    if not known or not (wished.tax or wished.kind):
        told = " ".join(one for one in (wished.tax, wished.kind, wished.tax_class) if one)
        raise Refused("exemption_unknown", told=told)
    return known[0]


def _told(row: Exemption) -> tuple[object, ...]:
    return (row.certificate, row.kind, row.tax, row.tax_class, row.percent, row.valid_from,
            row.end)  # fmt: skip


def _ask_anew(customer: Customer, by: Actor) -> None:
    today = clock.today(customer.entity.zone)
    ask_anew(customer_id=customer.pk, on=today, by=by)


def _record(action: str, row: Exemption, by: Actor) -> None:
    why: dict[str, Any] = {
        "certificate": row.certificate, "tax": row.tax or row.kind, "percent": str(row.percent),
        "from": row.valid_from.isoformat(), "until": row.end.isoformat() if row.end else None,
    }  # fmt: skip
    if row.tax_class:
        why["tax_class"] = row.tax_class
    by = replace(by, entity_id=row.customer.entity_id)
    record_many(by, [Happened(action, ("exemption", row.pk), customer_id=row.customer_id,
                              why=why)])  # fmt: skip
