"""A small world in this process: Baraka Net, its masts, M-PESA with its phones, and a clock.

Everything real but the processes: PostgreSQL, the wire to routers and to M-PESA, the web server
that M-PESA calls. Jobs are done by procrastinate's own worker when a story says `settle`.
"""

from __future__ import annotations

import asyncio
import html
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from importlib import import_module
from zoneinfo import ZoneInfo

import httpx
import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client

from waya.catalog.models import Plan
from waya.cli.processes.rounds import ROUNDS
from waya.cli.worker import job_connector
from waya.kernel import clock
from waya.kernel.periods import days_between
from waya.lab.daraja.knobs import Knobs
from waya.lab.daraja.station import RunningDaraja, Setup, running_daraja
from waya.lab.router.server import RunningRouter, Settings, running_router
from waya.lab.town.founding import Lab, found
from waya.lab.town.people import SHORT_CODE
from waya.ledger.queries.balances import trial_balance
from waya.network.commands.access import reveal_password
from waya.network.commands.sessions import poll
from waya.network.drivers import lines
from waya.network.drivers.lines import Lines
from waya.network.models import DesiredAccess, Router
from waya.orders.commands.join import join
from waya.org import lab_clock
from waya.org.actors import SYSTEM, Actor
from waya.org.commands.days import move_clock, start_clock
from waya.org.jobs import app
from waya.org.models import Entity
from waya.org.queries import actor_of
from waya.parties.models import Contact, Customer
from waya.payments.commands.merchants import register_urls
from waya.payments.models import Merchant
from waya.reports.doctor import findings
from waya.subscriptions.models import Subscription

MASTS = 3
ZONE = ZoneInfo("Africa/Nairobi")
# What is to be done in a second (thanks wait so long for each other) is done now.
_BROUGHT_FORWARD = """
with soon as (update procrastinate_jobs set scheduled_at = null
              where status = 'todo' and scheduled_at is not null)
select count(*) from procrastinate_jobs where status in ('todo', 'doing')
"""
_FAILED = "select task_name from procrastinate_jobs where status = 'failed'"


class Hands:
    """A worker with the real one's kind of connection, open from its first work to its rest."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._runner: asyncio.Runner | None = None

    def work(self) -> None:
        """Do every job that waits."""
        if self._runner is None:
            self._runner = self._open.enter_context(asyncio.Runner())
            self._open.enter_context(app.replace_connector(job_connector()))
            self._runner.run(_opened())
            self._open.callback(lambda runner: runner.run(app.close_async()), self._runner)
        self._runner.run(app.run_worker_async(
            wait=False, concurrency=1, delete_jobs="successful", listen_notify=False,
            install_signal_handlers=False,
        ))  # fmt: skip

    def rest(self) -> None:
        """Close what is open, with the threads in which jobs ran."""
        self._open.close()
        self._runner = None


async def _opened() -> None:
    await app.open_async()


@dataclass
class World:
    """What a story can do and see. Dates are business dates; a day is looked at at nine."""

    entity: Entity
    merchant: Merchant
    masts: Mapping[int, RunningRouter]
    phones: RunningDaraja
    url: str
    hands: Hands
    clients: dict[str, Client] = field(default_factory=dict)

    # Time.

    @property
    def today(self) -> date:
        """The business date."""
        return clock.today(self.entity.zone)

    def move_to(self, day: date, hour: int = 9) -> None:
        """Move the clock at once, however far, and let everything due happen."""
        at = datetime(day.year, day.month, day.day, hour, tzinfo=ZONE)
        ahead = move_clock(to=at, by=SYSTEM)
        self.phones.set(clock_ahead_seconds=round(ahead.total_seconds()))
        self.settle()

    def live_until(self, day: date) -> None:
        """Live through every day up to and with this one."""
        for each in days_between(self.today + timedelta(days=1), day):
            self.move_to(each)

    # Work.

    def settle(self, seconds: float = 60.0) -> None:
        """Do what workers would: their rounds and every job, until nothing is left to do."""
        deadline = time.monotonic() + seconds
        self.phones.wait_until_idle()
        while True:
            for each in ROUNDS:
                module, _, name = each.path.rpartition(".")
                getattr(import_module(module), name)()
            if not _one(_BROUGHT_FORWARD):
                break
            assert time.monotonic() < deadline, f"not settled within {seconds} s"
            self.hands.work()
            self.phones.wait_until_idle()
        with connection.cursor() as cursor:
            cursor.execute(_FAILED)
            assert cursor.fetchall() == [], "jobs failed"
        lab_clock.forget()

    def settle_until(self, condition: Callable[[], object], seconds: float = 45.0) -> None:
        """Work on until it holds: for what is tried again only after a real while."""
        deadline = time.monotonic() + seconds
        pause = threading.Event()
        while not condition():
            assert time.monotonic() < deadline, f"not within {seconds} s"
            pause.wait(0.1)
            self.settle()

    # Customers.

    def joins(self, name: str, phone: str, plan: str = "home-10") -> Subscription:
        """Somebody joins over the counter; a prepaid plan is paid by approving the prompt."""
        wanted = Plan.objects.get(entity=self.entity, code=plan)
        joined = join(
            entity_id=self.entity.pk, plan_id=wanted.pk, name=name, phone=phone,
            site_name="Lanet, blue gate", by=SYSTEM,
        )  # fmt: skip
        if joined.prompt is not None:
            self.phones.approve(msisdn(phone))
        self.settle()
        self.plug_in(joined.subscription)
        return fresh(joined.subscription)

    def plug_in(self, row: Subscription) -> None:
        """A technician types the login into the box at the customer's, which comes online."""
        password = reveal_password(name=row.username, by=SYSTEM)
        mast = self.mast(row)
        mast.call(lambda router: router.plug_in(row.username, password))
        mast.until(lambda router: router.is_online(row.username))

    def pays(self, phone: str, account: str, amount: int, **knobs: object) -> str:
        """Pay the paybill from a phone, whole shillings; gives the receipt."""
        paid = self.phones.pay_paybill(msisdn(phone), SHORT_CODE, account, amount, **knobs)
        assert paid["paid"], paid
        self.settle()
        return str(paid["receipt"])

    def texts(self, phone: str) -> list[str]:
        """The SMS that Baraka Net sent to a phone, oldest first."""
        messages = self.phones.phone(msisdn(phone))["messages"]
        return [one["text"] for one in reversed(messages) if one["sender"] == "BARAKA"]

    # The wire.

    def mast(self, row: Subscription) -> RunningRouter:
        """The router that serves a subscription."""
        return self.masts[row.router_id]

    def holds(self, row: Subscription) -> str:
        """The profile that the router itself has for a subscription; nothing if it has none."""
        secret = self.mast(row).call(lambda router: router.secret(row.username))
        return secret["profile"] if secret else ""

    def is_proven(self, row: Subscription) -> bool:
        """Whether the router was read back since it was last told something."""
        return DesiredAccess.objects.get(name=row.username).confirmed_at is not None

    def is_walled(self, row: Subscription) -> None:
        """Wait until the box is online behind the wall; fails if it does not come to that."""
        assert self.holds(row) == "waya-walled"
        self.mast(row).until(lambda router: router.is_walled(row.username))

    def is_online(self, row: Subscription, profile: str = "waya-10M-10M") -> None:
        """Wait until the box is online at its plan's rate; fails if it does not come to that."""
        assert self.holds(row) == profile
        self.mast(row).until(
            lambda router: router.is_online(row.username) and not router.is_walled(row.username)
        )

    def browse(self, row: Subscription, address: str = "http://news.example/") -> httpx.Response:
        """What a browser behind the customer's box gets for an address, once the line was seen:
        the next poll comes some seconds after the router was told something."""
        Router.objects.filter(pk=row.router_id).update(next_poll_at=None)
        poll(router_id=row.router_id, by=SYSTEM)
        through = f"http://{row.username}:@127.0.0.1:{self.mast(row).proxy_port}"
        with httpx.Client(proxy=through, follow_redirects=True, timeout=10) as browser:
            return browser.get(address)

    # The books and the screens.

    def books(self) -> dict[str, int]:
        """Balances in minor units of the accounts that have one, by purpose; credit below zero."""
        held: dict[str, int] = {}
        for row in trial_balance(self.entity.pk):
            held[row.purpose] = held.get(row.purpose, 0) + row.amount.minor
        return {purpose: minor for purpose, minor in held.items() if minor}

    def console(self, username: str) -> Client:
        """The console as a member of staff has it."""
        if username not in self.clients:
            client = Client()
            client.force_login(
                get_user_model().objects.get(username=username),
                "django.contrib.auth.backends.ModelBackend",
            )
            self.clients[username] = client
        return self.clients[username]

    def reads(self, username: str, path: str) -> str:
        """The words of a console page, as somebody reads them."""
        answer = self.console(username).get(path)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        return words(answer.content.decode())

    def staff(self, username: str) -> Actor:
        """A member of staff as an actor."""
        actor = actor_of(get_user_model().objects.get(username=username))
        assert actor is not None
        return actor

    def is_well(self) -> None:
        """Every invariant of the doctor holds."""
        assert [one for one in findings(self.entity) if not one.ok] == []


def words(page: str) -> str:
    """The words of a page without its tags, one space between them."""
    shown = re.sub(r"(?s)<(script|style|template)\b.*?</\1>", " ", page)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", shown)).replace("\xa0", " ").split())


def msisdn(phone: str) -> str:
    """`0712…` as M-PESA writes it."""
    return "254" + phone.removeprefix("+254").removeprefix("0")


def fresh(row: Subscription) -> Subscription:
    """A subscription as it stands now."""
    return Subscription.objects.select_related("customer", "plan").get(pk=row.pk)


def phone_of(customer: Customer) -> str:
    """The phone a customer joined with."""
    return Contact.objects.get(customer=customer, primary=True).phone


@contextmanager
def world(url: str, on: date, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Baraka Net on the morning it opens, as people and simulators find it."""
    port = int(url.rpartition(":")[2])
    monkeypatch.setattr(settings, "WAYA_LAB", True)
    monkeypatch.setattr(settings, "PUBLIC_URL", url)
    monkeypatch.setattr(settings, "TRUSTED_PROXIES", ["127.0.0.1"])
    monkeypatch.setattr(clock, "_offset", clock._offset)  # put back afterwards
    kept = Lines()
    monkeypatch.setattr(lines, "LINES", kept)
    lab_clock.install()
    start_clock(at=datetime(on.year, on.month, on.day, 9, tzinfo=ZONE), by=SYSTEM)
    with ExitStack() as stack:
        stack.callback(lab_clock.forget)
        stack.callback(kept.close)
        hands = Hands()
        stack.callback(hands.rest)
        routers = [
            stack.enter_context(
                running_router(Settings(name=f"Mast-{n}", redial_seconds=0.05, subnet=n))
            )
            for n in range(MASTS)
        ]
        knobs = Knobs(answer="person", retry_after=200)
        phones = stack.enter_context(running_daraja(Setup(SHORT_CODE, knobs=knobs, seed=7)))
        lab = Lab(phones.url, "", tuple(one.port for one in routers), "127.0.0.1", port)
        entity, merchant = found(lab, on)
        rows = Router.objects.filter(entity=entity).order_by("pk")
        masts = {row.pk: router for row, router in zip(rows, routers, strict=True)}
        register_urls(merchant_id=merchant.pk, by=SYSTEM)
        made = World(entity, merchant, masts, phones, url, hands)
        made.move_to(on, hour=10)
        yield made


def _one(question: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(question)
        (answer,) = cursor.fetchone()
    return int(answer)
