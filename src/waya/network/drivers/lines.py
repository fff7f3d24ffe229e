"""Kept conversations: one with each router, for as long as this process lives.

Logging in costs a router more than what is asked of it afterwards, and many commands may be
in flight on one conversation, so a restore finds the line open. All lines live on one loop
in a thread of its own; whoever calls waits in theirs.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

from waya.network.drivers import Driver
from waya.network.drivers.errors import Transient, Unreachable
from waya.network.drivers.routeros import RouterOS

CONNECT_SECONDS = 3.0
COMMAND_SECONDS = 5.0
PATIENT_COMMAND_SECONDS = 45.0
PROBES = 6
"""So many calls at once may go to routers in trouble: a dead mast must not take every thread."""

T = TypeVar("T")
Work = Callable[[Driver], Awaitable[T]]


@dataclass(frozen=True, slots=True)
class Address:
    """Where a router is and how to log in; `troubled` says that it failed the last time."""

    router_id: int
    host: str
    port: int
    username: str
    password: str = field(repr=False)
    troubled: bool = False


Connect = Callable[[Address, float], Awaitable[Driver]]


async def connect_routeros(address: Address, command_seconds: float) -> Driver:
    """Open a conversation with a MikroTik router. Raises `Unreachable` or `AuthError`."""
    return await RouterOS.connect(
        address.host,
        address.port,
        user=address.username,
        password=address.password,
        timeout_seconds=command_seconds,
    )


@dataclass(slots=True)
class _Line:
    opening: asyncio.Lock = field(default_factory=asyncio.Lock)
    driver: Driver | None = None
    login: tuple[object, ...] = ()


class Lines:
    """The conversations of this process. Safe to call from any thread."""

    def __init__(self, connect: Connect = connect_routeros) -> None:
        self._connect = connect
        self._lines: dict[int, _Line] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._starting = threading.Lock()
        self._probes = threading.BoundedSemaphore(PROBES)

    def call(self, address: Address, work: Work[T], *, within_seconds: float) -> T:
        """Do this on the router's kept conversation, opening it if need be.

        A kept one may have gone dead unnoticed: then the work is done once more, from its
        beginning, on a fresh one; so it must do no harm twice. Raises the errors of
        `drivers.errors`; what takes longer than `within_seconds` is `Unreachable`.
        """
        return self._run(address, lambda: self._on_kept(address, work), within_seconds)

    def call_apart(self, address: Address, work: Work[T], *, within_seconds: float) -> T:
        """Do this on a conversation of its own, where long answers hold up nobody."""
        return self._run(address, lambda: self._on_fresh(address, work), within_seconds)

    def close(self) -> None:
        """Hang up everywhere."""
        if self._loop is not None:
            asyncio.run_coroutine_threadsafe(self._hang_up(), self._loop).result()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._loop = None

    def _run(self, address: Address, work: Callable[[], Awaitable[T]], within_seconds: float) -> T:
        async def bounded() -> T:
            try:
                async with asyncio.timeout(within_seconds):
                    return await work()
            except TimeoutError:
                await self._drop(address.router_id)
                raise Unreachable("no answer in time") from None

        if not address.troubled:
            return asyncio.run_coroutine_threadsafe(bounded(), self._running()).result()
        if not self._probes.acquire(blocking=False):
            raise Transient("too many routers are in trouble")
        try:
            return asyncio.run_coroutine_threadsafe(bounded(), self._running()).result()
        finally:
            self._probes.release()

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._starting:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(
                    target=self._loop.run_forever, name="router lines", daemon=True
                ).start()
            return self._loop

    async def _on_kept(self, address: Address, work: Work[T]) -> T:
        driver, fresh = await self._open(address)
        try:
            return await work(driver)
        except Transient:
            await self._drop(address.router_id, driver)
            if fresh:
                raise
        driver, _ = await self._open(address)
        try:
            return await work(driver)
        except Transient:
            await self._drop(address.router_id, driver)
            raise

    async def _on_fresh(self, address: Address, work: Work[T]) -> T:
        driver = await self._dial(address, PATIENT_COMMAND_SECONDS)
        try:
            return await work(driver)
        finally:
            await driver.close()

    async def _open(self, address: Address) -> tuple[Driver, bool]:
        """The kept conversation, or a fresh one; tells which. Opened once, however many ask."""
        line = self._lines.setdefault(address.router_id, _Line())
        login = (address.host, address.port, address.username, address.password)
        async with line.opening:
            if line.driver is not None and line.login == login:
                return line.driver, False
            await self._drop(address.router_id)
            line.driver, line.login = await self._dial(address, COMMAND_SECONDS), login
            return line.driver, True

    async def _dial(self, address: Address, command_seconds: float) -> Driver:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                return await self._connect(address, command_seconds)
        except TimeoutError:
            raise Unreachable("no answer in time", "connect") from None

    async def _drop(self, router_id: int, driver: Driver | None = None) -> None:
        """Hang up, unless somebody has dialled anew meanwhile."""
        line = self._lines.get(router_id)
        if line is None or line.driver is None or driver not in (None, line.driver):
            return
        gone, line.driver = line.driver, None
        with suppress(OSError):
            await gone.close()

    async def _hang_up(self) -> None:
        for router_id in list(self._lines):
            await self._drop(router_id)


LINES = Lines()
"""The lines of this process."""
