"""A merchant's end in tests: collects what the simulated Safaricom sends, and answers as told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from waya.lab.web import HttpServer, Request, Response, as_json, loop_thread


@dataclass(slots=True)
class Listener:
    """What came, in order, by path. `answers` gives a path's status and JSON; else it accepts.

    A `delay` in seconds holds every answer back for its path.
    """

    url: str = ""
    bodies: list[tuple[str, bytes]] = field(default_factory=list)
    answers: dict[str, tuple[int, dict[str, Any]]] = field(default_factory=dict)
    delays: dict[str, float] = field(default_factory=dict)

    def on(self, path: str) -> list[bytes]:
        """The bodies that came to a path."""
        return [body for where, body in self.bodies if where == path]

    def json(self, path: str) -> list[dict[str, Any]]:
        """The same, read."""
        return [json.loads(body) for body in self.on(path)]

    async def answer(self, request: Request) -> Response:
        """Note it and answer."""
        self.bodies.append((request.path, request.body))
        await asyncio.sleep(self.delays.get(request.path, 0))
        usual = (200, {"ResultCode": 0, "ResultDesc": "Accepted"})
        status, answer = self.answers.get(request.path, usual)
        return as_json(answer, status)


@contextmanager
def listening(paths: tuple[str, ...] = ("/hk/s", "/hk/c", "/hk/v")) -> Iterator[Listener]:
    """A listener on a free port, for as long as the block lasts."""
    listener = Listener()
    server = HttpServer({("POST", path): listener.answer for path in paths})
    with loop_thread("listener") as thread:
        try:
            listener.url = f"http://127.0.0.1:{thread.wait_for(server.start(0))}"
            yield listener
        finally:
            thread.wait_for(server.close())
