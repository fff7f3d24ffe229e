"""A job exists exactly when the change that asked for it does: in a request and in a job alike."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, transaction
from procrastinate import PsycopgConnector
from procrastinate.contrib.django.utils import connector_params

from waya.org.jobs import app, nudge

pytestmark = pytest.mark.django_db(transaction=True)


def queued() -> list[str]:
    """The queueing locks of waiting jobs."""
    with connection.cursor() as cursor:
        cursor.execute("select queueing_lock from procrastinate_jobs where status = 'todo'")
        return [lock for (lock,) in cursor.fetchall()]


@contextmanager
def task(body: Callable[[], object]) -> Iterator[str]:
    """A task for as long as the block lasts."""
    name = "org.tried_in_a_test"
    app.task(name=name, queue="org")(body)
    try:
        yield name
    finally:
        del app.tasks[name]


def work() -> None:
    """Do what waits in org's queue as a worker does it."""

    async def working() -> None:
        with app.replace_connector(PsycopgConnector(kwargs=connector_params())) as worker:
            async with worker.open_async():
                await worker.run_worker_async(
                    queues=["org"], wait=False, listen_notify=False, install_signal_handlers=False
                )

    asyncio.run(working())


def test_a_nudge_is_taken_back_with_its_transaction() -> None:
    with transaction.atomic():
        nudge("network.reconcile", key="router:1", router_id=1)
        transaction.set_rollback(True)
    assert queued() == []
    nudge("network.reconcile", key="router:1", router_id=1)
    nudge("network.reconcile", key="router:1", router_id=1)
    assert queued() == ["network.reconcile:router:1"]


def test_a_nudge_from_a_job_is_seen_only_when_its_transaction_is() -> None:
    seen: list[list[str]] = []

    def body() -> None:
        with transaction.atomic():
            nudge("network.reconcile", key="router:1", router_id=1)
            looking = threading.Thread(target=lambda: seen.append(queued()))
            looking.start()
            looking.join()
            nudge("network.reconcile", key="router:1", router_id=1)

    with task(body) as name:
        nudge(name, key="once")
        work()
    assert seen == [[]]
    assert queued() == ["network.reconcile:router:1"]
