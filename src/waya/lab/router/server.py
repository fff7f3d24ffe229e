"""A simulated router in use: its API port, its proxy, and what a test or a person does to it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, Self, TypeVar

from waya.lab.router.commands import Trap, execute
from waya.lab.router.machine import Machine, Settings, mac_of
from waya.lab.router.proxy import Proxy
from waya.lab.router.tables import Row
from waya.lab.router.wire import Conversation

T = TypeVar("T")


class LabRouter:
    """One router on loopback. Use it as an async context; a port of 0 is any free one."""

    def __init__(
        self, settings: Settings | None = None, *, port: int = 0, proxy_port: int = 0
    ) -> None:
        self.settings = settings or Settings()
        self.port = port
        self.proxy_port = proxy_port
        self.initial_faults: dict[str, float] = {}
        self._conversations: set[Conversation] = set()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self.machine = Machine(self.settings)
        self.machine.hang_up = self.hang_up
        self.machine.faults.set(self.initial_faults)
        self._server = await loop.create_server(
            lambda: Conversation(self.machine, self._conversations), "127.0.0.1", self.port
        )
        self.port = self._server.sockets[0].getsockname()[1]
        self._proxy = Proxy(self.machine)
        self.proxy_port = await self._proxy.start(self.proxy_port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.hang_up()
        await self._proxy.close()
        self.machine.close()

    # What is done to it.

    def hang_up(self) -> None:
        """Break every client's connection."""
        for conversation in list(self._conversations):
            conversation.hang_up()

    def plug_in(self, name: str, password: str, mac: str = "") -> None:
        """A box at a customer's, which dials at once and for ever."""
        self.plug_in_many([(name, password, mac)])

    def plug_in_many(self, boxes: Iterable[tuple[str, str, str]]) -> None:
        """Boxes by name, password and MAC address; an empty MAC address is made up."""
        ppp = self.machine.ppp
        for name, password, mac in boxes:
            ppp.plug_in(name, password, mac or mac_of(len(ppp.cpes) + 1))
        self.machine.wrote("")

    def unplug(self, name: str) -> None:
        """Take a box away."""
        self.machine.ppp.unplug(name)

    def power(self, name: str, *, on: bool) -> None:
        """Switch a box off or on. Raises KeyError."""
        self.machine.ppp.power(self.machine.ppp.cpes[name], on=on)

    def faults(self, **changes: float) -> None:
        """Go wrong in these ways from now on, as named in `Faults`. Raises ValueError."""
        self.machine.faults.set(changes)
        if self.machine.faults.refuse:
            self.hang_up()

    def reboot(self) -> None:
        """Sessions end, connections break, ids change; the boxes dial again."""
        self.machine.reboot()

    def by_hand(self, command: str, **given: str) -> list[Row]:
        """Do a command as an operator in Winbox would; `_` in names stands for `-`.

        Raises `Trap`.
        """
        words = {key.replace("_", "-"): value for key, value in given.items()}
        if "id" in words:
            words[".id"] = words.pop("id")
        return execute(self.machine, command, words).rows

    # What is seen of it.

    def secret(self, name: str) -> Row | None:
        """A secret as it is held, password and all."""
        row = self.machine.tables["/ppp/secret"].one(name)
        return dict(row) if row else None

    def secrets(self) -> list[Row]:
        """Every secret, passwords left out."""
        rows = self.machine.tables["/ppp/secret"].rows.values()
        return [{key: row[key] for key in row if key != "password"} for row in rows]

    def sessions(self) -> list[Row]:
        """Every live session."""
        return self.by_hand("/ppp/active/print")

    def is_online(self, name: str) -> bool:
        """Is this customer online?"""
        return name in self.machine.ppp.by_name

    def is_walled(self, name: str, address_list: str = "waya-walled") -> bool:
        """Is this customer online, and in the list of the walled?"""
        sessions = self.machine.ppp.by_name.get(name, ())
        return any(session.address_list == address_list for session in sessions)

    def state(self) -> dict[str, Any]:
        """The router in numbers, and its faults."""
        machine = self.machine
        return {
            "name": machine.settings.name,
            "port": self.port,
            "proxy_port": self.proxy_port,
            "version": machine.settings.version,
            "secrets": len(machine.tables["/ppp/secret"].rows),
            "boxes": len(machine.ppp.cpes),
            "sessions": len(machine.ppp.sessions),
            "connections": len(self._conversations),
            "commands_heard": machine.commands_heard,
            "wrong_logins": sum(login["outcome"] == "refused" for login in machine.logins),
            "faults": asdict(machine.faults),
        }

    async def until(self, condition: Callable[[], bool], seconds: float = 10.0) -> None:
        """Wait for a condition on this router. Raises TimeoutError."""
        await self.machine.until(condition, seconds)


class RunningRouter:
    """A router in a thread of its own, for tests and programs that are not asynchronous."""

    def __init__(self, router: LabRouter, loop: asyncio.AbstractEventLoop) -> None:
        self.router = router
        self.port = router.port
        self.proxy_port = router.proxy_port
        self._loop = loop

    def call(self, what: Callable[[LabRouter], T]) -> T:
        """Do or see something on the router's own thread: `call(lambda r: r.state())`."""

        async def there() -> T:
            return what(self.router)

        return asyncio.run_coroutine_threadsafe(there(), self._loop).result(timeout=30)

    def until(self, condition: Callable[[LabRouter], bool], seconds: float = 10.0) -> None:
        """Wait for a condition on the router. Raises TimeoutError."""
        waiting = self.router.until(lambda: condition(self.router), seconds)
        asyncio.run_coroutine_threadsafe(waiting, self._loop).result(timeout=seconds + 10)


@contextmanager
def running_router(
    settings: Settings | None = None, *, port: int = 0, proxy_port: int = 0
) -> Iterator[RunningRouter]:
    """A router for as long as the block lasts."""
    router = LabRouter(settings, port=port, proxy_port=proxy_port)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="lab-router", daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(router.__aenter__(), loop).result(timeout=30)
        try:
            yield RunningRouter(router, loop)
        finally:
            asyncio.run_coroutine_threadsafe(router.__aexit__(), loop).result(timeout=30)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout=30)
        loop.close()


__all__ = ["LabRouter", "RunningRouter", "Settings", "Trap", "running_router"]
