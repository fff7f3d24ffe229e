"""The handset: a page on which a person holds any simulated telephone."""

from __future__ import annotations

import asyncio
import re
from dataclasses import asdict
from importlib.resources import files
from typing import Any

from waya.kernel import clock, ids
from waya.lab.daraja.control import (
    answer_prompt,
    event_list,
    pay_by_hand,
    phone_list,
    phone_state,
)
from waya.lab.daraja.safaricom import Safaricom
from waya.lab.web import BadRequest, Request, Response, Routes, as_json

_STATIC = {
    "/": ("handset.html", "text/html; charset=utf-8"),
    "/handset.css": ("handset.css", "text/css; charset=utf-8"),
    "/handset.js": ("handset.js", "text/javascript; charset=utf-8"),
    "/icons.svg": ("icons.svg", "image/svg+xml"),
}
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'; object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


class Handset:
    """The page, and what its script asks for every second."""

    def __init__(self, safaricom: Safaricom) -> None:
        self._safaricom = safaricom

    def routes(self) -> Routes:
        """Method and path of each address."""
        return {
            **{("GET", path): self.static for path in _STATIC},
            ("GET", "/state"): self.state,
            ("GET", "/check"): self.check,
            ("POST", "/answer"): self.answer,
            ("POST", "/pay"): self.pay,
            ("POST", "/set"): self.set,
        }

    async def static(self, request: Request) -> Response:
        """The page and its files."""
        name, kind = _STATIC[request.path]
        body = files(__package__).joinpath("static", name).read_bytes()
        return Response(200, body, kind, _HEADERS)

    async def state(self, request: Request) -> Response:
        """The list of telephones, and everything about the one that is held."""
        safaricom = self._safaricom
        held = request.query.get("msisdn", "")
        phones = phone_list(safaricom, request.query.get("find", ""))
        # Whoever holds a number that nobody has, gives it a telephone.
        known = re.fullmatch(r"254\d{9}", held) is not None
        state: dict[str, Any] = {
            "now": clock.real_now().isoformat(),
            "clock": safaricom.now().isoformat(),
            "phones": phones,
            "merchants": [
                {"shortcode": merchant.shortcode, "name": merchant.name}
                for merchant in safaricom.merchants.values()
            ],
            "phone": phone_state(safaricom, held) if known else None,
            "events": event_list(safaricom, held)[-30:] if known else [],
            "settled": self._settled(held) if known else None,
            "knobs": asdict(safaricom.knobs),
        }
        return as_json(state)

    def _settled(self, msisdn: str) -> dict[str, Any]:
        """What this telephone has paid, and how often the merchant heard of the last of it."""
        rows = self._safaricom.phone(msisdn).paid
        return {
            "count": len(rows),
            "total": sum(settled.amount for settled in rows),
            "receipt": rows[-1].receipt if rows else "",
            "heard": rows[-1].heard if rows else 0,
        }

    async def set(self, request: Request) -> Response:
        """Break something, or mend it."""
        try:
            self._safaricom.turn(_sent(request))
        except ValueError as error:
            raise BadRequest(str(error)) from error
        return as_json(asdict(self._safaricom.knobs))

    async def check(self, request: Request) -> Response:
        """Whether an account, as typed, passes its check digit."""
        number = ids.normal(request.query.get("account", ""))
        return as_json({"valid": bool(number) and ids.check_digit_ok(number)})

    async def answer(self, request: Request) -> Response:
        """Answer the prompt on the held telephone."""
        await answer_prompt(self._safaricom, _sent(request))
        return as_json({"answered": True})

    async def pay(self, request: Request) -> Response:
        """Pay a paybill from the held telephone; the confirmation may still be on its way."""
        payment = pay_by_hand(self._safaricom, _sent(request))
        paying = asyncio.ensure_future(payment)
        done, _ = await asyncio.wait({paying}, timeout=3)
        if done:
            return as_json(paying.result())
        self._safaricom.outgoing.later(_finished(paying))
        return as_json({"paid": True, "why": "", "receipt": "", "status": 0})


def _sent(request: Request) -> dict[str, Any]:
    """JSON that says it is JSON, which a form on a foreign page cannot."""
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise BadRequest("JSON is wanted")
    return request.json()


async def _finished(paying: asyncio.Future[dict[str, Any]]) -> None:
    await asyncio.wait({paying})
