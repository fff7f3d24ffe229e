"""One simulated Safaricom with its two ports, served by a loop of its own or of the caller's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar

from waya.lab.daraja import control
from waya.lab.daraja.carrier import AfricasTalking
from waya.lab.daraja.control import Control
from waya.lab.daraja.endpoints import Daraja
from waya.lab.daraja.handset import Handset
from waya.lab.daraja.knobs import Knobs
from waya.lab.daraja.records import Application, Merchant
from waya.lab.daraja.safaricom import SANDBOX_PASSKEY, Safaricom
from waya.lab.web import HttpServer, LoopThread, loop_thread

_Given = ParamSpec("_Given")
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Setup:
    """Who is let in from the start. Nothing here is a secret: it is a lab."""

    shortcode: str = "600426"
    merchant_name: str = "Baraka Net"
    passkey: str = SANDBOX_PASSKEY
    consumer_key: str = "lab-consumer-key"
    consumer_secret: str = "lab-consumer-secret"
    sms_username: str = "sandbox"
    sms_key: str = "lab-sms-key"
    knobs: Knobs = field(default_factory=Knobs)
    seed: int | None = None


class Station:
    """The simulated Safaricom and its servers, on the running loop."""

    def __init__(self, setup: Setup) -> None:
        self.safaricom = Safaricom(setup.knobs, setup.seed)
        merchant = Merchant(setup.shortcode, setup.merchant_name, setup.passkey)
        self.safaricom.add_merchant(merchant)
        application = Application(setup.consumer_key, setup.consumer_secret)
        self.safaricom.applications[setup.consumer_key] = application
        carrier = AfricasTalking(self.safaricom, setup.sms_username, setup.sms_key)
        self._gateway = HttpServer(
            {
                **Daraja(self.safaricom).routes(),
                **Control(self.safaricom).routes(),
                **carrier.routes(),
            }
        )
        self._handset = HttpServer(Handset(self.safaricom).routes())

    async def start(self, *, port: int, handset_port: int) -> tuple[int, int]:
        """Listen on loopback; the ports are returned. Raises OSError when one is taken."""
        bound = await self._gateway.start(port)
        return bound, await self._handset.start(handset_port)

    async def close(self) -> None:
        """Stop listening, and drop what is under way."""
        await self._gateway.close()
        await self._handset.close()
        await self.safaricom.outgoing.close()


class RunningDaraja:
    """A station on a thread of its own, held by a test or a bench."""

    def __init__(self, station: Station, thread: LoopThread, url: str, handset_url: str) -> None:
        self._station = station
        self._thread = thread
        self.url = url
        self.handset_url = handset_url

    def set(self, **changes: Any) -> None:
        """Turn some knobs; raises ValueError."""
        self._thread.wait_for(self._call(self._station.safaricom.turn, changes))

    def merchant(self, shortcode: str, name: str, *, store: str = "") -> None:
        """Open a paybill, or a till with its head office."""
        merchant = Merchant(shortcode, name, SANDBOX_PASSKEY, store)
        self._thread.wait_for(self._call(self._station.safaricom.add_merchant, merchant))

    def answer(self, msisdn: str, verdict: str, *, lose_callback: bool = False) -> None:
        """Answer what the telephone shows; returns when everybody was told."""
        sent = {"msisdn": msisdn, "verdict": verdict, "lose_callback": lose_callback}
        self._thread.wait_for(control.answer_prompt(self._station.safaricom, sent))
        self.wait_until_idle()

    def approve(self, msisdn: str) -> None:
        """Pay what the telephone asks for."""
        self.answer(msisdn, "approve")

    def refuse(self, msisdn: str) -> None:
        """Cancel what the telephone asks for."""
        self.answer(msisdn, "refuse")

    def pay_paybill(
        self, msisdn: str, shortcode: str, account: str, amount: int, **knobs: Any
    ) -> dict[str, Any]:
        """Pay whole shillings; returns when the confirmation was answered, with the receipt."""
        sent = {"msisdn": msisdn, "shortcode": shortcode, "account": account, "amount": amount}
        return self._thread.wait_for(
            control.pay_by_hand(self._station.safaricom, {**sent, "knobs": knobs})
        )

    def phone(self, msisdn: str) -> dict[str, Any]:
        """The telephone's balance, prompt and messages."""
        return self._thread.wait_for(
            self._call(control.phone_state, self._station.safaricom, msisdn)
        )

    def sms(self, msisdn: str) -> list[str]:
        """The texts in the telephone's inbox, latest first."""
        return [message["text"] for message in self.phone(msisdn)["messages"]]

    def ledger(self) -> list[dict[str, Any]]:
        """Everything that was settled, in order."""
        return self._thread.wait_for(
            self._call(lambda: [s.row() for s in self._station.safaricom.ledger])
        )

    def wait_until_idle(self, seconds: int = 10) -> None:
        """Return once nothing is under way; raises TimeoutError."""
        self._thread.wait_for(asyncio.wait_for(self._station.safaricom.outgoing.quiet(), seconds))

    async def _call(
        self, function: Callable[_Given, _Answer], *given: _Given.args, **named: _Given.kwargs
    ) -> _Answer:
        return function(*given, **named)


@contextmanager
def running_daraja(
    setup: Setup | None = None, *, port: int = 0, handset_port: int = 0
) -> Iterator[RunningDaraja]:
    """A simulated Safaricom on free ports, for as long as the block lasts."""
    with loop_thread("daraja") as thread:
        station = thread.wait_for(_built(setup or Setup()))
        try:
            ports = thread.wait_for(station.start(port=port, handset_port=handset_port))
            yield RunningDaraja(station, thread, *(f"http://127.0.0.1:{bound}" for bound in ports))
        finally:
            thread.wait_for(station.close())


async def _built(setup: Setup) -> Station:
    return Station(setup)
