"""Ask for work to be done after this transaction commits.

A job is a row in our own database, so it exists exactly when the change that asked for it
does. Jobs are named by string: callers need not import the code that runs them.
"""

from __future__ import annotations

import json

from django.db import connection
from procrastinate.contrib.django import app

__all__ = ["app", "nudge"]

# Procrastinate's own way of writing a job fails when one waits already, which costs a savepoint,
# an error in PostgreSQL's log and five milliseconds, on the way of every payment. This is the
# same row, always on Django's own connection: inside a worker `app` has another, and a job
# written through that one is there before the change that asked for it.
_QUEUE = """
insert into procrastinate_jobs (queue_name, task_name, queueing_lock, args)
values (%s, %s, %s, %s) on conflict (queueing_lock) where status = 'todo' do nothing
"""


def nudge(task: str, *, key: str, queue: str | None = None, **arguments: int | str) -> None:
    """Queue a task unless one is already waiting for the same subject.

    Its queue is the one it is declared with, else its context's name. No lock and no retry
    here, on purpose: the subject's own row holds what is owed, the lease and the time of the
    next try.
    """
    known = app.tasks.get(task)
    chosen = queue or (known.queue if known else task.partition(".")[0])
    row = [chosen, task, f"{task}:{key}", json.dumps(arguments)]
    with connection.cursor() as cursor:
        cursor.execute(_QUEUE, row)
