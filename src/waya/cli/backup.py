"""Keep the database and the key that opens its credentials, in files that were read back."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import time
from pathlib import Path

import psycopg
from psycopg import sql

from waya.cli.postgres import dumps
from waya.cli.postgres.account import Unusable
from waya.cli.postgres.folders import default_home, make_folder
from waya.kernel import clock

RECORD = "backup.json"
_TRIAL = "waya_trial"
_DAY_SECONDS = 86_400


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to, and how sure to be."""
    parser.add_argument("--to", type=Path, help="a folder; default: backups in WAYA_HOME")
    tries = "restore it into a database beside, and compare row counts"
    parser.add_argument("--keep", type=int, help="afterwards, remove all but so many")
    parser.add_argument("--try", dest="trial", action="store_true", help=tries)


def run(options: argparse.Namespace) -> int:
    """Write the backup, read it through, note when; prints the file."""
    home, began = default_home(), time.monotonic()
    folder = options.to or home / "backups"
    make_folder(folder, mode=0o700)
    now = clock.real_now()
    file = folder / f"waya-{now:%Y%m%dT%H%M%S}Z.dump"
    url = os.environ["DATABASE_URL"]
    if file.exists():
        raise Unusable(f"{file} is there already")
    dumps.dump(url, file)
    keep_key(home, file)
    if options.trial:
        try_restoring(url, file)
    record = {"at": now.isoformat(), "file": str(file), "bytes": file.stat().st_size,
              "seconds": round(time.monotonic() - began, 1), "tried": options.trial}  # fmt: skip
    (home / RECORD).write_text(json.dumps(record) + "\n")
    if options.keep:
        forget(folder, keep=options.keep)
    print(file)
    return 0


def due(home: Path) -> bool:
    """Whether the last backup, or else the home itself, is a day old."""
    mark = home / RECORD if (home / RECORD).exists() else home / "key"
    return mark.exists() and time.time() - mark.stat().st_mtime > _DAY_SECONDS


def forget(folder: Path, *, keep: int) -> None:
    """Remove the oldest backups with their keys; their names sort by time."""
    for file in sorted(folder.glob("waya-*.dump"))[:-keep]:
        file.unlink()
        file.with_suffix(".key").unlink(missing_ok=True)


def keep_key(home: Path, file: Path) -> None:
    """Lay the key beside the dump, for our eyes only. Without it credentials stay sealed."""
    key, kept = home / "key", file.with_suffix(".key")
    if key.exists():
        kept.touch(mode=0o600)
        shutil.copyfile(key, kept)


def try_restoring(url: str, file: Path) -> None:
    """Load the dump into a database beside ours, and compare: a backup never tried is a hope.

    Rows may be written meanwhile, so a table may have fewer in the trial; an empty one that
    is full here, or one that is missing, is a fault.
    """
    beside = psycopg.conninfo.make_conninfo(url, dbname=_TRIAL)
    trial = sql.Identifier(_TRIAL)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("drop database if exists {}").format(trial))
        connection.execute(sql.SQL("create database {} template template0").format(trial))
        try:
            before = dumps.counts(url)
            dumps.load(beside, file)
            found = dumps.counts(beside)
        finally:
            connection.execute(sql.SQL("drop database {} with (force)").format(trial))
    wrong = [name for name, rows in before.items() if rows and not found.get(name)]
    if wrong:
        raise Unusable(f"the restored copy lacks {', '.join(wrong)}")
