"""`waya bench restore`: from a payment's arrival to the router's proof, with everything real.

PostgreSQL, web, workers and simulated routers are processes of their own; payments come as
M-PESA's confirmations over HTTP, at their own pace whatever the answers.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import threading
import time
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import httpx

from waya.cli.postgres.account import Unusable
from waya.cli.processes.supervisor import Program, Supervisor, waya
from waya.cli.up import free_port, programs
from waya.lab.bench import cost, load
from waya.lab.bench.home import own_ground
from waya.lab.bench.load import Payment, Sent

_READY_SECONDS = 120.0
_PROVEN_SECONDS = 60.0
_AMOUNT = "2500.00"
_WARM_UP = 40


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How large, how fast, and what is broken."""
    parser.add_argument("--customers", type=int, default=2000)
    parser.add_argument("--routers", type=int, default=10)
    parser.add_argument("--latency-ms", type=float, default=20.0, help="of each router's answer")
    parser.add_argument("--rate", type=float, default=20.0, help="payments a second")
    parser.add_argument("--payments", type=int, default=500)
    parser.add_argument("--offline", type=int, default=0, help="so many routers never answer")
    parser.add_argument("--redial-seconds", type=float, default=2.0)


def run(options: argparse.Namespace) -> int:
    """Measure; the last line is one JSON object. 1 if a payment was lost or booked twice."""
    if options.payments + _WARM_UP > options.customers or options.offline >= options.routers:
        raise Unusable("each customer pays once, and one router at least must answer")
    with own_ground() as server:
        bench = _Bench(options)
        bench.gather()
        environment = {"DATABASE_URL": server.application_url} if server else {}
        supervisor = Supervisor(
            [bench.routers(), *programs("127.0.0.1", bench.web_port, environment)], server=server
        )
        outcome = supervisor.run(bench.measure)
    print(json.dumps(bench.report), flush=True)
    return outcome


class _Bench:
    """One run."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.report: dict[str, Any] = {}
        self.web_port = free_port(0)
        first = _free_run(options.routers + 1)
        self.first_port, self.control = first, f"http://127.0.0.1:{first + options.routers}"
        # Imported when Django is ready, as the command line does with its own commands.
        self.crowd = import_module("waya.lab.bench.crowd")
        self.offline = range(options.routers - options.offline, options.routers)

    def routers(self) -> Program:
        """The simulated routers, as a program of their own."""
        options = self.options
        words = ["--port", str(self.first_port), "--count", str(options.routers)]
        words += ["--control-port", self.control.rpartition(":")[2]]
        words += ["--latency-ms", str(options.latency_ms)]
        words += ["--redial-seconds", str(options.redial_seconds)]
        return waya("routers", "lab", "router", *words)

    def gather(self) -> None:
        """Make the customers."""
        began = time.monotonic()
        ports = range(self.first_port, self.first_port + self.options.routers)
        self.members = self.crowd.gather(self.options.customers, ports)
        print(f"{self.options.customers} customers in {time.monotonic() - began:.0f} s", flush=True)

    def measure(self) -> int:
        """Beside the running processes: wait for calm, pay, count."""
        self._plug_in()
        self._until(lambda: self.crowd.owed() == 0, _READY_SECONDS, "the routers to hold all")
        for router in self.offline:
            self._control("/faults", {"freeze": 1}, router)
        warm_up, payments = self._payments()
        url = f"http://127.0.0.1:{self.web_port}/hk/{self.members.merchant_path}/c"
        self._proven(asyncio.run(load.send(url, warm_up)))
        before, cpu, began = cost.by_program(), cost.cpu_seconds(), time.monotonic()
        sent = asyncio.run(load.send(url, payments))
        reachable = [one for one in sent if one.payment.router not in self.offline]
        self._proven(reachable)
        self.report = self._figures(sent, reachable) | {
            "cpu_seconds": round(cost.cpu_seconds() - cpu, 2),
            "wall_seconds": round(time.monotonic() - began, 2),
            "cpu_by_program": {
                name: round(spent - before.get(name, 0.0), 2)
                for name, spent in cost.by_program().items()
            },
        }
        if self.offline:
            self.report["offline"] = self._come_back(sent)
        return 1 if self.report["lost"] or self.report["doubled"] else 0

    def _payments(self) -> tuple[list[Payment], list[Payment]]:
        """Who pays when, anybody and in no order: a few before the clock starts, so that every
        process has its connections, and those that count."""
        options = self.options
        paying = random.Random(11).sample(list(self.members.members), options.payments + _WARM_UP)
        reachable = [one for one in paying[:_WARM_UP] if one.router not in self.offline]
        return (
            self._at(load.arrivals(len(reachable), options.rate), reachable, "UA"),
            self._at(load.arrivals(options.payments, options.rate), paying[_WARM_UP:], "UB"),
        )

    def _at(self, moments: Sequence[float], paying: Sequence[Any], prefix: str) -> list[Payment]:
        return [
            Payment(
                transaction=f"{prefix}{number:08}",
                username=member.username,
                router=member.router,
                after_seconds=moment,
                body=load.confirmation(
                    f"{prefix}{number:08}", self.members.short_code, member.account_number, _AMOUNT
                ),
            )
            for number, (member, moment) in enumerate(zip(paying, moments, strict=True))
        ]

    def _figures(self, sent: Sequence[Sent], reachable: Sequence[Sent]) -> dict[str, Any]:
        booked = self._booked(sent)
        proven = self.crowd.proven_at([one.payment.username for one in reachable])
        moments = [(one.due_at, *proven[one.payment.username])
                   for one in reachable if one.payment.username in proven]  # fmt: skip
        waits = [(at - due) * 1000 for due, _, at in moments]
        unbooked = sum(not booked[one.payment.transaction] for one in sent)
        return {
            "restored_ms": load.quantiles(waits, 50, 95, 99)
            | {"max": round(max(waits, default=0.0), 1)},
            "wished_ms": load.quantiles([(wish - due) * 1000 for due, wish, _ in moments], 50, 99),
            "proven_ms": load.quantiles([(at - wish) * 1000 for _, wish, at in moments], 50, 99),
            "batches": len({wish for _, wish, _ in moments}),
            "answered_ms": load.quantiles([one.answered_ms for one in sent], 50, 99),
            "lost": unbooked + len(reachable) - len(waits),
            "doubled": sum(count > 1 for count in booked.values()),
            "refused": sum(one.status != 200 for one in sent),
            "payments": len(sent),
        }

    def _come_back(self, sent: Sequence[Sent]) -> dict[str, Any]:
        """The unreachable ones answer again: how long until each of them holds what was paid."""
        away = [one for one in sent if one.payment.router in self.offline]
        for router in self.offline:
            self._control("/faults", {"freeze": 0}, router)
        back = time.time()
        lost = len(away) - len(self._proven(away))
        proven = self.crowd.proven_at([one.payment.username for one in away])
        self.report["lost"] += lost
        after = [(at - back) * 1000 for _, at in proven.values()]
        return {"payments": len(away), "restored_after_return_ms": load.quantiles(after, 50, 99)}

    def _proven(self, sent: Sequence[Sent]) -> dict[str, tuple[float, float]]:
        """Wait until all of these are proven, or for as long as one may hope."""
        names = [one.payment.username for one in sent]
        deadline = time.monotonic() + _PROVEN_SECONDS
        pause = threading.Event()
        while True:
            proven: dict[str, tuple[float, float]] = self.crowd.proven_at(names)
            if len(proven) == len(names) or time.monotonic() > deadline:
                return proven
            pause.wait(0.25)

    def _booked(self, sent: Sequence[Sent]) -> dict[str, int]:
        """How often each was booked, once all are: nobody waits for those of silent routers."""
        names = [one.payment.transaction for one in sent]
        deadline = time.monotonic() + _PROVEN_SECONDS
        pause = threading.Event()
        while True:
            booked: dict[str, int] = self.crowd.booked(names)
            if all(booked[name] for name in names) or time.monotonic() > deadline:
                return booked
            pause.wait(0.25)

    def _plug_in(self) -> None:
        """A box for every customer, once the simulator answers."""
        self._until(self._simulator_answers, _READY_SECONDS, "the simulated routers")
        self._until(self._web_answers, _READY_SECONDS, "the web server")
        for router in range(self.options.routers):
            boxes = [
                {"name": member.username, "password": member.password}
                for member in self.members.members
                if member.router == router
            ]
            self._control("/boxes", {"boxes": boxes}, router)

    def _simulator_answers(self) -> bool:
        return _answers(f"{self.control}/")

    def _web_answers(self) -> bool:
        return _answers(f"http://127.0.0.1:{self.web_port}/hk/nobody/c")

    def _control(self, path: str, told: dict[str, Any], router: int) -> None:
        answer = httpx.post(
            f"{self.control}{path}", json=told, params={"router": router}, timeout=30
        )
        answer.raise_for_status()

    @staticmethod
    def _until(condition: Any, seconds: float, what: str) -> None:
        deadline = time.monotonic() + seconds
        pause = threading.Event()
        while not condition():
            if time.monotonic() > deadline:
                raise Unusable(f"waited {seconds:.0f} s for {what}")
            pause.wait(0.25)


def _answers(url: str) -> bool:
    try:
        httpx.get(url, timeout=2)
    except httpx.HTTPError:
        return False
    return True


def _free_run(count: int) -> int:
    """The first of so many free ports in a row."""
    start = free_port(0)
    for first in range(start, start + 5000, count):
        if first + count < 65000 and all(free_port(p) == p for p in range(first, first + count)):
            return first
    raise Unusable(f"no {count} free ports in a row")
