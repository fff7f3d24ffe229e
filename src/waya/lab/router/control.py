"""The control channel of simulated routers: JSON over HTTP, the router named by `?router=N`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from waya.lab.router.server import LabRouter
from waya.lab.web import BadRequest, Request, Response, Routes, as_json


class Control:
    """Do to routers what happens to routers, and look inside them."""

    def __init__(self, routers: Sequence[LabRouter]) -> None:
        self.routers = routers

    def routes(self) -> Routes:
        """Method and path of each address."""
        return {
            ("GET", "/"): self.state,
            ("GET", "/secrets"): self.secrets,
            ("GET", "/sessions"): self.sessions,
            ("GET", "/boxes"): self.boxes,
            ("POST", "/boxes"): self.plug_in,
            ("POST", "/boxes/remove"): self.unplug,
            ("POST", "/boxes/power"): self.power,
            ("POST", "/faults"): self.faults,
            ("POST", "/reboot"): self.reboot,
            ("POST", "/disconnect"): self.disconnect,
            ("GET", "/commands"): self.commands,
            ("GET", "/logins"): self.logins,
            ("GET", "/log"): self.log,
        }

    async def state(self, request: Request) -> Response:
        """Every router in numbers."""
        return as_json([router.state() for router in self.routers])

    async def secrets(self, request: Request) -> Response:
        """What one router knows of its customers, passwords left out."""
        return as_json(self._router(request).secrets())

    async def sessions(self, request: Request) -> Response:
        """Who is online."""
        return as_json(self._router(request).sessions())

    async def boxes(self, request: Request) -> Response:
        """Customers' boxes: are they online, walled, and if not why."""
        router = self._router(request)
        return as_json([
            {
                "name": cpe.name,
                "mac": cpe.mac,
                "powered": cpe.powered,
                "online": cpe.session is not None,
                "walled": bool(cpe.session and cpe.session.address_list),
                "address": cpe.session.address if cpe.session else "",
                "trouble": cpe.trouble,
            }
            for cpe in router.machine.ppp.cpes.values()
        ])  # fmt: skip

    async def plug_in(self, request: Request) -> Response:
        """One box `{name, password, mac}`, or many as `{"boxes": [...]}`."""
        sent = request.json()
        boxes = sent.get("boxes", [sent])
        try:
            read = [(str(b["name"]), str(b["password"]), str(b.get("mac", ""))) for b in boxes]
        except (KeyError, TypeError, AttributeError) as error:
            raise BadRequest("a box has a name and a password") from error
        self._router(request).plug_in_many(read)
        return as_json({"plugged_in": len(read)}, 201)

    async def unplug(self, request: Request) -> Response:
        """Take a box away, by name."""
        self._router(request).unplug(_word(request, "name"))
        return as_json({})

    async def power(self, request: Request) -> Response:
        """Switch a box on or off, by name."""
        try:
            self._router(request).power(_word(request, "name"), on=bool(request.json().get("on")))
        except KeyError as error:
            raise BadRequest("no such box") from error
        return as_json({})

    async def faults(self, request: Request) -> Response:
        """Set some faults; the answer is how all of them stand."""
        router = self._router(request)
        sent = {k: float(v) if isinstance(v, str) else v for k, v in request.json().items()}
        try:
            router.faults(**sent)
        except ValueError as error:
            raise BadRequest(f"no such fault: {error}") from error
        return as_json(asdict(router.machine.faults))

    async def reboot(self, request: Request) -> Response:
        """Pull the plug for a moment."""
        self._router(request).reboot()
        return as_json({})

    async def disconnect(self, request: Request) -> Response:
        """End a customer's sessions, by name."""
        ppp = self._router(request).machine.ppp
        sessions = list(ppp.by_name.get(_word(request, "name"), ()))
        for session in sessions:
            ppp.end(session, "hung up")
        return as_json({"ended": len(sessions)})

    async def commands(self, request: Request) -> Response:
        """The last commands that came in by the API, without passwords."""
        return as_json([asdict(heard) for heard in self._router(request).machine.heard])

    async def logins(self, request: Request) -> Response:
        """The last logins by the API, and how they ended."""
        return as_json(list(self._router(request).machine.logins))

    async def log(self, request: Request) -> Response:
        """The router's own log."""
        return as_json(self._router(request).by_hand("/log/print"))

    def _router(self, request: Request) -> LabRouter:
        try:
            return self.routers[int(request.query.get("router", "0"))]
        except (ValueError, IndexError) as error:
            raise BadRequest("no such router") from error


def _word(request: Request, name: str) -> str:
    value: Any = request.json().get(name)
    if not isinstance(value, str):
        raise BadRequest(f"{name} is missing")
    return value
