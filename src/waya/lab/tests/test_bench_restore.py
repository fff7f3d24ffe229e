"""The bench measures what it says, loses nothing and leaves nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def folder() -> Iterator[Path]:
    """A place for temporary homes that PostgreSQL's own account may enter."""
    with tempfile.TemporaryDirectory(prefix="waya-test-bench-") as made:
        Path(made).chmod(0o711)
        yield Path(made)


def test_a_small_restore_is_measured_with_a_router_away(folder: Path) -> None:
    words = ["--customers", "60", "--routers", "2", "--latency-ms", "5", "--rate", "10"]
    words += ["--payments", "12", "--offline", "1", "--redial-seconds", "0.2"]
    outcome = subprocess.run(
        [sys.executable, "-m", "waya", "bench", "restore", *words],
        env=os.environ | {"TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr[-2000:]
    figures = json.loads(outcome.stdout.splitlines()[-1])
    assert set(figures["restored_ms"]) == {"p50", "p95", "p99", "max"}
    assert set(figures["answered_ms"]) == {"p50", "p99"}
    assert (figures["lost"], figures["doubled"], figures["payments"]) == (0, 0, 12)
    assert figures["offline"]["payments"] > 0
    assert 0 < figures["restored_ms"]["p50"] < 60_000
    assert figures["cpu_seconds"] > 0
    assert list(folder.glob("waya-bench-*")) == []
