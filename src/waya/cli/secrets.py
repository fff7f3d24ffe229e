"""Make a new key, seal every credential with it, and forget the old ones."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from cryptography.fernet import Fernet
from django.conf import settings

from waya.cli import ground
from waya.cli.postgres.folders import default_home
from waya.org.actors import SYSTEM
from waya.org.commands import secrets


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No options."""


def run(options: argparse.Namespace) -> int:
    """Rotate the key file of the home. Staff sign in again afterwards.

    Where the keys come from WAYA_KEY, credentials are sealed with the first of them, and the
    others can then be taken out of it. A crash in between leaves all keys, and loses nothing.
    """
    home = default_home()
    with ground.only_one(home, "up"):
        if os.environ.get("WAYA_KEY"):
            count = secrets.rotate(by=SYSTEM)
        else:
            fresh = Fernet.generate_key().decode()
            settings.WAYA_KEYS.insert(0, fresh)
            write_keys(home / "key", settings.WAYA_KEYS)
            count = secrets.rotate(by=SYSTEM)
            write_keys(home / "key", [fresh])
    print(f"{count} credentials are sealed with the new key")
    return 0


def write_keys(file: Path, keys: Sequence[str]) -> None:
    """Replace the key file in one step, readable by us alone."""
    fresh = file.with_name(".key.new")
    fresh.touch(mode=0o600)
    fresh.write_text("\n".join(keys) + "\n")
    fresh.rename(file)
