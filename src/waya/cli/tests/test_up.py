"""`waya up` against everything that dies: it all comes back by itself, and ends together."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from waya.cli.postgres.server import ensure_running
from waya.cli.tests.running import ask, environment, gone, postmaster, until, waya

# A worker that nobody has heard of for an hour was doing a job; org's jobs are the office worker's.
ABANDONED = """
with dead as (
    insert into procrastinate_workers (last_heartbeat) values (now() - interval '1 hour')
    returning id
)
insert into procrastinate_jobs (queue_name, task_name, args, status, worker_id, queueing_lock)
select 'org', 'builtin:procrastinate.builtin_tasks.remove_old_jobs', '{"max_hours": 9999}',
    'doing', id, lock
from dead, unnest(array[null, 'taken again']) lock
"""
WAITING = """
insert into procrastinate_jobs (queue_name, task_name, args, queueing_lock)
values ('nobody', 'nothing', '{}', 'taken again')
"""


class Running:
    """A `waya up` of the test's own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.log = home.parent / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "waya", "up", "--port", "0"],
                env=environment(home), stdout=log, stderr=log,
            )  # fmt: skip
        until(self.address, seconds=60, what="waya up says where it is")
        self.url = ensure_running(home).url

    def address(self) -> str:
        """Where it serves."""
        told = re.search(r"http://[\d.:]+", self.log.read_text())
        return told[0] if told else ""

    def serves(self) -> bool:
        """Whether a request that needs the database is answered without a fault."""
        try:
            with urllib.request.urlopen(self.address() + "/sign-in", timeout=5) as answer:
                return bool(answer.status == 200)
        except urllib.error.HTTPError as refusal:
            return refusal.code < 500
        except OSError:
            return False

    def workers(self) -> int:
        """How many workers have been heard of lately."""
        alive = "select count(*) from procrastinate_workers where last_heartbeat > now() - "
        try:
            return int(str(ask(self.url, alive + "interval '8 seconds'")))
        except psycopg.Error:
            return 0

    def children(self) -> dict[int, str]:
        """The processes it started, and what they were started with."""
        listed = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(self.process.pid)],
                                capture_output=True, text=True, check=True)  # fmt: skip
        pairs = [line.split(None, 1) for line in listed.stdout.splitlines()]
        return {int(pid): words for pid, words in pairs}

    def child(self, words: str) -> int:
        """The process started with these words, or 0."""
        return next((pid for pid, line in self.children().items() if words in line), 0)

    def kill(self, words: str) -> None:
        """Kill the process started with these words, and wait for the next one."""
        killed = self.child(words)
        os.kill(killed, signal.SIGKILL)
        until(lambda: self.child(words) not in (0, killed), what=f"{words} is back")


@pytest.fixture
def up(full_home: Path) -> Iterator[Running]:
    """Waya, running."""
    running = Running(full_home)
    yield running
    running.process.terminate()
    running.process.wait(timeout=60)


def test_whatever_is_killed_comes_back(up: Running) -> None:
    until(up.serves, seconds=60)
    until(lambda: up.workers() == 3, seconds=60)

    for words in ("granian", "--queues network", "--queues money", "--queues office"):
        up.kill(words)
    until(up.serves, seconds=60)

    server = postmaster(up.home)
    os.kill(server, signal.SIGINT)
    until(lambda: gone(server))
    until(lambda: up.workers() >= 3, seconds=90, what="workers are back after PostgreSQL")
    until(up.serves, seconds=60, what="web is back after PostgreSQL")

    with psycopg.connect(up.url) as connection:
        connection.execute(WAITING.encode())
        connection.execute(ABANDONED.encode())
    left = "select count(*) from procrastinate_jobs where queue_name = 'org'"
    until(lambda: ask(up.url, left) == 0, seconds=45, what="the jobs of the dead are done")

    everything = [up.process.pid, postmaster(up.home), *up.children()]
    refused = waya(up.home, "up", "--port", "0")
    assert refused.returncode == 1
    assert "already runs" in refused.stderr
    up.process.terminate()
    assert up.process.wait(timeout=60) == 0
    until(lambda: all(gone(pid) for pid in everything), seconds=10)


def test_nothing_outlives_a_killed_supervisor(up: Running) -> None:
    until(up.serves, seconds=60)
    everything = [postmaster(up.home), *up.children()]
    up.process.kill()
    up.process.wait()
    until(lambda: all(gone(pid) for pid in everything), seconds=30)
