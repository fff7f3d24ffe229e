"""No job is overlooked: procrastinate forgets one that is announced while it looks for another.

Its worker clears the announcement after each look, whenever it came, and then looks again in
five seconds. A payment that waits five seconds for that is a customer who pays twice.
"""

from __future__ import annotations

from collections.abc import Iterable

from procrastinate.jobs import Job, Notification
from procrastinate.manager import JobManager, NotificationCallback


class Attentive(JobManager):
    """Looks once more whenever a job was announced during a look that found none."""

    announced = 0

    async def fetch_job(self, queues: Iterable[str] | None, worker_id: int) -> Job | None:
        """The next job for this worker, or None when there was none after the last word of one."""
        while True:
            announced = self.announced
            job = await super().fetch_job(queues, worker_id)
            if job is not None or announced == self.announced:
                return job

    async def listen_for_jobs(
        self, *, on_notification: NotificationCallback, queues: Iterable[str] | None = None
    ) -> None:
        """Pass on what is announced, and count it."""

        async def count(*, channel: str, notification: Notification) -> None:
            self.announced += 1
            await on_notification(channel=channel, notification=notification)

        await super().listen_for_jobs(on_notification=count, queues=queues)
