"""The control unit on the wire, with faults to order and what is needed to look into it."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from waya.lab.vscu.unit import INIT, ITEM, SALE, ControlUnit, said
from waya.lab.web import Hangup, HttpServer, Request, Response, as_json, loop_thread


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with one request: a code instead of an answer, an HTTP status, silence of
    some seconds, the line cut before it was read (`drop`) or after it was done (`lose_answer`)."""

    result_code: str = ""
    message: str = "Fault"
    http_status: int = 0
    drop: bool = False
    lose_answer: bool = False
    delay: float = 0


@dataclass(slots=True)
class Station:
    """A control unit that listens. `requests` is what came, in order."""

    unit: ControlUnit = field(default_factory=ControlUnit)
    url: str = ""
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    _faults: dict[str, deque[Fault]] = field(default_factory=dict)

    def routes(self) -> dict[tuple[str, str], Any]:
        """What it answers, and `/_sim` to steer it by."""
        told = {("POST", path): self._told for path in (INIT, ITEM, SALE)}
        return {**told, ("POST", "/_sim/kra"): self._steer, ("GET", "/_sim/sales"): self._sales}

    def fail_next(self, path: str, **fault: Any) -> None:
        """The next request to this path meets a fault; several are met in order."""
        self._faults.setdefault(path, deque()).append(Fault(**fault))

    def sales(self, tin: str, branch: str) -> dict[int, dict[str, Any]]:
        """The signed sales of a branch by number: each `request` with its `receipt`."""
        found = self.unit.branches.get((tin, branch))
        return dict(found.sales) if found else {}

    async def _told(self, request: Request) -> Response:
        waiting = self._faults.get(request.path)
        fault = waiting.popleft() if waiting else Fault()
        await asyncio.sleep(fault.delay)
        if fault.drop:
            raise Hangup
        if fault.http_status:
            return Response(fault.http_status, b"<html>Server error</html>", "text/html")
        try:
            body = json.loads(request.body, parse_float=Decimal)
        except ValueError:
            return as_json(said("910"))
        self.requests.append((request.path, body))
        if fault.result_code:
            return as_json(said(fault.result_code, fault.message))
        answer = self.unit.answer(request.path, body)
        if fault.lose_answer:
            raise Hangup
        return as_json(answer)

    async def _steer(self, request: Request) -> Response:
        self.unit.away = bool(request.json().get("away"))
        return as_json({"away": self.unit.away})

    async def _sales(self, request: Request) -> Response:
        rows = [
            {"tin": tin, "bhfId": branch, "invcNo": number, **one["receipt"]}
            for (tin, branch), found in self.unit.branches.items()
            for number, one in sorted(found.sales.items())
        ]
        return as_json(rows)


@contextmanager
def plugged_in(unit: ControlUnit | None = None, port: int = 0) -> Iterator[Station]:
    """A control unit on loopback for as long as the block lasts, on a free port for 0."""
    station = Station(unit or ControlUnit())
    server = HttpServer(station.routes())
    with loop_thread("vscu") as thread:
        try:
            station.url = f"http://127.0.0.1:{thread.wait_for(server.start(port))}"
            yield station
        finally:
            thread.wait_for(server.close())
