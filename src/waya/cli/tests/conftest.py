"""Homes for servers of their own, in folders that the server's account may enter."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from waya.cli.postgres.server import ensure_running


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder; pytest's own may only be entered by whoever runs it."""
    made = Path(tempfile.mkdtemp(prefix="waya-cli-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="session")
def stopped_home() -> Iterator[Path]:
    """A home whose database was made and stopped."""
    made = Path(tempfile.mkdtemp(prefix="waya-cli-"))
    made.chmod(0o755)
    ensure_running(made / "home", fast=True).stop()
    yield made / "home"
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def home(folder: Path, stopped_home: Path) -> Path:
    """A copy of such a home for one test."""
    subprocess.run(["cp", "-a", str(stopped_home), str(folder / "home")], check=True)
    return folder / "home"
