"""Rows of a menu: in order, by id and by indexed fields, with their dynamic ones beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from waya.lab.router.queries import Among, Term, names_asked

Row = dict[str, str]
Check = Callable[[str], str]
View = Callable[[Term | None], Iterable[Row]]
Listener = Callable[[Row, bool], None]


@dataclass(frozen=True, slots=True)
class Menu:
    """What a menu takes. A check gives a value as it will be shown, or raises BadValue."""

    path: str
    parameters: Mapping[str, Check] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    noun: str = ""  # names are unique: "failure: NOUN with the same name already exists"
    references: Mapping[str, str] = field(default_factory=dict)  # parameter: menu
    indexed: tuple[str, ...] = ("name",)
    single: bool = False  # one row without an id, such as /system/identity
    built_in: frozenset[str] = frozenset()  # names that cannot be removed
    verbs: frozenset[str] = frozenset(
        {"add", "set", "remove", "enable", "disable", "unset", "move", "print", "getall", "listen"}
    )


class Table:
    """The rows of one menu."""

    def __init__(self, menu: Menu) -> None:
        self.menu = menu
        self.rows: dict[str, Row] = {}
        self.view: View | None = None
        self.listeners: list[Listener] = []
        self._indexes: dict[str, dict[str, dict[str, Row]]] = {key: {} for key in menu.indexed}
        self._next_id = 1

    def select(self, term: Term | None) -> Iterator[Row]:
        """Rows that the term keeps, in order; dynamic ones last."""
        for row in self._candidates(term):
            if term is None or term.keeps(row):
                yield row
        if self.view is not None:
            for row in self.view(term):
                if term is None or term.keeps(row):
                    yield row

    def by(self, key: str, value: str) -> Iterable[Row]:
        """Rows with this value of an indexed field."""
        return self._indexes[key].get(value, {}).values()

    def one(self, name: str) -> Row | None:
        """The first row of this name."""
        return next(iter(self.by("name", name)), None)

    def find(self, key: str) -> Row | None:
        """The row of this id, or of this name. Dynamic ones are found by id."""
        if key.startswith("*"):
            row = self.rows.get(key)
            if row is None and self.view is not None:
                term = Among(".id", frozenset((key,)))
                row = next((r for r in self.view(term) if r[".id"] == key), None)
            return row
        return self.one(key) if "name" in self._indexes else None

    def add(self, row: Row, *, id: str = "", before: str = "") -> Row:
        """Keep a new row, at the end or above another."""
        row[".id"] = id or self._new_id()
        self.rows[row[".id"]] = row
        self._index(row)
        if before:
            self.move(row[".id"], before)
        self.tell(row)
        return row

    def change(self, row: Row, values: Mapping[str, str]) -> None:
        """Set these values; an empty one that has no default is unset."""
        self._unindex(row)
        for key, value in values.items():
            if value or key in self.menu.defaults:
                row[key] = value
            else:
                row.pop(key, None)
        self._index(row)
        self.tell(row)

    def remove(self, row: Row) -> None:
        del self.rows[row[".id"]]
        self._unindex(row)
        self.tell(row, dead=True)

    def move(self, id: str, before: str) -> None:
        """Put a row above another, or last if there is no other."""
        moved = self.rows.pop(id)
        ordered: dict[str, Row] = {}
        for key, row in self.rows.items():
            if key == before:
                ordered[id] = moved
            ordered[key] = row
        ordered.setdefault(id, moved)
        self.rows = ordered

    def renumber(self) -> None:
        """New ids for all rows that people made, as after a reboot."""
        rows = list(self.rows.values())
        self.rows = {}
        self._indexes = {key: {} for key in self.menu.indexed}
        for row in rows:
            if row.get("name") not in self.menu.built_in:
                row[".id"] = self._new_id()
            self.rows[row[".id"]] = row
            self._index(row)

    def tell(self, row: Row, *, dead: bool = False) -> None:
        """Tell whoever listens that a row came, changed or went."""
        for listener in list(self.listeners):
            listener(row, dead)

    def _candidates(self, term: Term | None) -> Iterable[Row]:
        for key, index in self._indexes.items():
            values = names_asked(term, key)
            if values is not None:
                return [row for value in sorted(values) for row in index.get(value, {}).values()]
        ids = names_asked(term, ".id")
        if ids is not None:
            return [self.rows[id] for id in ids if id in self.rows]
        return list(self.rows.values())

    def _new_id(self) -> str:
        id = f"*{self._next_id:X}"
        self._next_id += 1
        return id

    def _index(self, row: Row) -> None:
        for key, index in self._indexes.items():
            if key in row:
                index.setdefault(row[key], {})[row[".id"]] = row

    def _unindex(self, row: Row) -> None:
        for key, index in self._indexes.items():
            if key in row:
                same = index[row[key]]
                del same[row[".id"]]
                if not same:
                    del index[row[key]]
