"""A job announced while another is looked for is not overlooked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

import pytest
from procrastinate.jobs import Job, Notification
from procrastinate.manager import JobManager
from procrastinate.testing import InMemoryConnector

from waya.cli.processes.attention import Attentive

JOB = Job(id=1, queue="payments", lock=None, queueing_lock=None, task_name="payments.drain")


def test_a_look_that_found_nothing_is_repeated_if_a_job_was_announced_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    manager = Attentive(InMemoryConnector())
    told: list[str] = []
    looks: list[int] = []
    announce: list[Callable[[], Awaitable[None]]] = []

    async def listen(
        self: JobManager, *, on_notification: Callable[..., Awaitable[None]], queues: object = None
    ) -> None:
        announce.append(lambda: on_notification(channel="c", notification=_INSERTED))

    async def look(self: JobManager, queues: Iterable[str] | None, worker_id: int) -> Job | None:
        looks.append(worker_id)
        if len(looks) == 1:
            await announce[0]()  # it comes after this look's snapshot was taken
            return None
        return JOB if len(looks) == 2 else None

    async def hear(*, channel: str, notification: Notification) -> None:
        told.append(notification["type"])

    monkeypatch.setattr(JobManager, "listen_for_jobs", listen)
    monkeypatch.setattr(JobManager, "fetch_job", look)

    async def work() -> list[Job | None]:
        await manager.listen_for_jobs(on_notification=hear)
        return [await manager.fetch_job(["payments"], 5) for _ in range(2)]

    assert asyncio.run(work()) == [JOB, None]
    assert (told, len(looks)) == (["job_inserted"], 3)


_INSERTED: Notification = {"type": "job_inserted", "job_id": 1}
