"""The tests' own database: apart for each run, and gone even when pytest is killed."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from django.contrib.auth.models import Group
from django.db import connection

from waya.cli.tests.running import gone, postmaster, until

ROOT = Path(__file__).resolve().parents[4]
HANGS = """
import pathlib, pytest, threading
from waya.cli.tests.database import DATABASE_OF_THIS_RUN

def test_hangs():
    server = DATABASE_OF_THIS_RUN.start()
    pathlib.Path({place!r}).write_text(str(server.home))
    threading.Event().wait(600)
"""


def test_the_server_ends_when_pytest_is_killed(tmp_path: Path) -> None:
    place, test = tmp_path / "home", tmp_path / "test_hangs.py"
    test.write_text(HANGS.format(place=str(place)))
    mine = ("PYTEST", "WAYA_TEST", "DATABASE_URL", "WAYA_HOME")
    environment = {name: text for name, text in os.environ.items() if not name.startswith(mine)}
    run = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c",
         str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT), str(test)],
        env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    until(lambda: place.exists() and place.read_text(), seconds=60)
    home = Path(place.read_text())
    assert str(home) != os.environ["WAYA_TEST_HOME"]
    assert home.parent == Path(tempfile.gettempdir())
    pid = postmaster(home)
    run.kill()
    run.wait()
    until(lambda: gone(pid), what="the server ends")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", [1, 2])
def test_a_transactional_test_leaves_nothing_behind(turn: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from procrastinate_jobs")
        assert cursor.fetchone() == (0,)
        cursor.execute("insert into procrastinate_jobs (queue_name, task_name) values ('a', 'b')")
    assert not Group.objects.exists()
    Group.objects.create(name=f"turn {turn}")


@pytest.mark.django_db
def test_each_worker_has_a_database_of_its_own() -> None:
    with connection.cursor() as cursor:
        cursor.execute("select current_database()")
        worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
        assert cursor.fetchone() == (f"waya_{worker}",)
