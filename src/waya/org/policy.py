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
    return from_row(kind, rows(entity_id).get(kind.policy_name, {}))


def _rows(entity_id: int) -> dict[str, dict[str, Any]]:
    """All that an entity chose, by policy: whoever needs one will need another."""
    return dict(Policy.objects.filter(entity_id=entity_id).values_list("name", "chosen"))


rows = Remembered(_rows)


def from_row(kind: type[T], row: dict[str, Any]) -> T:
    """Build choices from what JSON kept; lists become tuples."""
    known = {f.name for f in fields(kind)}  # type: ignore[arg-type]  # every Choices is a dataclass
    values = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in row.items()
        if name in known
    }
    return kind(**values)
