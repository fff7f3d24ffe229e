"""Many rows change in one statement, each to values of its own."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any

from django.db import connection, models


def change_rows(rows: Collection[models.Model], fields: Sequence[str]) -> None:
    """Write these fields of rows that are all of one model; nothing for no rows.

    What `bulk_update` does, for a fortieth of its work: the values travel as one array for
    each field instead of a case for each row and field. JSON fields are not for this.
    """
    if not rows:
        return
    statement, names = _statement(type(next(iter(rows))), tuple(fields))
    columns = [[getattr(row, name) for row in rows] for name in names]
    with connection.cursor() as cursor:
        cursor.execute(statement, columns)


@lru_cache(256)
def _statement(model: type[models.Model], fields: tuple[str, ...]) -> tuple[str, list[str]]:
    table = model._meta.db_table
    key = model._meta.pk
    if key is None:
        raise TypeError(f"{model.__name__} has no key")
    known = [model._meta.get_field(name) for name in fields]
    chosen = [key, *(one for one in known if isinstance(one, models.Field))]
    sets = ", ".join(f'"{one.column}" = new."{one.column}"' for one in chosen[1:])
    arrays = ", ".join(f"%s::{kind_of(one)}[]" for one in chosen)
    names = ", ".join(f'"{one.column}"' for one in chosen)
    same = f't."{key.column}" = new."{key.column}"'
    return (
        f"update {table} t set {sets} from unnest({arrays}) as new ({names}) where {same}",
        [one.attname for one in chosen],
    )


def kind_of(field: models.Field[Any, Any]) -> str:
    """The column's type without its length: what does not fit is refused, never cut."""
    kind = field.rel_db_type(connection) if field.primary_key else field.db_type(connection)
    return (kind or "text").partition("(")[0]
