"""What every test may use: the database, emptied or rolled back, and programs of the machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.commands import flush as flush_command
from django.db import connection, connections, transaction
from django.db.backends.postgresql.operations import DatabaseOperations
from etims.testing import FakeKra
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from playwright.sync_api import expect
from psycopg.conninfo import conninfo_to_dict

from waya.cli.tests.database import DATABASE_OF_THIS_RUN
from waya.org.actors import SYSTEM
from waya.org.rows import remembered

pytest_plugins = ["waya.cli.tests.browser"]


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_blocker: Any, request: pytest.FixtureRequest
) -> Iterator[None]:
    """Give this worker a fresh copy of the migrated database."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    with django_db_blocker.unblock():
        os.environ["DATABASE_URL"] = DATABASE_OF_THIS_RUN.clone(worker, _migrate)
        _point_at(os.environ["DATABASE_URL"])
    yield
    with django_db_blocker.unblock():
        connections.close_all()


def _migrate(url: str) -> None:
    """Migrated, and with the tax packs in: a thousand tests begin with those."""
    _point_at(url)
    call_command("migrate", verbosity=0, interactive=False)
    seed_taxes = import_module("waya.catalog.commands").seed_taxes  # when Django is ready
    seed_taxes(by=SYSTEM)
    connections.close_all()


def _point_at(url: str) -> None:
    """Change the settings in place: the connection and the job queue read this very mapping."""
    connections.close_all()
    told = conninfo_to_dict(url)
    settings.DATABASES["default"].update(
        NAME=told["dbname"],
        USER=told["user"],
        PASSWORD=told["password"],
        HOST=told["host"],
        PORT=told.get("port", ""),
    )


_EVERY_TABLE = """
select format('%I.%I', schemaname, tablename) from pg_tables
where schemaname not in ('pg_catalog', 'information_schema') and tablename <> 'django_migrations'
"""


@pytest.fixture(scope="session", autouse=True)
def flush_may_empty_the_books() -> Iterator[None]:
    """Let the flush after a transactional test empty tables that refuse to be emptied.

    Only the flush: what a test itself does meets the triggers as in production. It empties
    tables that are no Django model's too, such as those of jobs and of access secrets; but only
    those that hold something, for to truncate them all takes longer than most tests. Django
    would then write content types and permissions anew: nobody here reads them.
    """

    def flush(self: DatabaseOperations, sql_list: Any) -> None:
        with transaction.atomic(using=self.connection.alias), self.connection.cursor() as cursor:
            cursor.execute("set local session_replication_role = replica")
            cursor.execute(_EVERY_TABLE)
            holds = "select '{0}' where exists (select from {0})"
            cursor.execute(" union all ".join(holds.format(name) for (name,) in cursor.fetchall()))
            for (name,) in cursor.fetchall():
                cursor.execute(f"delete from {name}")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "execute_sql_flush", flush)
        patch.setattr(flush_command, "emit_post_migrate_signal", lambda *told: None)
        yield


# No test is timed: a machine may be slow, and what takes long is measured by `waya bench`.
hypothesis_settings.register_profile(
    "waya", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("waya")

# A browser on two busy cores takes its time; what does not come about still fails.
expect.set_options(timeout=30_000)


@pytest.fixture(scope="session", autouse=True)
def passwords_cost_nothing() -> None:
    """A second of hashing for each sign-in shows nothing here."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test's rows said is not so in the next; within one, how slow the machine is
    does not change how often something is asked."""
    monkeypatch.setattr(remembered, "SECONDS", 3600.0)
    remembered.forget_all()


@pytest.fixture(scope="session")
def needs_program() -> Callable[[str], str]:
    """Find a program of the machine, or skip; fail where everything must be tried.

    Returns its path. `WAYA_TEST_ALL=1` turns the skip into a failure.
    """

    def find(name: str) -> str:
        path = shutil.which(name)
        if path is None and os.environ.get("WAYA_TEST_ALL") == "1":
            pytest.fail(f"{name} is not installed, and WAYA_TEST_ALL=1 forbids to skip")
        if path is None:
            pytest.skip(f"{name} is not installed; on Debian: apt-get install {name}")
        return path

    return find


@pytest.fixture
def database_url(transactional_db: None) -> str:
    """The address of this worker's database, for programs that a test starts."""
    connection.ensure_connection()
    return os.environ["DATABASE_URL"]


# They start programs and browsers, and take seconds each.
_SLOW = ("tests/live/", "browser", "test_up", "test_backup", "test_bench", "test_upgrade",
         "test_database.py", "test_a_year", "test_billing.py", "/dunning/")  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long, so that no core waits for the other's last browser."""
    items.sort(key=lambda item: not any(part in item.nodeid for part in _SLOW))


@pytest.fixture
def kra() -> Iterator[FakeKra]:
    """The tax authority as others wrote it, on loopback."""
    with FakeKra() as fake:
        yield fake
