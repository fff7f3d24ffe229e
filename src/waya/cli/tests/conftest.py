"""Homes for servers of their own, in folders that the server's account may enter."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from waya.cli.postgres.server import ensure_running
from waya.cli.tests.running import waya


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


@pytest.fixture(scope="session")
def migrated_home() -> Iterator[Path]:
    """A home whose database was made, migrated, seeded and stopped."""
    made = Path(tempfile.mkdtemp(prefix="waya-cli-"))
    made.chmod(0o755)
    ensure_running(made / "home", fast=True).stop()
    outcome = waya(made / "home", "migrate")
    assert outcome.returncode == 0, outcome.stderr
    yield made / "home"
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def home(folder: Path, stopped_home: Path) -> Path:
    """A copy of a stopped home for one test."""
    return _copy(stopped_home, folder)


@pytest.fixture
def full_home(folder: Path, migrated_home: Path) -> Path:
    """A copy of a migrated home for one test."""
    return _copy(migrated_home, folder)


def _copy(home: Path, folder: Path) -> Path:
    subprocess.run(["cp", "-a", str(home), str(folder / "home")], check=True)
    return folder / "home"
