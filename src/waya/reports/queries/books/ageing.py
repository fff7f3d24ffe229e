"""The invoices and customers behind an ageing, as the books had them at the end of any day.

Money that is taken later and counts from an earlier day settles on the day it is taken: what was
reported of a day stays so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import connection
from django.db.models import F, Q, QuerySet

from waya.billing.models import Invoice
from waya.billing.queries.ageing import AGES
from waya.kernel.money import Money
from waya.org.models import Entity
from waya.parties.models import Customer
from waya.reports.queries.paging import ROWS, Page, cut


@dataclass(frozen=True, slots=True)
class Owed:
    """An invoice that was not paid in full at the end of a day."""

    id: int
    number: str
    customer: str
    account: str
    issued_on: date
    due_on: date
    days: int
    total: Money
    left: Money


@dataclass(frozen=True, slots=True)
class Debtor:
    """What a customer owed at the end of a day: in minor units by `AGES`, and in all."""

    account: str
    name: str
    currency: str
    ages: tuple[int, ...]
    total: int


# What settled invoices after a day by the books: payments, credit used, credit notes, losses, each
# on the day of its entry. What was recovered of losses settled nothing. Only invoices that were
# settled after it are looked at, by index, and entries by their source.
_SINCE = """
select m.invoice_id, sum(m.minor) as minor
from (
    select a.invoice_id, a.amount_minor as minor, p.entity_id,
        array[p.provider || ':' || p.account || ':' || p.transaction, 'applied:' || p.id,
              'match:' || p.id] as sources
    from payments_allocation a join payments_payment p on p.id = a.payment_id
    where a.invoice_id in ({invoices}) and not a.recovers
    union all
    select u.invoice_id, u.amount_minor, i.entity_id, array['credit_use:' || u.id]
    from billing_credituse u join billing_invoice i on i.id = u.invoice_id
    where u.invoice_id in ({invoices})
    union all
    select n.invoice_id, n.applied_minor, n.entity_id, array['credit_note:' || n.number]
    from billing_creditnote n where n.invoice_id in ({invoices}) and n.applied_minor > 0
    union all
    select w.invoice_id, w.amount_minor, i.entity_id, array['write_off:' || w.invoice_id]
    from billing_writeoff w join billing_invoice i on i.id = w.invoice_id
    where w.invoice_id in ({invoices})
) m cross join lateral (
    select max(e."on") as day from ledger_journalentry e
    where e.entity_id = m.entity_id and e.source = any(m.sources)) e
where e.day > %(on)s
group by m.invoice_id
"""
_MOVED = """
select id from billing_invoice
where entity_id = %(entity)s and settled_on > %(on)s and issued_on <= %(on)s
"""
_BY_CUSTOMER = """
with since as ({since}), back as (select invoice_id, sum(minor) as minor from since group by 1),
unpaid as (
    select customer_id, currency, due_on, total_minor - paid_minor as minor from billing_invoice
    where entity_id = %(entity)s and paid_minor < total_minor and issued_on <= %(on)s
    union all
    select i.customer_id, i.currency, i.due_on, b.minor
    from back b join billing_invoice i on i.id = b.invoice_id
)
select c.account_number, c.name, u.currency, {ages}, sum(u.minor)
from unpaid u join parties_customer c on c.id = u.customer_id
group by c.id, c.account_number, c.name, u.currency having sum(u.minor) <> 0
order by sum(u.minor) desc, c.id
"""


def owed_invoices(entity: Entity, on: date, *, age: int | None = None, key: str = "") -> Page[Owed]:
    """Invoices not paid in full at the end of a day, of one of `AGES` if asked, the longest due
    first. At most five queries."""
    rows = _due(Invoice.objects.filter(entity=entity, issued_on__lte=on), on, age)
    if key:
        day, _, last = key.partition("~")
        rows = rows.filter(Q(due_on__gt=day) | Q(due_on=day, pk__gt=int(last)), due_on__gte=day)
    unpaid = Q(paid_minor__lt=F("total_minor"))
    # Two reads, each by its index: open still, and settled only after that day.
    found = [
        *rows.filter(unpaid).order_by("due_on", "pk")[: ROWS + 1],
        *rows.filter(~unpaid, settled_on__gt=on).order_by("due_on", "pk")[: ROWS + 1],
    ]
    found = sorted(found, key=lambda one: (one.due_on, one.pk))[: ROWS + 1]
    customers = Customer.objects.in_bulk({one.customer_id for one in found})
    back = _settled_since([one for one in found if one.settled_on and one.settled_on > on], on)
    return cut(
        [_owed(one, customers[one.customer_id], back.get(one.pk, 0), on) for one in found],
        lambda one: f"{one.due_on.isoformat()}~{one.id}",
    )


def debtors_aged(entity: Entity, on: date) -> Iterator[Debtor]:
    """Every customer who owed something at the end of a day, by age, the most first."""
    sums = ", ".join(f"sum(u.minor) filter (where {_within(age)})" for age in range(len(AGES)))
    statement = _BY_CUSTOMER.format(since=_SINCE.format(invoices=_MOVED), ages=sums)
    told: dict[str, Any] = {"entity": entity.pk, "on": on}
    with connection.cursor() as cursor:
        cursor.execute(statement, told)
        for account, name, currency, *ages, total in cursor:
            yield Debtor(account, name, currency, tuple(int(age or 0) for age in ages), int(total))


def _owed(one: Invoice, customer: Customer, back: int, on: date) -> Owed:
    return Owed(
        id=one.pk,
        number=one.number,
        customer=customer.name,
        account=customer.account_number,
        issued_on=one.issued_on,
        due_on=one.due_on,
        days=(on - one.due_on).days,
        total=Money(one.total_minor, one.currency),
        left=Money(one.total_minor - one.paid_minor + back, one.currency),
    )


def _due(rows: QuerySet[Invoice], on: date, age: int | None) -> QuerySet[Invoice]:
    if age is None:
        return rows
    first, last = AGES[age]
    if first is not None:
        rows = rows.filter(due_on__lte=on - timedelta(days=first))
    if last is not None:
        rows = rows.filter(due_on__gte=on - timedelta(days=last))
    return rows


def _within(age: int) -> str:
    first, last = AGES[age]
    said = [] if first is None else [f"u.due_on <= %(on)s::date - {first}"]
    said += [] if last is None else [f"u.due_on >= %(on)s::date - {last}"]
    return " and ".join(said)


def _settled_since(invoices: list[Invoice], on: date) -> dict[int, int]:
    if not invoices:
        return {}
    statement = _SINCE.format(invoices="select unnest(%(invoices)s::bigint[])")
    told: dict[str, Any] = {"invoices": [one.pk for one in invoices], "on": on}
    found: dict[int, int] = {}
    with connection.cursor() as cursor:
        cursor.execute(statement, told)
        for key, minor in cursor.fetchall():
            found[key] = found.get(key, 0) + int(minor)
    return found
