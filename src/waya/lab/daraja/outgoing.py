"""Notifications on their way to a merchant: late, twice, backwards or lost, as the knobs say."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from waya.lab.daraja.knobs import Knobs
from waya.lab.web import BadRequest, HttpClient


def is_loopback(url: str) -> bool:
    """Whether an address leads to this machine, by plain HTTP; nothing else is ever called."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        return parts.scheme == "http" and (
            host == "localhost" or ipaddress.ip_address(host).is_loopback
        )
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Notice:
    """One notification. `told` is called with the status and milliseconds of every answer."""

    url: str
    payload: Mapping[str, Any]
    told: Callable[[int, int], None]


class Outgoing:
    """Sends notices, and knows when none is under way."""

    def __init__(self) -> None:
        self._http = HttpClient()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._held: list[tuple[Notice, Knobs, asyncio.Future[int]]] = []

    async def close(self) -> None:
        """Drop what is under way."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._http.close()

    async def quiet(self) -> None:
        """Return once nothing is to be sent or answered any more."""
        while self._tasks:
            await asyncio.wait(list(self._tasks))

    def later(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do this on the side."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def tell(self, notice: Notice, knobs: Knobs) -> int:
        """Send a notice, and its copies after it; the status of the first answer, 0 for none."""
        await asyncio.sleep(knobs.callback_delay / 1000)
        if knobs.duplicate_gap == 0:
            self._copy(notice, knobs)
        if knobs.reorder > 1:
            status = await self._hold(notice, knobs)
        else:
            status = await self._until_heard(notice, knobs)
        if knobs.duplicate_gap > 0:
            self._copy(notice, knobs)
        return status

    async def ask(self, url: str, payload: Mapping[str, Any], timeout_ms: int) -> Any:
        """Put a question; the answer's JSON, or None when there is none in time."""
        try:
            status, body = await self._http.post(url, _encoded(payload), timeout_ms)
            return json.loads(body) if status == 200 else None
        except (OSError, TimeoutError, BadRequest, ValueError):
            return None

    def _copy(self, notice: Notice, knobs: Knobs) -> None:
        for number in range(knobs.duplicates):
            self.later(self._copy_after(notice, knobs, knobs.duplicate_gap * (number + 1)))

    async def _copy_after(self, notice: Notice, knobs: Knobs, milliseconds: int) -> None:
        await asyncio.sleep(milliseconds / 1000)
        await self._until_heard(notice, knobs)

    async def _until_heard(self, notice: Notice, knobs: Knobs) -> int:
        status = 0
        for attempt in range(1 + knobs.retries):
            if attempt:
                await asyncio.sleep(knobs.retry_after / 1000)
            began = time.monotonic()
            status = await self._post(notice, knobs.answer_timeout)
            notice.told(status, round((time.monotonic() - began) * 1000))
            if status == 200:
                break
        return status

    async def _post(self, notice: Notice, timeout_ms: int) -> int:
        if not is_loopback(notice.url):
            return 0
        try:
            status, _ = await self._http.post(notice.url, _encoded(notice.payload), timeout_ms)
        except (OSError, TimeoutError, BadRequest):
            return 0
        return status

    async def _hold(self, notice: Notice, knobs: Knobs) -> int:
        """Wait for company, so that the last of the window is sent first."""
        loop = asyncio.get_running_loop()
        heard: asyncio.Future[int] = loop.create_future()
        self._held.append((notice, knobs, heard))
        if len(self._held) >= knobs.reorder:
            self._release()
        else:
            loop.call_later(knobs.reorder_hold / 1000, self._release)
        return await heard

    def _release(self) -> None:
        held, self._held = self._held[::-1], []
        if held:
            self.later(self._send_in_turn(held))

    async def _send_in_turn(self, held: list[tuple[Notice, Knobs, asyncio.Future[int]]]) -> None:
        for notice, knobs, heard in held:
            heard.set_result(await self._until_heard(notice, knobs))


def _encoded(payload: Mapping[str, Any]) -> bytes:
    return json.dumps(payload).encode()
