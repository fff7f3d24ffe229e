"""Bring a backup back into an empty database, or in place of what is there."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from waya.cli import ground, up
from waya.cli.postgres import dumps
from waya.cli.postgres.account import Unusable
from waya.cli.postgres.folders import default_home


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which file, and whether it may replace."""
    parser.add_argument("file", type=Path, help="a .dump that `waya backup` wrote")
    parser.add_argument("--replace", action="store_true", help="drop what the database holds")


def run(options: argparse.Namespace) -> int:
    """Check the file, load it whole or not at all, take its keys, and bring it up to date."""
    home, url = default_home(), os.environ["DATABASE_URL"]
    with ground.only_one(home, "up"):
        dumps.read_through(options.file)
        if not dumps.is_empty(url):
            if not options.replace:
                raise Unusable("the database is not empty; --replace drops what it holds")
            dumps.empty(url)
        dumps.load(url, options.file)
        take_keys(home, options.file.with_suffix(".key"))
        up.migrate()
    print(f"restored {options.file}")
    return 0


def take_keys(home: Path, kept: Path) -> None:
    """Add the backup's keys behind ours: what it sealed opens, what is new uses our newest."""
    if not kept.is_file():
        return
    key = home / "key"
    ours = key.read_text().split() if key.exists() else []
    theirs = [one for one in kept.read_text().split() if one not in ours]
    key.touch(mode=0o600)
    key.write_text("\n".join([*ours, *theirs]) + "\n")
