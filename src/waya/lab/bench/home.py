"""A home for one bench alone, gone when it is over."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django

from waya.cli import ground
from waya.cli.postgres.server import Server
from waya.cli.up import migrate


@contextmanager
def own_ground() -> Iterator[Server | None]:
    """A home and a database in it, migrated, and Django ready; both are gone afterwards."""
    with own_home() as home, ground.database(own=True) as server:
        migrate()
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "waya.settings")
        django.setup()
        yield server
    print(f"home {home} is gone", flush=True)


@contextmanager
def own_home() -> Iterator[Path]:
    """A home for this bench alone; a database from outside is not touched."""
    with tempfile.TemporaryDirectory(prefix="waya-bench-") as folder:
        Path(folder).chmod(0o711)  # the server's account passes through
        kept = {name: os.environ.pop(name, None) for name in ("DATABASE_URL", "WAYA_HOME")}
        os.environ["WAYA_HOME"] = folder
        try:
            yield Path(folder)
        finally:
            del os.environ["WAYA_HOME"]
            os.environ.update({name: value for name, value in kept.items() if value})
