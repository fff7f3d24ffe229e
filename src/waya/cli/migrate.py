"""Bring the database up to date: tables, what each role may do, and seeds."""

from __future__ import annotations

import argparse
import logging

from django.core.management import call_command
from django.db import connection

from waya.catalog.commands import seed_taxes
from waya.cli.postgres.cluster import APPLICATION
from waya.ledger.commands.accounts import seed_charts
from waya.org.actors import SYSTEM
from waya.org.commands.people import seed_roles

log = logging.getLogger("waya.migrate")

# Lower contexts first; each is safe to repeat and leaves alone what people changed.
SEEDS = (seed_roles, seed_taxes, seed_charts)

# What is posted stays. Triggers of the ledger say so too; this is the other lock.
_ONLY_ADDED_TO = ("ledger_journalentry", "ledger_journalline")

_ALLOW = """
grant usage on schema {schema} to {role};
grant select, insert, update, delete on all tables in schema {schema} to {role};
grant usage, select, update on all sequences in schema {schema} to {role};
"""
_SCHEMAS = """
select nspname from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No options."""


def run(options: argparse.Namespace) -> int:
    """Migrate, grant, seed. Safe to repeat; two at once wait for each other."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_lock(hashtext('waya migrate'))")
        call_command("migrate", verbosity=0, interactive=False)
        if _has_role(APPLICATION):
            allow_application(APPLICATION)
        _plant()
        cursor.execute("select pg_advisory_unlock(hashtext('waya migrate'))")
    return 0


def allow_application(role: str) -> None:
    """Let the role of web and workers read and write, but never change what is posted."""
    with connection.cursor() as cursor:
        cursor.execute(_SCHEMAS)
        for (schema,) in cursor.fetchall():
            cursor.execute(_ALLOW.format(schema=schema, role=role))
        tables = set(connection.introspection.table_names(cursor))
        for table in tables.intersection(_ONLY_ADDED_TO):
            cursor.execute(f"revoke update, delete, truncate on {table} from {role}")


def _has_role(role: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("select 1 from pg_roles where rolname = %s", [role])
        return cursor.fetchone() is not None


def _plant() -> None:
    """Run every seed as Waya itself."""
    for command in SEEDS:
        command(by=SYSTEM)
