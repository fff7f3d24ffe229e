"""Rows of models by plain SQL: what every payment reads, without composing the question anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from django.db import connection, models

M = TypeVar("M", bound=models.Model)


def read(model: type[M], statement: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[M]:
    """The rows of one model that a statement gives; `{rows}` in it stands for its columns."""
    return [row for (row,) in read_joined(statement, values, rows=model)]


def read_joined(
    statement: str, values: Sequence[Any] | Mapping[str, Any], **joined: type[models.Model]
) -> list[tuple[Any, ...]]:
    """Rows of several models side by side, in the order of `joined`.

    Each name is the alias of its table in the statement, and in braces it stands for all of
    its columns: `select {p}, {s} from … p join … s …`. The columns are to be selected in the
    order of `joined`, and nothing else is.
    """
    known = _known(statement, tuple(joined.items()))
    with connection.cursor() as cursor:
        cursor.execute(known.statement, values)
        found = cursor.fetchall()
    return [tuple(one.row(values) for one in known.joined) for values in found]


@dataclass(frozen=True, slots=True)
class _Joined:
    """Where a model's columns are in a row, and which of them Python has otherwise."""

    model: type[models.Model]
    start: int
    names: tuple[str, ...]
    converters: tuple[tuple[int, Any], ...]

    def row(self, values: Sequence[Any]) -> models.Model:
        own = list(values[self.start : self.start + len(self.names)])
        for at, convert in self.converters:
            own[at] = convert(own[at], None, connection)
        return self.model.from_db(connection.alias, self.names, own)


@dataclass(frozen=True, slots=True)
class _Known:
    statement: str
    joined: tuple[_Joined, ...]


@cache
def _known(statement: str, joined: tuple[tuple[str, type[models.Model]], ...]) -> _Known:
    columns: dict[str, str] = {}
    parts: list[_Joined] = []
    start = 0
    for alias, model in joined:
        fields = model._meta.concrete_fields
        prefix = "" if alias == "rows" else f"{alias}."
        columns[alias] = ", ".join(f'{prefix}"{field.column}"' for field in fields)
        converters = tuple(
            (at, convert)
            for at, field in enumerate(fields)
            if (convert := getattr(field, "from_db_value", None)) is not None
        )
        parts.append(_Joined(model, start, tuple(f.attname for f in fields), converters))
        start += len(fields)
    return _Known(statement.format(**columns), tuple(parts))
