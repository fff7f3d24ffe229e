"""What a worker asks again and again, because a heartbeat needs no job rows."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from django.conf import settings
from django.db import close_old_connections
from procrastinate import App
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Status

log = logging.getLogger("waya.worker")

HEARTBEAT_SECONDS = 3.0
DEAD_AFTER_SECONDS = 12.0
REQUEUE_EVERY_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Round:
    """A function without arguments, how often it is called, and by which worker."""

    path: str
    every_seconds: float
    group: str


ROUNDS = (
    Round("waya.network.tasks.due", 1.0, "network"),
    Round("waya.messaging.tasks.due", 1.0, "office"),
    Round("waya.payments.tasks.due", 1.0, "money"),
    Round("waya.billing.tasks.due", 5.0, "office"),
    Round("waya.org.tasks.due", 1.0 if settings.WAYA_LAB else 5.0, "office"),
)


async def walk(walked: Round, stop: asyncio.Event) -> None:
    """Call one round until told to stop; a failure is logged and tried again, ever slower."""
    call = _resolve(walked.path)
    wait = walked.every_seconds
    while not await stopped(stop, wait):
        try:
            await asyncio.to_thread(_with_live_connection, call)
            wait = walked.every_seconds
        except Exception:  # whatever it was, the heartbeat goes on, and the log has it whole
            log.exception("%s failed", walked.path)
            wait = min(wait * 2, 30.0)


async def requeue_of_the_dead(app: App, stop: asyncio.Event) -> None:
    """Give back the jobs of workers whose heartbeat stopped: at start, and every 10 seconds.

    A job whose queueing lock was taken again in the meantime cannot go back. Another one
    waits for the same subject then, so it is dropped.
    """
    while True:
        for job in await app.job_manager.get_stalled_jobs(
            seconds_since_heartbeat=DEAD_AFTER_SECONDS
        ):
            log.warning("job %s of a dead worker is given back: %s", job.id, job.call_string)
            try:
                await app.job_manager.retry_job(job)
            except (AlreadyEnqueued, ConnectorException):
                await app.job_manager.finish_job(job, status=Status.FAILED, delete_job=True)
        await app.job_manager.prune_stalled_workers(DEAD_AFTER_SECONDS)
        if await stopped(stop, REQUEUE_EVERY_SECONDS):
            return


async def stopped(stop: asyncio.Event, seconds: float) -> bool:
    """Wait this long, or less if told to stop; tells whether we were."""
    try:
        await asyncio.wait_for(stop.wait(), timeout=seconds)
    except TimeoutError:
        return False
    return True


def _with_live_connection(call: Callable[[], object]) -> None:
    close_old_connections()
    try:
        call()
    finally:
        close_old_connections()


def _resolve(path: str) -> Callable[[], object]:
    module, _, name = path.rpartition(".")
    call: Callable[[], object] = getattr(import_module(module), name)
    return call
