"""Rows arrive by COPY: many or one, by the same path."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from django.db import connection


def copy_rows(
    table: str, columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[Any]]
) -> None:
    """COPY rows into a table, in binary. `columns` are names with their PostgreSQL types.

    What the database refuses comes as Django's own errors. Nothing is converted: give dates
    as dates, moments with their zone, and JSON as text for the type `jsonb`.
    """
    names = ", ".join(f'"{name}"' for name, _ in columns)
    statement = f"copy {table} ({names}) from stdin (format binary)"
    with (
        connection.cursor() as cursor,
        connection.wrap_database_errors,
        cursor.copy(statement) as copy,
    ):
        copy.set_types([kind for _, kind in columns])
        for row in rows:
            copy.write_row(row)


def reserve_keys(table: str, count: int) -> list[int]:
    """The ids of so many rows beforehand, from the table's own sequence."""
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, [_sequence(table), count])
        return [key for (key,) in cursor.fetchall()]


# Once for each value: naming the sequence by its table costs ten times what the value does.
_NEXT = "select nextval(%s::regclass) from generate_series(1, %s)"


@cache
def _sequence(table: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("select pg_get_serial_sequence(%s, 'id')", [table])
        (name,) = cursor.fetchone()
    return str(name)
