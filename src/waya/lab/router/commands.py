"""What RouterOS's commands do: print, add, set, remove and their kin, on any menu."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from waya.lab.router.machine import Machine
from waya.lab.router.menus import NoMatch, fits_address_or_pool
from waya.lab.router.queries import BadQuery, compile_query
from waya.lab.router.tables import Row, Table
from waya.lab.router.values import BadValue, read_duration

MISSING, ARGUMENT, GENERAL = "0", "1", "4"

_PRINT_WORDS = frozenset(
    {".proplist", "count-only", "detail", "stats", "terse", "without-paging", "brief", ".id",
     "numbers", "from"}
)  # fmt: skip


class Trap(Exception):
    """The command failed; RouterOS's words, and its category where it gives one."""

    def __init__(self, message: str, category: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.category = category


@dataclass(slots=True)
class Answer:
    """Rows, each as its attributes, and the attributes of `!done`."""

    rows: list[Row] = field(default_factory=list)
    done: Row = field(default_factory=dict)


def execute(
    machine: Machine, command: str, given: Mapping[str, str], queries: Sequence[str] = ()
) -> Answer:
    """Do one command at once. Raises Trap."""
    path, _, verb = command.rpartition("/")
    if command == "/system/reboot":
        machine.loop.call_soon(machine.reboot)
        return Answer()
    table = machine.tables.get(path)
    if table is None:
        raise Trap("no such command prefix", MISSING)
    if verb not in table.menu.verbs:
        raise Trap("no such command", MISSING)
    if queries and verb not in ("print", "getall", "listen"):
        raise Trap("unknown parameter query", ARGUMENT)
    match verb:
        case "print" | "getall":
            return _print(table, given, queries)
        case "add":
            return _add(machine, table, dict(given))
        case "set":
            _set(machine, table, dict(given))
        case "enable" | "disable":
            only = {key: given[key] for key in (".id", "numbers") if key in given}
            _set(machine, table, {**only, "disabled": "no" if verb == "enable" else "yes"})
        case "unset":
            key = given.get("value-name", "")
            kept = {k: v for k, v in given.items() if k != "value-name"}
            _set(machine, table, {**kept, key: table.menu.defaults.get(key, "")})
        case "remove":
            _remove(machine, table, given)
        case "move":
            _move(machine, table, given)
        case _:  # /log/info and its kin
            machine.log(f"script,{verb}", given.get("message", ""))
    return Answer()


def _print(table: Table, given: Mapping[str, str], queries: Sequence[str]) -> Answer:
    for word in given:
        if word not in _PRINT_WORDS:
            raise Trap(f"unknown parameter {word}", ARGUMENT)
    try:
        term = compile_query(queries)
    except BadQuery as error:
        raise Trap(str(error), GENERAL) from None
    rows = _named(table, given) if _addressed(given) else table.select(term)
    if "count-only" in given:
        return Answer(done={"ret": str(sum(1 for _ in rows))})
    proplist = given.get(".proplist", "")
    if not proplist:
        return Answer([dict(row) for row in rows])
    wanted = proplist.split(",")
    return Answer([{key: row[key] for key in wanted if key in row} for row in rows])


def _add(machine: Machine, table: Table, given: dict[str, str]) -> Answer:
    before = given.pop("place-before", "")
    values = _checked(machine, table, given)
    for name in table.menu.required:
        if not values.get(name):
            raise Trap(f"missing ={name}=", ARGUMENT)
    row = {**table.menu.defaults, **{key: value for key, value in values.items() if value}}
    _must_be_new(table, row)
    if before:
        before = _resolve(table, before)[".id"]
    if "timeout" in row:  # such an entry lives in memory
        row["dynamic"] = "true"
        machine.loop.call_later(read_duration(row["timeout"]), machine.forget, row)
    table.add(row, before=before)
    machine.wrote(table.menu.path, row.get("name", ""))
    return Answer(done={"ret": row[".id"]})


def _set(machine: Machine, table: Table, given: dict[str, str]) -> None:
    if table.menu.single:
        table.rows[""] |= _checked(machine, table, given)
        machine.wrote(table.menu.path)
        return
    rows = _named(table, given)
    given.pop(".id", "")
    given.pop("numbers", "")
    values = _checked(machine, table, given)
    for row in rows:
        _must_be_static(row, "change")
        if values.get("name", row.get("name")) != row.get("name"):
            _must_be_new(table, values)
            _follow(machine, table, row["name"], values["name"])
        table.change(row, values)
        machine.wrote(table.menu.path, row.get("name", ""))


def _remove(machine: Machine, table: Table, given: Mapping[str, str]) -> None:
    rows = _named(table, given)
    for row in rows:
        if table.menu.path == "/ppp/active":
            continue
        _must_be_static(row, "remove")
        if row.get("name") in table.menu.built_in:
            raise Trap(f"failure: can not remove default {table.menu.noun}", GENERAL)
    for row in rows:
        if table.menu.path == "/ppp/active":
            session = machine.ppp.sessions[int(row[".id"][2:], 16)]
            machine.ppp.end(session, "terminated by administrator")
            continue
        _follow(machine, table, row.get("name", ""), row[".id"])
        table.remove(row)
        machine.wrote(table.menu.path, row.get("name", ""))


def _move(machine: Machine, table: Table, given: Mapping[str, str]) -> None:
    destination = given.get("destination", "")
    before = _resolve(table, destination)[".id"] if destination else ""
    for row in _named(table, given):
        table.move(row[".id"], before)
    machine.wrote(table.menu.path)


def _addressed(given: Mapping[str, str]) -> str:
    return given.get(".id") or given.get("numbers") or ""


def _named(table: Table, given: Mapping[str, str]) -> list[Row]:
    """The rows of `=.id=*1,*2` or `=numbers=NAME`. Raises Trap unless all are there."""
    asked = _addressed(given)
    if not asked:
        raise Trap("missing =.id=", ARGUMENT)
    return [_resolve(table, key) for key in asked.split(",")]


def _resolve(table: Table, key: str) -> Row:
    row = table.find(key)
    if row is None:
        raise Trap("no such item", MISSING)
    return row


def _checked(machine: Machine, table: Table, given: Mapping[str, str]) -> dict[str, str]:
    """The values as they will be shown. Raises Trap for the first that does not fit."""
    values: dict[str, str] = {}
    for name, value in given.items():
        check = table.menu.parameters.get(name)
        if check is None:
            raise Trap(f"unknown parameter {name}", ARGUMENT)
        try:
            values[name] = check(value)
        except NoMatch:
            raise Trap(f"input does not match any value of {name}", ARGUMENT) from None
        except BadValue:
            raise Trap(f"invalid value for argument {name}", ARGUMENT) from None
        _must_refer(machine, table, name, values[name])
    return values


def _must_refer(machine: Machine, table: Table, name: str, value: str) -> None:
    menu = table.menu.references.get(name)
    found = menu is None or value == "" or machine.tables[menu].one(value) is not None
    if name == "remote-address" and table.menu.path.startswith("/ppp/"):
        pools = machine.tables["/ip/pool"]
        found = fits_address_or_pool(value, {row["name"]: row for row in pools.by("name", value)})
    if not found:
        raise Trap(f"input does not match any value of {name}", ARGUMENT)


def _must_be_new(table: Table, row: Mapping[str, str]) -> None:
    noun = table.menu.noun
    if noun and "name" in row and table.one(row["name"]) is not None:
        if noun == "pool":
            raise Trap("failure: pool with such name exists", GENERAL)
        raise Trap(f"failure: {noun} with the same name already exists", GENERAL)
    if table.menu.path == "/ip/firewall/address-list":
        same = partial(_same_entry, row)
        if any(map(same, table.by("address", row["address"]))):
            raise Trap("failure: already have such entry", GENERAL)


def _same_entry(row: Mapping[str, str], other: Mapping[str, str]) -> bool:
    return (row["list"], row["address"]) == (other["list"], other["address"])


def _must_be_static(row: Row, verb: str) -> None:
    if row.get("dynamic") == "true" and "timeout" not in row:
        raise Trap(f"failure: can not {verb} dynamic item", GENERAL)


def _follow(machine: Machine, table: Table, was: str, now: str) -> None:
    """References are by item: they follow a new name, and show the id of what is gone."""
    if table.menu.path == "/ppp/profile":
        secrets = machine.tables["/ppp/secret"]
        for row in list(secrets.by("profile", was)):
            secrets.change(row, {"profile": now})
