"""Sums kept beside rows: whoever adds rows adds their sum as rows of its own, and many such
rows are folded into one later. Nobody waits for anybody else's counter."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection, transaction

_LOCK = "select pg_advisory_xact_lock(hashtext(%s), %s)"
_FOLD = """
with many as (
    select {keys} from {table} where entity_id = %s group by {keys} having count(*) > 1
), gone as (
    delete from {table} t using many m where t.entity_id = %s and ({old}) = ({new}) returning t.*
), folded as (
    insert into {table} ({keys}, {sums}) select {keys}, {added} from gone group by {keys}
)
select count(*) from gone
"""


@transaction.atomic
def fold(table: str, *, keys: Sequence[str], sums: Sequence[str], entity_id: int) -> int:
    """Make one row of all the rows of an entity that have the same keys; gives how many went.

    One statement, so that a reader sees the rows or their sum. Two at once wait for each
    other; what is added meanwhile stays for the next time. No key may be null.
    """
    keys = [f'"{one}"' for one in keys]
    statement = _FOLD.format(
        table=table,
        keys=", ".join(keys),
        old=", ".join(f"t.{one}" for one in keys),
        new=", ".join(f"m.{one}" for one in keys),
        sums=", ".join(sums),
        added=", ".join(f"sum({one})" for one in sums),
    )
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [table, entity_id])
        cursor.execute(statement, [entity_id, entity_id])
        (gone,) = cursor.fetchone()
    return int(gone)
