"""Business choices per entity: frozen dataclasses with defaults, overridden by rows."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, ClassVar, Protocol, TypeVar

from waya.org.models import Policy
from waya.org.rows.remembered import Remembered


class Choices(Protocol):
    """A frozen dataclass of business settings; `policy_name` is its row's name."""

    policy_name: ClassVar[str]


T = TypeVar("T", bound=Choices)


def chosen(kind: type[T], entity_id: int) -> T:
    """The entity's choices: its row over the defaults. Unknown names in the row are ignored."""
    return from_row(kind, rows((kind.policy_name, entity_id)))


def _row(key: tuple[str, int]) -> dict[str, Any]:
    name, entity_id = key
    row = Policy.objects.filter(entity_id=entity_id, name=name).first()
    return row.chosen if row else {}


rows = Remembered(_row)


def from_row(kind: type[T], row: dict[str, Any]) -> T:
    """Build choices from what JSON kept; lists become tuples."""
    known = {f.name for f in fields(kind)}  # type: ignore[arg-type]  # every Choices is a dataclass
    values = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in row.items()
        if name in known
    }
    return kind(**values)
