"""One router's state: its tables, its log, its sessions, and what a reboot does to them."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from waya.kernel import clock
from waya.lab.router.menus import MENUS
from waya.lab.router.ppp import Ppp
from waya.lab.router.queries import Term
from waya.lab.router.tables import Row, Table
from waya.lab.router.values import written_duration, written_moment

KEPT = (
    "/ip/pool", "/ppp/profile", "/ppp/secret", "/ppp/aaa", "/ip/firewall/nat",
    "/ip/firewall/filter", "/ip/firewall/address-list", "/queue/simple", "/system/identity",
)  # fmt: skip
"""What survives a restart of the program, in an order in which references hold."""

MEGABYTE = 1024 * 1024


@dataclass(slots=True)
class Faults:
    """What is wrong with this router just now. The counts run down by themselves."""

    latency_ms: float = 0.0
    slow_print_ms: float = 0.0
    refuse: bool = False  # connections are reset at once
    freeze: bool = False  # what is sent is never answered
    wrong_passwords: int = 0  # so many logins fail, whatever is sent
    replies_until_drop: int = 0  # so many replies go through first ...
    drops: int = 0  # ... then so many are cut in the middle, and their connection with them

    def set(self, changes: Mapping[str, Any]) -> None:
        """Change some. Raises ValueError when there is no such fault or it is not a number."""
        known = {each.name for each in fields(self)}
        for name, value in changes.items():
            if name not in known or not isinstance(value, int | float):
                raise ValueError(name)
        for name, value in changes.items():
            setattr(self, name, type(getattr(self, name))(value))


@dataclass(frozen=True, slots=True)
class Settings:
    """How a router is to be built. `customers` boxes and their secrets are there already."""

    name: str = "MikroTik"
    user: str = "waya"
    password: str = field(default="waya", repr=False)
    version: str = "7.16.2 (stable)"
    legacy_login: bool = False
    redial_seconds: float = 2.0
    customers: int = 0
    subnet: int = 0  # customers get 10.SUBNET.x.y
    state: Path | None = None

    @property
    def release(self) -> tuple[int, int]:
        major, minor, *_ = self.version.split()[0].split(".")
        return int(major), int(minor)


@dataclass(frozen=True, slots=True)
class Heard:
    """A command as it arrived, without its password."""

    command: str
    attributes: Mapping[str, str]
    queries: tuple[str, ...]


class Machine:
    """The router behind the wire; to be used from its event loop alone."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.faults = Faults()
        self.tables: dict[str, Table] = {menu.path: Table(menu) for menu in MENUS}
        self.heard: deque[Heard] = deque(maxlen=5000)
        self.commands_heard = 0
        self.logins: deque[dict[str, str]] = deque(maxlen=500)
        self.loop = asyncio.get_running_loop()
        self.booted = self.loop.time()
        self.hang_up: Callable[[], None] = lambda: None
        self._log_lines: deque[Row] = deque(maxlen=1000)
        self._log_number = 0
        self._waiting: set[asyncio.Future[None]] = set()
        self._saving: asyncio.TimerHandle | None = None
        self.ppp = Ppp(self.tables, self.log, settings.redial_seconds)
        self.ppp.changed = self.tell
        self.tables["/log"].view = lambda term: list(self._log_lines)
        self.tables["/system/resource"].view = self._resource
        self.tables["/system/clock"].view = self._clock
        if not self._load():
            self._furnish()

    # Life.

    def reboot(self) -> None:
        """Sessions and what follows them go, and rows that lived in memory; ids are new ones.

        Connections break. The boxes notice, and dial again.
        """
        self.hang_up()
        for session in list(self.ppp.sessions.values()):
            self.ppp.end(session, "router rebooted")
        listed = self.tables["/ip/firewall/address-list"]
        for row in [row for row in listed.rows.values() if "timeout" in row]:
            self.forget(row)
        for path in ("/ppp/secret", "/ppp/profile", "/ip/firewall/address-list", "/ip/pool"):
            self.tables[path].renumber()
        self._log_lines.clear()
        self.booted = self.loop.time()
        self.log("system,info", "router rebooted")
        self.tell()

    def forget(self, row: Row) -> None:
        """An entry of an address-list that lived in memory is over; twice does no harm."""
        listed = self.tables["/ip/firewall/address-list"]
        if listed.rows.get(row[".id"]) is row:
            listed.remove(row)
            self.tell()

    def close(self) -> None:
        """Keep what is to be kept, and switch off."""
        if self._saving is not None:
            self._saving.cancel()
            self._save()
        self.ppp.close()
        for waiting in self._waiting:
            waiting.cancel()

    def log(self, topics: str, message: str) -> None:
        """One line of the router's own log."""
        self._log_number += 1
        moment = written_moment(clock.real_now(), self.settings.release)
        row = {".id": f"*{self._log_number:X}", "time": moment}
        row |= {"topics": topics, "message": message}
        self._log_lines.append(row)
        self.tables["/log"].tell(row)

    def wrote(self, path: str, name: str = "") -> None:
        """A table was changed by a command: whoever depends on it looks again."""
        if path == "/ppp/secret":
            self.ppp.secret_changed(name)
        if self.settings.state is not None and self._saving is None:
            self._saving = self.loop.call_later(1.0, self._save)
        self.tell()

    def tell(self) -> None:
        """Something happened: wake whoever waits for a condition."""
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)

    async def until(self, condition: Callable[[], bool], seconds: float = 10.0) -> None:
        """Wait for a condition on this router's state. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while not condition():
                waiting: asyncio.Future[None] = self.loop.create_future()
                self._waiting.add(waiting)
                try:
                    await waiting
                finally:
                    self._waiting.discard(waiting)

    # Building.

    def _furnish(self) -> None:
        subnet = self.settings.subnet
        self.tables["/ip/pool"].add(
            {"name": "customers", "ranges": f"10.{subnet}.0.2-10.{subnet}.63.254"}
        )
        profiles = self.tables["/ppp/profile"]
        for id, name in (("*0", "default"), ("*FFFFFFFE", "default-encryption")):
            row = {**profiles.menu.defaults, "name": name, "default": "true"}
            row |= {"local-address": f"10.{subnet}.0.1", "remote-address": "customers"}
            profiles.add(row, id=id)
        self.tables["/system/identity"].rows[""] = {"name": self.settings.name}
        self.tables["/ppp/aaa"].rows[""] = {"use-radius": "false", "accounting": "true"}
        self._furnish_rest()
        for number in range(1, self.settings.customers + 1):
            name, password = f"customer{number:05d}", f"pw{number:05d}"
            secret = {**self.tables["/ppp/secret"].menu.defaults, "name": name}
            self.tables["/ppp/secret"].add(secret | {"password": password, "service": "pppoe"})
            self.ppp.plug_in(name, password, mac_of(number))

    def _furnish_rest(self) -> None:
        self.tables["/interface"].add(
            {"name": "ether1", "type": "ether", "running": "true", "disabled": "false"}
        )

    # What is worked out when asked.

    def _resource(self, term: Term | None) -> Iterator[Row]:
        live = len(self.ppp.sessions)
        yield {
            "uptime": written_duration(int(self.loop.time() - self.booted)),
            "version": self.settings.version,
            "free-memory": str(900 * MEGABYTE - live * 40_000),
            "total-memory": str(1024 * MEGABYTE),
            "cpu": "ARM64",
            "cpu-count": "4",
            "cpu-load": str(min(99, 2 + live // 40)),
            "architecture-name": "arm64",
            "board-name": "RB5009UG+S+",
            "platform": "MikroTik",
        }

    def _clock(self, term: Term | None) -> Iterator[Row]:
        date, _, time = written_moment(clock.real_now(), self.settings.release).partition(" ")
        yield {"time": time, "date": date, "time-zone-name": "Africa/Nairobi"}

    # Keeping.

    def _load(self) -> bool:
        path = self.settings.state
        if path is None or not path.exists():
            return False
        kept = json.loads(path.read_text())
        for menu in KEPT:
            table = self.tables[menu]
            for row in kept["tables"].get(menu, []):
                if table.menu.single:
                    table.rows[""] = row
                else:
                    id = row.pop(".id")
                    fixed = id if row.get("name") in table.menu.built_in else ""
                    table.add(row, id=fixed)
        self._furnish_rest()
        for name, password, mac in kept["cpes"]:
            self.ppp.plug_in(name, password, mac)
        return True

    def _save(self) -> None:
        self._saving = None
        path = self.settings.state
        if path is None:
            return
        kept = {
            "tables": {menu: self._lasting(menu) for menu in KEPT},
            "cpes": [[cpe.name, cpe.password, cpe.mac] for cpe in self.ppp.cpes.values()],
        }
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(kept))
        fresh.replace(path)

    def _lasting(self, menu: str) -> list[Row]:
        return [row for row in self.tables[menu].rows.values() if "timeout" not in row]


def mac_of(number: int) -> str:
    """A locally administered address, the same for the same number."""
    return "02:57:41:" + ":".join(f"{number >> shift & 255:02X}" for shift in (16, 8, 0))
