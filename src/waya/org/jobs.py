"""Ask for work to be done after this transaction commits.

A job is a row in our own database, so it exists exactly when the change that asked for it
does. Jobs are named by string: callers need not import the code that runs them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta

from django.db import connection
from procrastinate.contrib.django import app

__all__ = ["SOON", "app", "nudge", "nudge_many"]

SOON = timedelta(seconds=1)

# Procrastinate's own way of writing a job fails when one waits already, which costs a savepoint,
# an error in PostgreSQL's log and five milliseconds, on the way of every payment. This is the
# same row, always on Django's own connection: inside a worker `app` has another, and a job
# written through that one is there before the change that asked for it.
_QUEUE = """
insert into procrastinate_jobs (queue_name, task_name, queueing_lock, args, scheduled_at)
select %s, %s, lock, args, now() + make_interval(secs => %s)
from unnest(%s::text[], %s::jsonb[]) as wished (lock, args)
on conflict (queueing_lock) where status = 'todo' do nothing
"""


def nudge(task: str, *, key: str, queue: str | None = None, **arguments: int | str) -> None:
    """Queue a task unless one is already waiting for the same subject.

    Its queue is the one it is declared with, else its context's name. No lock and no retry
    here, on purpose: the subject's own row holds what is owed, the lease and the time of the
    next try.
    """
    nudge_many(task, {key: arguments}, queue=queue)


def nudge_many(
    task: str,
    wished: Mapping[str, Mapping[str, int | str]],
    *,
    queue: str | None = None,
    after: timedelta | None = None,
) -> None:
    """Queue a task for many subjects, its arguments by key, as `nudge` does for one; to be
    done at once or `after` a while. The office looks for such work every second."""
    known = app.tasks.get(task)
    chosen = queue or (known.queue if known else task.partition(".")[0])
    locks = [f"{task}:{key}" for key in wished]
    arguments = [json.dumps(one) for one in wished.values()]
    with connection.cursor() as cursor:
        cursor.execute(
            _QUEUE, [chosen, task, after.total_seconds() if after else None, locks, arguments]
        )
