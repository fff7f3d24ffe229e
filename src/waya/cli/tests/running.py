"""Run commands on homes of their own, look at processes, wait for conditions."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

from waya.cli.postgres.folders import Folders


def until(condition: Callable[[], object], *, seconds: float = 30.0, what: str = "") -> None:
    """Look again and again until it holds; fails after the deadline."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what or condition}"
        pause.wait(0.05)


def postmaster(home: Path) -> int:
    """The process id of the running server."""
    return int((Folders(home).cluster / "postmaster.pid").read_text().split()[0])


def gone(pid: int) -> bool:
    """Whether the process has ended, even if nobody has asked how."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def ask(url: str, question: str = "select 1") -> object:
    """One value from the database."""
    with psycopg.connect(url) as connection:
        row = connection.execute(question.encode()).fetchone()
        return row[0] if row else None


def environment(home: Path) -> dict[str, str]:
    """Ours, without what the tests' own database put there, and with this home."""
    hidden = ("DATABASE_URL", "WAYA_", "PYTEST")
    kept = {name: text for name, text in os.environ.items() if not name.startswith(hidden)}
    return kept | {"WAYA_HOME": str(home)}


def waya(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "waya", *words],
        env=environment(home),
        capture_output=True,
        text=True,
        check=False,
    )
