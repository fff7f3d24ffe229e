"""Rotation of the key that seals credentials."""

from __future__ import annotations

from django.apps import apps
from django.db import connection, transaction

from waya.org.actors import Actor
from waya.org.secrets import SealedField, reseal


@transaction.atomic
def rotate(*, by: Actor) -> int:
    """Seal every credential again with the newest key; gives how many there were."""
    by.must("org.secrets")
    count = 0
    for model in apps.get_models():
        for field in model._meta.local_fields:
            if isinstance(field, SealedField) and field.column:
                count += _rotate_column(model._meta.db_table, field.column)
    return count


def _rotate_column(table: str, column: str) -> int:
    table, column = f'"{table}"', f'"{column}"'
    with connection.cursor() as cursor:
        cursor.execute(f"select id, {column} from {table} where {column} <> '' for update")
        rows = cursor.fetchall()
        cursor.executemany(
            f"update {table} set {column} = %s where id = %s",
            [(reseal(token), key) for key, token in rows],
        )
    return len(rows)
