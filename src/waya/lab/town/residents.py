"""Those who live in the town now: a technician who plugs in boxes, and people who pay."""

from __future__ import annotations

import hashlib
import random
import threading
from datetime import timedelta
from typing import Any

import httpx
from django.db import connection

from waya.billing.models import ProForma
from waya.billing.queries.accounts import accounts
from waya.kernel import clock
from waya.lab.town.founding import Lab
from waya.network.models import Router
from waya.org import lab_clock
from waya.org.models import Entity
from waya.parties.models import Contact
from waya.payments.models import Merchant
from waya.subscriptions.models import Subscription

_LOGINS = """
select d.name, s.password
from network_desiredaccess d join radius_private.access_secret s using (name)
where d.router_id = %s and not d.ended order by d.name
"""
ROUND_SECONDS = 2.0
# Some have left for good, so a town is never without a walled customer.
ALWAYS_BEHIND = 4


class Residents:
    """Works until told to stop; `pace` is the mean time between two payments."""

    def __init__(self, lab: Lab, entity: Entity, merchant: Merchant, pace: timedelta) -> None:
        self.lab = lab
        self.entity = entity
        self.merchant = merchant
        self.pace = pace
        self.stop = threading.Event()
        self._chance = random.Random()
        self._plugged: dict[int, set[str]] = {}
        self._next_payment = clock.real_now() + pace
        self._http = httpx.Client(timeout=10)

    def run(self) -> None:
        """Introduce everybody's phone to M-PESA, then live."""
        self._introduce()
        while not self.stop.wait(ROUND_SECONDS):
            lab_clock.forget()
            try:
                self.plug_in()
                if self.pace and clock.real_now() >= self._next_payment:
                    self._pay_somebody()
            except httpx.HTTPError:
                continue  # a simulator is being restarted; the next round finds it

    def plug_in(self) -> None:
        """Type each new login into a box at the customer's: what a technician does."""
        routers = Router.objects.filter(entity=self.entity).order_by("pk")
        for index, router in enumerate(routers):
            done = self._plugged.setdefault(router.pk, set())
            with connection.cursor() as cursor:
                cursor.execute(_LOGINS, [router.pk])
                fresh = [(name, secret) for name, secret in cursor.fetchall() if name not in done]
            if not fresh:
                continue
            boxes = [{"name": n, "password": p, "mac": _mac(n)} for n, p in fresh]
            self._post(self.lab.control_url, f"/boxes?router={index}", {"boxes": boxes})
            done.update(name for name, _ in fresh)

    def _introduce(self) -> None:
        rows = Contact.objects.filter(customer__entity=self.entity)
        phones = [
            {"msisdn": phone.removeprefix("+"), "name": name, "balance": 20_000}
            for phone, name in rows.values_list("phone", "name")
        ]
        self._post(self.lab.daraja_url, "/_sim/phones", {"phones": phones})

    def _pay_somebody(self) -> None:
        """One of those who have something to pay does so, from their own phone: mostly in
        time, sometimes after being walled, now and then with a slip in the account number."""
        self._next_payment = clock.real_now() + self.pace * self._chance.uniform(0.4, 1.6)
        rows = Subscription.objects.filter(entity=self.entity)
        walled = list(
            rows.filter(state=Subscription.SUSPENDED).values_list("customer_id", flat=True)
        )
        asked = list(
            ProForma.objects.filter(entity=self.entity, state=ProForma.OPEN).values_list(
                "customer_id", flat=True
            )
        )
        late = len(walled) > ALWAYS_BEHIND and self._chance.random() < 0.4
        ready = walled if late else sorted(set(asked) - set(walled))
        owing = {k: a.to_pay for k, a in accounts(self.entity.pk, ready).items() if a.to_pay}
        if not owing:
            return
        customer_id = self._chance.choice(sorted(owing))
        contact = Contact.objects.select_related("customer").get(
            customer_id=customer_id, primary=True
        )
        account = contact.customer.account_number
        if self._chance.random() < 0.15:
            account = account[:3] + account[5] + account[4] + account[3] + account[6:]
        self._post(
            self.lab.daraja_url,
            "/_sim/pay",
            {
                "msisdn": contact.phone.removeprefix("+"),
                "shortcode": self.merchant.short_code,
                "account": account,
                "amount": -(-owing[customer_id].minor // 100),
            },
        )

    def _post(self, base: str, path: str, body: dict[str, Any]) -> None:
        self._http.post(base + path, json=body).raise_for_status()


def _mac(name: str) -> str:
    """A box has one address for life, so it follows from the login."""
    digest = hashlib.sha256(name.encode()).hexdigest()[:6].upper()
    return "48:A9:8A:" + ":".join(digest[at : at + 2] for at in (0, 2, 4))
