"""Dump a database to a file, look whether the file is whole, and load it again."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from waya.cli.postgres.account import Unusable
from waya.cli.postgres.binaries import shipped

_TLS = {"require", "verify-ca", "verify-full"}
_OURS = "nspname !~ '^pg_' and nspname <> 'information_schema'"


def dump(url: str, file: Path) -> None:
    """Write everything in this database to a file, as it is at one moment."""
    unfinished = file.with_name(f".{file.name}.unfinished")
    unfinished.touch(mode=0o600)
    _run("pg_dump", ["--format=custom", "--no-owner", "--no-privileges"], unfinished, url=url)
    read_through(unfinished)
    unfinished.rename(file)


def read_through(file: Path) -> None:
    """Unpack the whole file to nowhere; raises Unusable if any of it is damaged."""
    if not file.is_file():
        raise Unusable(f"there is no {file}")
    _run("pg_restore", [f"--file={os.devnull}", str(file)])


def load(url: str, file: Path) -> None:
    """Fill an empty database from a file: all of it, or nothing."""
    flags = ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"]
    name = conninfo_to_dict(url)["dbname"]
    _run("pg_restore", [*flags, f"--dbname={name}", str(file)], url=url)


def is_empty(url: str) -> bool:
    """Tell whether there is no table of ours."""
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "select 1 from pg_class join pg_namespace on pg_namespace.oid = relnamespace "
            f"where relkind in ('r', 'p') and {_OURS} limit 1"
        )
        return found.fetchone() is None


def empty(url: str) -> None:
    """Drop every schema, and make the one that a new database has."""
    with psycopg.connect(url) as connection:
        schemas = connection.execute(f"select nspname from pg_namespace where {_OURS}").fetchall()
        for (name,) in schemas:
            connection.execute(sql.SQL("drop schema {} cascade").format(sql.Identifier(name)))
        connection.execute("create schema public")


def counts(url: str) -> dict[str, int]:
    """How many rows each table has."""
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "select schemaname, tablename from pg_tables join pg_namespace "
            f"on nspname = schemaname where {_OURS} order by 1, 2"
        ).fetchall()
        return {
            f"{schema}.{table}": _count(connection, sql.Identifier(schema, table))
            for schema, table in tables
        }


def _count(connection: psycopg.Connection[tuple[int, ...]], table: sql.Identifier) -> int:
    row = connection.execute(sql.SQL("select count(*) from {}").format(table)).fetchone()
    return row[0] if row else 0


def _run(
    program: str, flags: list[str], output: Path | None = None, *, url: str | None = None
) -> None:
    """Run a program of PostgreSQL; the password goes by the environment, where `ps` is blind."""
    environment = _environment(url) if url else {}
    command = [_find(program, needs_tls=environment.get("PGSSLMODE") in _TLS), *flags]
    if output is not None:
        command.append(f"--file={output}")
    outcome = subprocess.run(
        command,
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={"PATH": os.defpath, "LC_ALL": "C"} | environment,
    )
    if outcome.returncode != 0:
        raise Unusable(f"{program}: {outcome.stderr.strip()}")


def _find(program: str, *, needs_tls: bool) -> str:
    """The wheel's program, or the machine's own where the server wants TLS: the wheel has none."""
    if not needs_tls:
        return shipped()[0].program(program)
    found = shutil.which(program)
    if found is None:
        raise Unusable(f"the server wants TLS, so {program} of this machine is needed: "
                       "on Debian, apt-get install postgresql-client")  # fmt: skip
    return found


def _environment(url: str) -> dict[str, str]:
    told = conninfo_to_dict(url)
    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD",
             "dbname": "PGDATABASE", "sslmode": "PGSSLMODE"}  # fmt: skip
    return {names[key]: str(value) for key, value in told.items() if key in names}
