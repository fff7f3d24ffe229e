"""Ask for work to be done after this transaction commits.

A job is a row in our own database, so it exists exactly when the change that asked for it
does. Jobs are named by string: callers need not import the code that runs them.
"""

from __future__ import annotations

from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.manager import JobManager
from procrastinate.tasks import configure_task

__all__ = ["app", "nudge"]

# Always Django's own connection. Inside a worker `app` has another, and a job written through
# that one is there before the change that asked for it, and stays when that is rolled back.
_DESK = JobManager(DjangoConnector())


def nudge(task: str, *, key: str, queue: str | None = None, **arguments: int | str) -> None:
    """Queue a task unless one is already waiting for the same subject.

    No `lock` and no `retry` here, on purpose: the subject's own row holds what is owed,
    the lease and the time of the next try. A refused duplicate is a database error, so
    it needs its own savepoint.
    """
    job = configure_task(
        name=task,
        job_manager=_DESK,
        queue=queue or task.partition(".")[0],
        queueing_lock=f"{task}:{key}",
    )
    try:
        with transaction.atomic():
            job.defer(**arguments)
    except AlreadyEnqueued:
        return
