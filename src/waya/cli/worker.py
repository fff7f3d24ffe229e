"""Do the jobs: restores on one worker, payments on another, all that may wait on a third."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.apps import apps
from procrastinate import App, PsycopgConnector
from procrastinate.contrib.django.utils import connector_params
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from waya.cli.processes.attention import Attentive
from waya.cli.processes.pace import keep_pace
from waya.cli.processes.rounds import (
    DEAD_AFTER_SECONDS,
    HEARTBEAT_SECONDS,
    ROUNDS,
    requeue_of_the_dead,
    stopped,
    walk,
)
from waya.org.jobs import app

log = logging.getLogger("waya.worker")

# Most of a restore is waiting for a router; an unreachable one keeps a thread for its time-out.
CONCURRENCY = {"network": 16, "money": 4, "office": 4, "all": 16}
# Whose queue each worker serves; the office has the rest. A process computes one thing at a
# time, and a month's billing must not stand between a payment and its customer.
_APART = {"network": "network", "payments": "money"}
_FINISH_WITHIN_SECONDS = 8.0
_OFFICE_NICE = 5  # thanks, messages and the night's work come after whoever waits at a router


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which jobs."""
    parser.add_argument("--queues", choices=sorted(CONCURRENCY), default="all")


def run(options: argparse.Namespace) -> int:
    """Work until SIGTERM or SIGINT."""
    if options.queues == "office":
        os.nice(_OFFICE_NICE)
    keep_pace()
    asyncio.run(_work(options.queues))
    return 0


def queues_of(group: str) -> list[str]:
    """A job's queue is its context's name; what a restore waits for is apart."""
    contexts = [
        config.label for config in apps.get_app_configs() if config.name.startswith("waya.")
    ]
    if group == "all":
        return contexts
    return [name for name in contexts if _APART.get(name, "office") == group]


async def _work(group: str) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    loop.set_default_executor(ThreadPoolExecutor(CONCURRENCY[group] + len(ROUNDS)))
    rounds = [
        asyncio.create_task(walk(chosen, stop))
        for chosen in ROUNDS
        if group in ("all", chosen.group)
    ]
    wait = 0.0
    while not await stopped(stop, wait):
        try:
            await _serve(group, stop)
            wait = 0.5
        except Exception:  # the database may go away in any way; only a signal ends a worker
            log.exception("the worker lost its database; it tries again")
            wait = min(max(0.5, wait * 2), 10.0)
    await asyncio.gather(*rounds)


async def _serve(group: str, stop: asyncio.Event) -> None:
    """Run procrastinate's worker until told to stop or until the database goes away.

    Its own Django connector cannot listen, so it is given one that can, as its own Django
    command does.
    """
    connector = job_connector()
    with app.replace_connector(connector) as worker_app:
        worker_app.job_manager = Attentive(connector)
        async with worker_app.open_async():
            working = asyncio.create_task(_take_jobs(worker_app, group))
            holding = asyncio.create_task(_hold_connection())
            giving_back = asyncio.create_task(requeue_of_the_dead(worker_app, stop))
            ending = asyncio.create_task(stop.wait())
            tasks = {working, holding, giving_back, ending}
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome


def job_connector() -> PsycopgConnector:
    """What procrastinate's worker asks the database for jobs with."""
    return PsycopgConnector(pool_factory=_pool, kwargs=connector_params(), timeout=10.0)


def _pool(**options: Any) -> AsyncConnectionPool[AsyncConnection[Any]]:
    """Connections for the jobs' own statements, each a whole transaction by itself.

    Not tried before each use, as procrastinate would have it, and nothing to begin or commit:
    of five round trips for a word to the database that leaves one. When the database goes
    away `_hold_connection` notices.
    """

    async def alone(one: AsyncConnection[Any]) -> None:
        await one.set_autocommit(True)

    options["check"] = None
    return AsyncConnectionPool(min_size=2, max_size=8, configure=alone, **options)


async def _hold_connection() -> None:
    """Raise when the database goes away.

    Procrastinate's worker outlives a restart of PostgreSQL, but its listener may not, and it
    does not notice: it would go on by looking for jobs every five seconds.
    """
    async with await AsyncConnection.connect(**connector_params(), autocommit=True) as held:
        async for _ in held.notifies():
            pass


async def _take_jobs(worker_app: App, group: str) -> None:
    await worker_app.run_worker_async(
        queues=queues_of(group),
        name=group,
        concurrency=CONCURRENCY[group],
        fetch_job_polling_interval=1.0 if group in ("office", "all") else 5.0,
        delete_jobs="successful",
        install_signal_handlers=False,
        shutdown_graceful_timeout=_FINISH_WITHIN_SECONDS,
        update_heartbeat_interval=HEARTBEAT_SECONDS,
        stalled_worker_timeout=DEAD_AFTER_SECONDS,
    )
