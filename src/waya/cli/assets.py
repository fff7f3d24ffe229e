"""Build what browsers download, in a checkout; a wheel brings it along."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from waya.cli.postgres.account import Unusable

CHECKOUT = Path(__file__).resolve().parents[3]
BUILDER = CHECKOUT / "tools" / "build_assets.py"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No options."""


def run(options: argparse.Namespace) -> int:
    """Build; at once when nothing has changed."""
    if not BUILDER.is_file():
        raise Unusable("assets are built in a checkout; this installation has them already")
    return subprocess.run([sys.executable, str(BUILDER)], check=False).returncode
