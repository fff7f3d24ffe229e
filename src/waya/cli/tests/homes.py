"""Homes with a database, made once in a run of the tests and copied by whoever needs one."""

from __future__ import annotations

import fcntl
import os
import subprocess
from pathlib import Path

from waya.cli.postgres.server import ensure_running
from waya.cli.tests.database import HOME
from waya.cli.tests.running import waya


def stopped(folder: Path) -> Path:
    """A home in this folder whose database was made and stopped."""
    return _copied("made", folder)


def migrated(folder: Path) -> Path:
    """A home in this folder whose database was made, migrated, seeded and stopped; it keeps
    what is committed even when it is killed."""
    return _copied("migrated", folder)


def _copied(kind: str, folder: Path) -> Path:
    kept = Path(os.environ[HOME]) / "homes"
    kept.mkdir(mode=0o711, exist_ok=True)
    with (kept / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (kept / kind).exists():
            _make(kind, kept)
    _copy(kept / kind, folder / "home")
    return folder / "home"


def _make(kind: str, kept: Path) -> None:
    """Under another name until it is whole: who fails halfway leaves nothing that looks made."""
    begun = kept / f"{kind}.begun"
    subprocess.run(["rm", "-rf", str(begun)], check=True)
    ensure_running(begun, fast=kind != "migrated").stop()
    if kind == "migrated":
        outcome = waya(begun, "migrate")
        assert outcome.returncode == 0, outcome.stderr
    begun.rename(kept / kind)


def _copy(home: Path, to: Path) -> None:
    subprocess.run(["cp", "-a", str(home), str(to)], check=True)
