"""Backup, wipe, restore: what was there is there again, and nothing is overwritten unasked."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import psycopg
import pytest

from waya.cli import backup
from waya.cli.postgres import dumps
from waya.cli.postgres.account import Unusable
from waya.cli.postgres.server import ensure_running
from waya.cli.tests.running import waya


def roles(home: Path) -> list[str]:
    """What seeds planted, as a sign of life."""
    server = ensure_running(home)
    with psycopg.connect(server.url) as connection:
        found = [row[0] for row in connection.execute("select code from org_role order by 1")]
    server.stop()
    return found


def test_backup_wipe_restore(full_home: Path, folder: Path) -> None:
    planted = roles(full_home)
    assert "owner" in planted
    done = waya(full_home, "backup", "--try", "--to", str(folder / "kept"))
    assert done.returncode == 0, done.stderr
    file = Path(done.stdout.strip())
    record = json.loads((full_home / "backup.json").read_text())
    assert (record["file"], record["tried"]) == (str(file), True)
    assert file.with_suffix(".key").read_text() == (full_home / "key").read_text()
    assert file.with_suffix(".key").stat().st_mode & 0o777 == 0o600

    elsewhere = folder / "elsewhere"
    brought = waya(elsewhere, "restore", str(file))
    assert brought.returncode == 0, brought.stderr
    assert roles(elsewhere) == planted
    ours, theirs = (elsewhere / "key").read_text().split()
    assert theirs == (full_home / "key").read_text().strip() != ours

    refused = waya(elsewhere, "restore", str(file))
    assert refused.returncode == 1
    assert "--replace" in refused.stderr
    assert roles(elsewhere) == planted


def test_the_application_may_add_to_the_books_and_never_change_them(full_home: Path) -> None:
    server = ensure_running(full_home)
    for table in ("ledger_journalentry", "ledger_journalline"):
        with psycopg.connect(server.application_url, autocommit=True) as connection:
            connection.execute(f"select * from {table}".encode())
            for change in (f"delete from {table}", f"update {table} set entity_id = 1",
                           f"truncate {table} cascade"):  # fmt: skip
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(change.encode())
    server.stop()


def test_keys_are_rotated_and_the_old_one_is_forgotten(full_home: Path) -> None:
    old = (full_home / "key").read_text()
    done = waya(full_home, "secrets", "rotate")
    assert done.returncode == 0, done.stderr
    assert len((full_home / "key").read_text().split()) == 1
    assert (full_home / "key").read_text() != old
    assert (full_home / "key").stat().st_mode & 0o777 == 0o600


def test_a_damaged_dump_is_not_taken(home: Path, folder: Path) -> None:
    server = ensure_running(home)
    with psycopg.connect(server.url) as connection:
        connection.execute(
            "create table full_of as select md5(n::text) from generate_series(1, 9999) n"
        )
    whole = folder / "whole.dump"
    dumps.dump(server.url, whole)
    cut = folder / "cut.dump"
    cut.write_bytes(whole.read_bytes()[:-5000])
    dumps.read_through(whole)
    with pytest.raises(Unusable):
        dumps.read_through(cut)
    dumps.empty(server.url)
    assert dumps.is_empty(server.url)
    with pytest.raises(Unusable):
        dumps.load(server.url, cut)
    assert dumps.is_empty(server.url)
    dumps.load(server.url, whole)
    assert dumps.counts(server.url) == {"public.full_of": 9999}
    server.stop()


def test_a_backup_is_due_a_day_after_the_last_and_old_ones_go(tmp_path: Path) -> None:
    assert not backup.due(tmp_path)
    for name, age in (("key", 3 * 86_400), (backup.RECORD, 86_000)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (time.time() - age, time.time() - age))
        assert backup.due(tmp_path) == (name == "key")
    for day in range(1, 6):
        (tmp_path / f"waya-2027010{day}T000000Z.dump").touch()
        (tmp_path / f"waya-2027010{day}T000000Z.key").touch()
    backup.forget(tmp_path, keep=2)
    assert sorted(path.name[5:13] for path in tmp_path.glob("waya-*")) == [
        "20270104", "20270104", "20270105", "20270105",
    ]  # fmt: skip
