"""Postpaid subscribers by the hundred thousand, their month's run, and the floor beside it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from datetime import date
from functools import cache
from http import HTTPStatus
from itertools import islice
from typing import Any

from django.db import connection, transaction
from django.test import Client

from waya.billing.commands import renewals
from waya.billing.models import InvoiceLine
from waya.billing.queries.ageing import ageing
from waya.catalog.commands import add_plan, seed_taxes
from waya.catalog.models import Plan
from waya.kernel import clock, ids
from waya.ledger.commands.accounts import seed_chart
from waya.ledger.queries.balances import trial_balance
from waya.network.commands.routers import add_router
from waya.org.actors import SYSTEM
from waya.org.commands.numbering import reserve_account_numbers
from waya.org.commands.people import create_token, open_entity, seed_roles
from waya.org.models import Entity
from waya.org.queries import main_branch
from waya.org.rows.copying import copy_rows
from waya.subscriptions.rules.life import username

# A year of one customer: a stub, a dearer plan, a pause, and the taxes of each day.
_ASKED = {
    "currency": "KES",
    "policy": {"anchor": {"day": 1}},
    "place": "KE",
    "plan": {"code": "home-10", "price": "2500.00"},
    "plans": [{"code": "home-20", "price": "4000.00"}],
    "events": [
        {"on": "2027-01-16", "kind": "start"},
        {"on": "2027-04-10", "kind": "change", "plan": "home-20"},
        {"on": "2027-07-05", "kind": "pause"},
        {"on": "2027-08-20", "kind": "resume"},
    ],
    "until": "2027-12-31",
}

BEGAN, MIDDLE, ON = date(2027, 6, 1), date(2027, 6, 16), date(2027, 7, 1)
_CHUNK = 20_000

_CUSTOMER = (
    ("id", "int8"), ("public_id", "uuid"), ("entity_id", "int8"), ("branch_id", "int8"),
    ("account_number", "varchar"), ("name", "varchar"), ("language", "varchar"),
    ("created_at", "timestamptz"), ("note", "text"),
)  # fmt: skip
_SITE = (
    ("id", "int8"), ("public_id", "uuid"), ("customer_id", "int8"), ("name", "varchar"),
    ("directions", "varchar"),
)  # fmt: skip
_SUBSCRIPTION = (
    ("public_id", "uuid"), ("entity_id", "int8"), ("customer_id", "int8"), ("site_id", "int8"),
    ("plan_id", "int8"), ("version_id", "int8"), ("quantity", "int4"),
    ("router_id", "int8"), ("username", "varchar"), ("state", "varchar"),
    ("standing", "varchar"), ("created_at", "timestamptz"), ("started_on", "date"),
    ("anchor_day", "int2"), ("billed_through", "date"),
)  # fmt: skip


def gather(customers: int) -> Entity:
    """Make so many customers with a plan in service; a tenth began in the middle of June."""
    entity = open_entity(
        name="Bench Net", legal_name="Bench Networks Ltd", country="KE", currency="KES",
        zone="Africa/Nairobi", phone="+254700000400", by=SYSTEM,
    )  # fmt: skip
    seed_taxes(by=SYSTEM)
    seed_chart(entity_id=entity.pk, by=SYSTEM)
    plan = add_plan(
        entity_id=entity.pk, code="office-20", name="Office 20 Mbps", mode=Plan.POSTPAID,
        down_kbps=20_000, up_kbps=20_000, price_minor=2500_00, valid_from=BEGAN, calendar_day=1,
        by=SYSTEM,
    )  # fmt: skip
    router = add_router(
        entity_id=entity.pk, name="Bench", place="", host="127.0.0.1", port=1, username="x",
        password="x", portal_host="127.0.0.1", portal_port=80, by=SYSTEM,
    )  # fmt: skip
    numbers = iter(range(1, customers + 1))
    while chunk := list(islice(numbers, _CHUNK)):
        _write(chunk, entity.pk, plan.pk, plan.versions.get().pk, router.pk)
    with connection.cursor() as cursor:
        cursor.execute("analyze")
    return entity


@transaction.atomic
def _write(
    chunk: Sequence[int], entity_id: int, plan_id: int, version_id: int, router_id: int
) -> None:
    now = clock.now()
    branch_id = main_branch(entity_id)
    first = reserve_account_numbers(count=len(chunk), by=SYSTEM)
    uuids = _uuids(3 * len(chunk))
    copy_rows("parties_customer", _CUSTOMER, (
        (n, uuids.pop(), entity_id, branch_id, ids.account_number(first + n - chunk[0]),
         f"Customer {n}", "en", now, "")
        for n in chunk
    ))  # fmt: skip
    copy_rows("parties_site", _SITE, ((n, uuids.pop(), n, "Lanet", "") for n in chunk))
    copy_rows("subscriptions_subscription", _SUBSCRIPTION, (
        (uuids.pop(), entity_id, n, n, plan_id, version_id, 1, router_id, username("c", str(n)),
         "active", "good", now, _began(n), 1, _began(n))
        for n in chunk
    ))  # fmt: skip


def _began(number: int) -> date:
    return MIDDLE if number % 10 == 0 else BEGAN


def _uuids(count: int) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute("select gen_random_uuid() from generate_series(1, %s)", [count])
        return [one for (one,) in cursor.fetchall()]


def bill(entity: Entity, progress: Callable[[int], None]) -> int:
    """The month's run; gives how many invoices it issued."""
    outcome = renewals.bill(entity_id=entity.pk, on=ON, by=SYSTEM, progress=progress)
    return outcome["invoices"]


def count(tables: Sequence[str]) -> dict[str, int]:
    """How many rows stand in each table."""
    found: dict[str, int] = {}
    for table in tables:
        with connection.cursor() as cursor:
            cursor.execute(f"select count(*) from {table}")
            (found[table],) = cursor.fetchone()
    return found


def floor(tables: Sequence[str], cpu: Callable[[], float]) -> tuple[float, float]:
    """Seconds, and CPU seconds, of a bare COPY of everything that the run wrote."""
    wall = used = 0.0
    for table in tables:
        ready = _ready_made(table)
        with connection.cursor() as cursor:
            cursor.execute(f"create table floor_{table} (like {table} including indexes)")
            before, began = cpu(), time.monotonic()
            with cursor.copy(f"copy floor_{table} from stdin (format binary)") as copy:
                for block in ready:
                    copy.write(block)
            wall, used = wall + time.monotonic() - began, used + cpu() - before
            cursor.execute(f"drop table floor_{table}")
    return wall, used


def _ready_made(table: str) -> list[bytes]:
    with (
        connection.cursor() as cursor,
        cursor.copy(f"copy {table} to stdout (format binary)") as copy,
    ):
        return [bytes(block) for block in copy]


def readings(entity: Entity) -> dict[str, float]:
    """Medians of what people wait for over these books, in milliseconds."""
    return {
        "reports_ms": _median(lambda: (trial_balance(entity.pk), ageing(entity.pk, ON))),
        "preview_ms": _median(lambda: _preview(entity), 15),
        "lines": InvoiceLine.objects.count(),
    }


def _preview(entity: Entity) -> None:
    """A year of a plan that is changed, paused and resumed, as the API is asked for it."""
    answer = _client().post(
        "/api/v1/billing/preview", _ASKED, "application/json",
        headers={"authorization": f"Bearer {_bearer(entity.pk)}"},
    )  # fmt: skip
    if answer.status_code != HTTPStatus.OK:
        raise RuntimeError(f"a preview was refused: {answer.content!r}")


@cache
def _client() -> Client:
    """One for all: a served process loads its middleware once, too."""
    return Client()


@cache
def _bearer(entity_id: int) -> str:
    seed_roles(by=SYSTEM)
    entity = Entity.objects.get(pk=entity_id)
    return create_token(entity=entity, name="bench", role="owner", by=SYSTEM)


def _median(call: Callable[[], object], times: int = 5) -> float:
    taken = []
    for _ in range(times):
        began = time.monotonic()
        call()
        taken.append((time.monotonic() - began) * 1000)
    return round(statistics.median(taken), 1)
