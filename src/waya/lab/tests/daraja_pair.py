"""The simulated Safaricom and our driver, facing each other; for the tests beside this."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from waya.kernel import ids
from waya.lab.daraja.listener import Listener, listening
from waya.lab.daraja.safaricom import SANDBOX_PASSKEY
from waya.lab.daraja.station import RunningDaraja, running_daraja
from waya.payments.drivers import Prompt, PromptSent, Token
from waya.payments.drivers.daraja import Credentials, Daraja

PAYBILL = "600426"
ACCOUNT = ids.account_number(104_828)
AMINA = "254700000418"


class Kept:
    """A token store in memory."""

    def __init__(self) -> None:
        self.token: Token | None = None
        self.puts = 0

    def get(self) -> Token | None:
        return self.token

    def put(self, token: Token) -> None:
        self.token = token
        self.puts += 1


def credentials(
    *, secret: str = "lab-consumer-secret", passkey: str = SANDBOX_PASSKEY, till: str = ""
) -> Credentials:
    return Credentials("lab-consumer-key", secret, passkey, PAYBILL, till)


@dataclass(frozen=True)
class Pair:
    """A simulator, a listener that is registered with it, and a driver."""

    sim: RunningDaraja
    heard: Listener
    driver: Daraja
    tokens: Kept

    def push(self, msisdn: str = AMINA, shillings: int = 2500) -> PromptSent:
        return self.driver.push(
            Prompt(f"+{msisdn}", shillings * 100, ACCOUNT, f"{self.heard.url}/hk/s")
        )

    def pay(self, shillings: int = 2500, **knobs: object) -> dict[str, object]:
        return self.sim.pay_paybill(AMINA, PAYBILL, ACCOUNT, shillings, **knobs)

    def register(self, response_type: str = "Completed") -> None:
        self.driver.register_urls(
            confirmation_url=f"{self.heard.url}/hk/c",
            validation_url=f"{self.heard.url}/hk/v",
            response_type=response_type,
        )


@contextmanager
def paired() -> Iterator[Pair]:
    """Everything up, and the paybill's addresses registered."""
    with running_daraja() as sim, listening() as heard:
        tokens = Kept()
        driver = Daraja(credentials(), sim.url, tokens, timeout_seconds=5)
        pair = Pair(sim, heard, driver, tokens)
        pair.register()
        yield pair
        driver.close()
