"""Baraka Net's till in front of the simulated Safaricom: real calls both ways, real books."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from threading import Thread

import httpx
from django.db import connection

from waya.billing.tests.make import isp
from waya.kernel import clock
from waya.lab.daraja.station import RunningDaraja
from waya.ledger.queries.balances import trial_balance
from waya.org.actors import SYSTEM
from waya.payments.commands.merchants import register_urls
from waya.payments.commands.prompts import prompt
from waya.payments.commands.take import drain
from waya.payments.models import Merchant, Notification, Payment, Prompt
from waya.payments.tests import make
from waya.subscriptions.models import Subscription


@dataclass(slots=True)
class Till:
    """A paybill that is registered with the simulator, and the web that it calls."""

    sim: RunningDaraja
    web: str
    merchant: Merchant

    def customer(self, msisdn: str, name: str = "Chebet Korir") -> Subscription:
        """Somebody with this telephone who was quoted KES 2,500 for Home 10 Mbps."""
        return make.asked(self.merchant.entity, name, f"+{msisdn}")

    def ask(self, row: Subscription, msisdn: str, shillings: int = 2500) -> Prompt:
        """Send a prompt as the portal would."""
        return prompt(
            customer_id=row.customer_id, phone=f"+{msisdn}", amount_minor=shillings * 100, by=SYSTEM
        )

    def pay(self, msisdn: str, account: str, shillings: int = 2500, **knobs: object) -> str:
        """Pay the paybill by hand; gives the receipt."""
        answer = self.sim.pay_paybill(msisdn, make.PAYBILL, account, shillings, **knobs)
        assert answer["paid"], answer
        return str(answer["receipt"])

    def post(self, kind: str, raw: bytes, path: str = "") -> httpx.Response:
        """What somebody else could send to our address."""
        return httpx.post(
            f"{self.web}/hk/{path or self.merchant.path}/{kind}", content=raw,
            headers={"Content-Type": "application/json"}, trust_env=False,
        )  # fmt: skip

    def work_off(self) -> int:
        """Everything that waits, once nothing is on its way any more."""
        self.sim.wait_until_idle()
        return drain(merchant_id=self.merchant.pk, by=SYSTEM)

    def settled(self) -> dict[str, int]:
        """What moved at Safaricom, in minor units by receipt."""
        return {str(row["receipt"]): int(row["amount"]) * 100 for row in self.sim.ledger()}

    def taken(self) -> dict[str, int]:
        """What stands in our payments; a receipt that stood twice would raise."""
        rows = list(Payment.objects.values_list("transaction", "amount_minor"))
        assert len(rows) == len(dict(rows))
        return dict(rows)

    def clearing(self) -> int:
        """What stands in the books as arrived at Safaricom."""
        balances = trial_balance(self.merchant.entity_id)
        return sum(one.amount.minor for one in balances if one.purpose == "clearing:mpesa")

    def states(self) -> list[str]:
        """How each notification ended, in order."""
        return list(Notification.objects.order_by("pk").values_list("state", flat=True))


def open_till(sim: RunningDaraja, web: str) -> Till:
    """Found Baraka Net, give it the paybill and tell Safaricom where to call."""
    till = Till(sim, web, make.merchant(sim.url, isp()))
    register_urls(merchant_id=till.merchant.pk, by=SYSTEM)
    return till


def on_the_side(work: Callable[[], object]) -> Thread:
    """Do this in a thread that leaves no connection behind."""

    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = Thread(target=run)
    thread.start()
    return thread


def until(condition: Callable[[], bool], seconds: int = 10) -> None:
    """Wait for something to become true; fail if it does not."""
    deadline = clock.real_now() + timedelta(seconds=seconds)
    while not condition():
        assert clock.real_now() < deadline, "it did not happen in time"
