"""Homes for servers of their own, in folders that the server's account may enter."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from waya.cli.tests import homes


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder; pytest's own may only be entered by whoever runs it."""
    made = Path(tempfile.mkdtemp(prefix="waya-cli-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def home(folder: Path) -> Path:
    """A copy of a stopped home for one test."""
    return homes.stopped(folder)


@pytest.fixture
def full_home(folder: Path) -> Path:
    """A copy of a migrated home for one test."""
    return homes.migrated(folder)
