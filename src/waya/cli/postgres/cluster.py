"""Make an empty database cluster: its settings, its roles, its passwords."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg
from psycopg import sql

from waya.cli.postgres.account import Account, Unusable
from waya.cli.postgres.binaries import Install
from waya.cli.postgres.folders import Folders

ADMINISTRATOR = "postgres"
OWNER = "waya"  # owns the schema and runs migrations
APPLICATION = "waya_app"  # web and workers; may not change what is posted
DATABASE = "waya"

SETTINGS = """
listen_addresses = ''
unix_socket_permissions = 0700
max_connections = 200
shared_buffers = 256MB
max_wal_size = 2GB
random_page_cost = 1.1
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
password_encryption = 'scram-sha-256'
"""

# For a database that is thrown away: nothing is kept through a power cut.
CARELESS_SETTINGS = """
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
autovacuum = off
shared_buffers = 64MB
"""

ACCESS = """
local all all scram-sha-256
host all all 127.0.0.1/32 scram-sha-256
host all all ::1/128 scram-sha-256
"""


def make_cluster(
    folders: Folders, install: Install, account: Account | None, *, careless: bool
) -> None:
    """Make the cluster beside its place and move it there whole, so no half of one is ever used."""
    write_passwords(folders)
    unfinished = Path(tempfile.mkdtemp(prefix="unfinished-", dir=folders.root))
    try:
        own(unfinished, account)
        fresh = unfinished / "cluster"
        initialise(fresh, install, account, password=password_of(folders, ADMINISTRATOR))
        (fresh / "pg_hba.conf").write_text(ACCESS)
        with (fresh / "postgresql.conf").open("a") as settings:
            settings.write(SETTINGS + (CARELESS_SETTINGS if careless else ""))
        fresh.rename(folders.cluster)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def initialise(
    cluster: Path, install: Install, account: Account | None, *, password: str, extra: str = ""
) -> None:
    """Run initdb. The collation is PostgreSQL's own, so no locale of the machine matters."""
    password_file = cluster.parent / "password"
    password_file.touch(mode=0o600)
    password_file.write_text(password)
    own(password_file, account)
    command = [
        install.program("initdb"),
        "--pgdata",
        str(cluster),
        "--no-sync",
        "--no-instructions",
    ]
    command += ["--username", ADMINISTRATOR, "--pwfile", str(password_file)]
    command += ["--auth", "scram-sha-256", "--encoding", "UTF8", *extra.split()]
    if install.major >= 17:
        command += ["--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C"]
    try:
        run(command, account)
    finally:
        password_file.unlink()


def make_roles(folders: Folders, administrator_url: str) -> None:
    """Make the owner, the application's role and the database, unless they are there."""
    with psycopg.connect(administrator_url, autocommit=True) as connection:
        for role in (OWNER, APPLICATION):
            known = connection.execute("select 1 from pg_roles where rolname = %s", [role])
            change = sql.SQL("alter role {}" if known.fetchone() else "create role {}")
            secret = sql.SQL(" with login password {}").format(password_of(folders, role))
            connection.execute(change.format(sql.Identifier(role)) + secret)
        connection.execute(sql.SQL("alter role {} with createdb").format(sql.Identifier(OWNER)))
        known = connection.execute("select 1 from pg_database where datname = %s", [DATABASE])
        if not known.fetchone():
            making = sql.SQL("create database {} owner {}")
            connection.execute(making.format(sql.Identifier(DATABASE), sql.Identifier(OWNER)))


def write_passwords(folders: Folders) -> None:
    """Give each role a random password, in a file only we may read."""
    roles = (ADMINISTRATOR, OWNER, APPLICATION)
    lines = [f"*:*:*:{role}:{secrets.token_urlsafe(32)}\n" for role in roles]
    written = os.open(folders.passwords, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(written, "w") as file:
        os.fchmod(file.fileno(), 0o600)
        file.writelines(lines)


def password_of(folders: Folders, role: str) -> str:
    """Read one role's password."""
    for line in folders.passwords.read_text().splitlines():
        *_, name, password = line.split(":")
        if name == role:
            return password
    raise Unusable(f"{folders.passwords} has no password of {role}")


def own(path: Path, account: Account | None) -> None:
    """Give a file to the server's account."""
    if account is not None:
        os.chown(path, account.uid, account.gid)


def run(
    command: list[str],
    account: Account | None,
    *,
    folder: Path | None = None,
    password: str | None = None,
) -> str:
    """Run one of PostgreSQL's programs to its end, as the server's account; gives what it said."""
    environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
    outcome = subprocess.run(
        command,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=folder or "/",
        env=environment | ({"PGPASSWORD": password} if password else {}),
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )
    if outcome.returncode != 0:
        raise Unusable(f"{Path(command[0]).name} failed:\n{outcome.stdout.strip()}")
    return outcome.stdout
