"""Open-loop load: what is sent does not wait for what was sent before."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from waya.lab.web import BadRequest, HttpClient

_ANSWER_WITHIN_MS = 30_000


@dataclass(frozen=True, slots=True)
class Payment:
    """A confirmation that is to arrive so many seconds after the start."""

    transaction: str
    username: str
    router: int
    after_seconds: float
    body: bytes


@dataclass(frozen=True, slots=True)
class Sent:
    """When it was to arrive (seconds since the epoch), and how long the answer took from then;
    `status` is 0 when there was none."""

    payment: Payment
    due_at: float
    answered_ms: float
    status: int


def arrivals(count: int, rate: float, seed: int = 7) -> list[float]:
    """Moments of a Poisson process: customers do not queue up to pay."""
    chance = random.Random(seed)
    moments, at = [], 0.0
    for _ in range(count):
        at += chance.expovariate(rate)
        moments.append(at)
    return moments


def confirmation(transaction: str, short_code: str, account: str, amount: str) -> bytes:
    """What M-PESA sends when a customer paid a paybill."""
    told: dict[str, Any] = {
        "TransactionType": "Pay Bill",
        "TransID": transaction,
        "TransTime": f"{datetime.now(UTC):%Y%m%d%H%M%S}",  # noqa: TID251 - Safaricom's own clock
        "TransAmount": amount,
        "BusinessShortCode": short_code,
        "BillRefNumber": account,
        "InvoiceNumber": "",
        "OrgAccountBalance": "",
        "ThirdPartyTransID": "",
        "MSISDN": "2547 ***** 126",
        "FirstName": "AMINA",
        "MiddleName": "",
        "LastName": "",
    }
    return json.dumps(told).encode()


async def send(url: str, payments: Sequence[Payment]) -> list[Sent]:
    """Send each at its moment, whatever became of the others."""
    client = HttpClient()
    began_at, began = time.time(), time.monotonic()

    async def one(payment: Payment) -> Sent:
        await asyncio.sleep(began + payment.after_seconds - time.monotonic())
        try:
            status, _ = await client.post(url, payment.body, _ANSWER_WITHIN_MS)
        except (OSError, TimeoutError, BadRequest):
            status = 0
        late = time.monotonic() - began - payment.after_seconds
        return Sent(payment, began_at + payment.after_seconds, late * 1000, status)

    try:
        return list(await asyncio.gather(*map(one, payments)))
    finally:
        client.close()


def quantiles(values: Sequence[float], *wanted: int) -> dict[str, float]:
    """Percentiles by nearest rank, in the values' unit; none of nothing."""
    ranked = sorted(values)
    if not ranked:
        return {}
    return {f"p{q}": round(ranked[max(0, -(-q * len(ranked) // 100) - 1)], 1) for q in wanted}
