"""New rows of models in one statement that is composed once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any

from django.db import connection, models

from waya.org.rows.changing import kind_of
from waya.org.rows.copying import FEW, Columns, copy_rows


def add_rows(rows: Sequence[models.Model]) -> None:
    """Write new rows that are all of one model; nothing for no rows.

    What `bulk_create` does, without its work; ids that the database gives are not read back.
    JSON fields are not for this.
    """
    if rows:
        names, columns = _columns(type(rows[0]), rows[0].pk is not None)
        copy_rows(rows[0]._meta.db_table, columns, (_values(row, names) for row in rows))


def put_rows(rows: Sequence[models.Model], *, keys: Collection[str], fields: Sequence[str]) -> None:
    """Write rows of one model in the place of those with the same `keys`, a unique constraint
    of it: of a row that is there, these `fields` change."""
    if not rows:
        return
    model, few = type(rows[0]), len(rows) if len(rows) <= FEW else 0
    names, statement = _put(model, tuple(keys), tuple(fields), few)
    values = [_values(row, names) for row in rows]
    with connection.cursor() as cursor:
        flat = [one for row in values for one in row]
        cursor.execute(statement, flat if few else [list(one) for one in zip(*values, strict=True)])


def _values(row: models.Model, names: Sequence[str]) -> list[Any]:
    return [getattr(row, name) for name in names]


@cache
def _columns(model: type[models.Model], with_key: bool) -> tuple[tuple[str, ...], Columns]:
    fields = [f for f in model._meta.concrete_fields if with_key or not f.primary_key]
    columns = tuple((str(field.column), kind_of(field)) for field in fields)
    return tuple(field.attname for field in fields), columns


@cache
def _put(
    model: type[models.Model], keys: tuple[str, ...], fields: tuple[str, ...], few: int
) -> tuple[tuple[str, ...], str]:
    """`few` rows as values, or 0 for any number as one array for each column."""
    with_key = model._meta.pk is not None and model._meta.pk.name in keys
    names, columns = _columns(model, with_key)
    into = ", ".join(f'"{name}"' for name, _ in columns)
    row = ", ".join(f"%s::{kind}" for _, kind in columns)
    arrays = ", ".join(f"%s::{kind}[]" for _, kind in columns)
    rows = "values " + ", ".join([f"({row})"] * few) if few else f"select * from unnest({arrays})"
    known = {field.name: f'"{field.column}"' for field in model._meta.concrete_fields}
    same = ", ".join(known[key] for key in keys)
    sets = ", ".join(f"{known[name]} = excluded.{known[name]}" for name in fields)
    table = model._meta.db_table
    return names, f"insert into {table} ({into}) {rows} on conflict ({same}) do update set {sets}"
