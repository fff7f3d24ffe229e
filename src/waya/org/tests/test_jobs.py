"""Jobs: written with the change that asks for them, once for each subject that waits."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from procrastinate import PsycopgConnector
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.contrib.django.utils import connector_params

from waya.org import jobs
from waya.org.jobs import app


def waiting() -> list[tuple[str, str, dict[str, int]]]:
    rows = ProcrastinateJob.objects.filter(status="todo").order_by("pk")
    return [(row.queue_name, row.task_name, row.args) for row in rows]


@pytest.mark.django_db
def test_a_subject_waits_once_and_another_beside_it() -> None:
    for router_id in (1, 1, 2):
        jobs.nudge("network.reconcile", key=f"router:{router_id}", router_id=router_id)
    assert waiting() == [
        ("network", "network.reconcile", {"router_id": 1}),
        ("network", "network.reconcile", {"router_id": 2}),
    ]


@pytest.mark.django_db
def test_a_declared_task_waits_in_its_own_queue() -> None:
    jobs.nudge("payments.thank", key="1", entity_id=1)
    jobs.nudge("network.unheard_of", key="1", router_id=1)
    assert [queue for queue, *_ in waiting()] == ["messaging", "network"]


@pytest.mark.django_db
def test_a_job_goes_with_the_change_that_asked_for_it() -> None:
    def change_and_fail() -> None:
        with transaction.atomic():
            jobs.nudge("network.reconcile", key="router:1", router_id=1)
            raise InterruptedError

    with pytest.raises(InterruptedError):
        change_and_fail()
    assert waiting() == []


@pytest.mark.django_db
def test_a_subject_at_work_may_wait_again() -> None:
    jobs.nudge("network.reconcile", key="router:1", router_id=1)
    with connection.cursor() as cursor:
        cursor.execute("update procrastinate_jobs set status = 'doing'")
    jobs.nudge("network.reconcile", key="router:1", router_id=1)
    assert len(waiting()) == 1


@pytest.mark.django_db(transaction=True)
def test_a_worker_takes_what_was_written() -> None:
    """The row is the one that procrastinate itself would have written."""
    done: list[int] = []

    @app.task(name="org.try", queue="org")
    def try_it(number: int) -> None:
        done.append(number)

    jobs.nudge("org.try", key="1", number=7)
    with app.replace_connector(PsycopgConnector(kwargs=connector_params())) as worker_app:
        worker_app.run_worker(
            queues=["org"], wait=False, install_signal_handlers=False, listen_notify=False
        )
    assert done == [7]
    assert waiting() == []
