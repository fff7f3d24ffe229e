"""Document numbers without gaps."""

from __future__ import annotations

from django.db import connection

from waya.org.actors import Actor

# The series kind and the prefix that it starts with.
PREFIXES = {"invoice": "INV-", "pro_forma": "PRO-", "receipt": "RCT-", "credit_note": "CRN-"}
STARTS = {"account": 100_001}

_RESERVE = """
insert into org_numberseries (entity_id, kind, prefix, next)
values (%(entity)s, %(kind)s, %(prefix)s, %(start)s + %(count)s)
on conflict (entity_id, kind) do update set next = org_numberseries.next + %(count)s
returning prefix, next - %(count)s
"""


def reserve_numbers(*, entity_id: int, kind: str, count: int, by: Actor) -> tuple[str, int]:
    """Take `count` numbers of a series in one statement: its prefix and the first of them.

    The series' row stays locked until the transaction ends, so that no number is lost by
    a rollback: compute everything first, take numbers last.
    """
    by.must("org.number")
    with connection.cursor() as cursor:
        cursor.execute(
            _RESERVE,
            {
                "entity": entity_id,
                "kind": kind,
                "prefix": PREFIXES.get(kind, ""),
                "start": STARTS.get(kind, 1),
                "count": count,
            },
        )
        prefix, first = cursor.fetchone()
    return prefix, first


def next_numbers(*, entity_id: int, kind: str, count: int, by: Actor) -> list[str]:
    """The next `count` document numbers of a series, such as `INV-000042`."""
    by = by.must("org.number")
    prefix, first = reserve_numbers(entity_id=entity_id, kind=kind, count=count, by=by)
    return [f"{prefix}{number:06d}" for number in range(first, first + count)]


def reserve_account_numbers(*, count: int, by: Actor) -> int:
    """The first of `count` account sequences from 100001 up, unique in the installation."""
    by.must("org.number")
    with connection.cursor() as cursor:
        cursor.execute("select nextval('account_sequence') from generate_series(1, %s)", [count])
        (first,) = cursor.fetchone()
    return int(first)
