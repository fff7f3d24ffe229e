"""The database under the tests: a server of this run alone, gone when the run ends.

Loaded by pytest as a plugin before Django reads its settings. Each run, alone or with
workers, has its own server in a temporary home, so that several runs never meet; the
kernel ends it even when pytest is killed. Migrations run once; each worker gets a copy.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from cryptography.fernet import Fernet
from psycopg import sql

from waya.cli.postgres.cluster import DATABASE, OWNER
from waya.cli.postgres.server import Server, ensure_running

HOME = "WAYA_TEST_HOME"
_PREFIX = "waya-test-"
_TEMPLATE = "template_waya"


class Database:
    """The server of this run; started by the first who needs it."""

    def __init__(self) -> None:
        self.server: Server | None = None

    def start(self) -> Server:
        """Find or start the run's server."""
        if self.server is None:
            self.server = ensure_running(Path(os.environ[HOME]), fast=True)
        return self.server

    def clone(self, worker: str, migrate: Callable[[str], None]) -> str:
        """Make this worker's database, a copy of the migrated one, and answer its URL."""
        server = self.start()
        home = Path(os.environ[HOME])
        with (home / "template.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with psycopg.connect(server.administrator_url, autocommit=True) as connection:
                # Tests empty tables that nobody may empty; see `flush_may_empty_the_books`.
                may = "grant set on parameter session_replication_role to {}"
                connection.execute(sql.SQL(may).format(sql.Identifier(OWNER)))
                if not (home / "migrated").exists():
                    self._make(connection, _TEMPLATE, copy_of="template1")
                    migrate(_named(server.url, _TEMPLATE))
                    (home / "migrated").touch()
                self._make(connection, f"{DATABASE}_{worker}", copy_of=_TEMPLATE)
        return _named(server.url, f"{DATABASE}_{worker}")

    def stop(self) -> None:
        """End the server, if it is this process's, and remove its home."""
        if self.server is not None and self.server.ours:
            self.server.stop()
        shutil.rmtree(os.environ[HOME], ignore_errors=True)

    @staticmethod
    def _make(connection: psycopg.Connection[tuple[object, ...]], name: str, copy_of: str) -> None:
        made = sql.SQL("create database {} owner {} template {} strategy file_copy")
        gone = sql.SQL("drop database if exists {} with (force)")
        connection.execute(gone.format(sql.Identifier(name)))
        connection.execute(made.format(*map(sql.Identifier, (name, OWNER, copy_of))))


def _named(url: str, database: str) -> str:
    return url.replace(f"@/{DATABASE}?", f"@/{database}?")


DATABASE_OF_THIS_RUN = Database()


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Say where the database will be, before anybody reads the settings."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        return
    _sweep()
    home = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
    home.chmod(0o711)  # the server's account passes through
    (home / "static").mkdir()
    os.environ |= {
        HOME: str(home),
        "WAYA_HOME": str(home),
        "WAYA_KEY": Fernet.generate_key().decode(),
        "DATABASE_URL": f"postgresql://{OWNER}@/{DATABASE}?host={home}/postgres/run",
    }


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """With workers, the server belongs to the process that outlives them all."""
    if config.getoption("numprocesses", None) and not config.getoption("collectonly"):
        DATABASE_OF_THIS_RUN.start()


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Leave nothing behind."""
    if "PYTEST_XDIST_WORKER" not in os.environ and HOME in os.environ:
        DATABASE_OF_THIS_RUN.stop()


def _sweep() -> None:
    """Remove the homes of runs that were killed; their servers ended with them."""
    for home in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        pid = home.name.removeprefix(_PREFIX).split("-")[0]
        if pid.isdigit() and not _alive(int(pid)):
            shutil.rmtree(home, ignore_errors=True)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
