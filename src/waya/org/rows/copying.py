"""Rows arrive by COPY, or by one INSERT when they are few: one call, the same triggers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import chain, islice
from typing import Any

from django.db import connection
from psycopg.adapt import Dumper
from psycopg.pq import Format
from psycopg.types.json import JsonbBinaryDumper

Columns = tuple[tuple[str, str], ...]
"""Names of columns, with their PostgreSQL types."""

FEW = 3
"""COPY is read anew each time; an INSERT of so many rows is planned once, for a third of it."""


def copy_rows(table: str, columns: Columns, rows: Iterable[Sequence[Any]]) -> None:
    """Write rows into a table, by COPY in binary unless they are few.

    What the database refuses comes as Django's own errors. Nothing is converted: give dates
    as dates, moments with their zone, and JSON as its text.
    """
    left = iter(rows)
    first = list(islice(left, FEW + 1))
    if len(first) > FEW:
        _copy(table, columns, chain(first, left))
    elif first:
        with connection.cursor() as cursor:
            cursor.execute(_insert(table, columns, len(first)), list(chain.from_iterable(first)))


def add_row(table: str, columns: Columns, row: Sequence[Any]) -> int:
    """Write one row, as `copy_rows` does, and give the id that it got."""
    with connection.cursor() as cursor:
        cursor.execute(f"{_insert(table, columns, 1)} returning id", row)
        (key,) = cursor.fetchone()
    return int(key)


@cache
def _insert(table: str, columns: Columns, count: int) -> str:
    names = ", ".join(f'"{name}"' for name, _ in columns)
    row = ", ".join(f"%s::{kind}" for _, kind in columns)
    return f"insert into {table} ({names}) values " + ", ".join([f"({row})"] * count)


class _Written(Dumper):
    """JSON that is text already, as `jsonb` takes it in binary: a 1 before the text."""

    format = Format.BINARY
    oid = JsonbBinaryDumper.oid

    def dump(self, text: str) -> bytes:
        return b"\x01" + text.encode()


def _copy(table: str, columns: Columns, rows: Iterable[Sequence[Any]]) -> None:
    names = ", ".join(f'"{name}"' for name, _ in columns)
    statement = f"copy {table} ({names}) from stdin (format binary)"
    with (
        connection.cursor() as cursor,
        connection.wrap_database_errors,
    ):
        cursor.adapters.register_dumper(None, _Written)
        with cursor.copy(statement) as copy:
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
