"""One installation for all live tests of a worker: starting it costs more than breaking it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.live.installation import Installation, installation


@pytest.fixture(scope="session")
def live() -> Iterator[Installation]:
    """A running Waya with its network, whose households have not paid this month."""
    folder = Path(tempfile.mkdtemp(prefix="waya-live-"))
    folder.chmod(0o755)  # the database server runs under an account of its own
    try:
        with installation(folder) as made:
            yield made
    finally:
        shutil.rmtree(folder, ignore_errors=True)
