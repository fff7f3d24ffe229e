"""The counts beside the entries of the side bar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db import connection

# One round trip; each part reads an index of open rows only.
_COUNTS = """
select
    (select count(*) from payments_payment where entity_id = %(entity)s and customer_id is null),
    (select count(distinct customer_id) from billing_invoice
      where entity_id = %(entity)s and due_on < %(today)s and paid_minor < total_minor)
    + (select count(distinct customer_id) from billing_proforma
      where entity_id = %(entity)s and state = 'open' and start <= %(today)s),
    (select count(*) from network_router
      where entity_id = %(entity)s and (trouble <> '' or failures > 0)),
    (select count(*) from org_approval where entity_id = %(entity)s and state = 'waiting'),
    (select string_agg(r.name, ', ' order by r.name) from org_role r
       join org_person_roles pr on pr.role_id = r.id where pr.person_id = %(person)s)
"""


@dataclass(frozen=True, slots=True)
class Counts:
    """What waits for somebody, and the words for what the person who looks does."""

    suspense: int
    overdue: int
    routers_wrong: int
    approvals: int
    roles: str


def counts(entity_id: int, person_id: int, today: date) -> Counts:
    """One query."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, {"entity": entity_id, "person": person_id, "today": today})
        suspense, overdue, routers_wrong, approvals, roles = cursor.fetchone()
    return Counts(suspense, overdue, routers_wrong, approvals, roles or "")
