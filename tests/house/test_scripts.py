"""The scripts in bin, on machines that lack what they need."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.house.tree import ROOT

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
# A Python as Debian ships it: complete but for one package.
WITHOUT_VENV = f"""#!/bin/sh
case "$*" in *ensurepip*) exit 1 ;; esac
exec {sys.executable} "$@"
"""
TOO_OLD = """#!/bin/sh
exit 1
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A clone with nothing installed."""
    shutil.copytree(ROOT / "bin", tmp_path / "bin")
    for name in ("requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def setup(checkout: Path, python: str) -> subprocess.CompletedProcess[str]:
    """Run bin/setup where each `python3` is this script."""
    tools = checkout / "tools"
    tools.mkdir()
    for name in ("sh", "dirname", "cat", "cksum"):
        (tools / name).symlink_to(shutil.which(name) or name)
    for name in ("python3", "python3.11", "python3.12", "python3.13"):
        (tools / name).write_text(python)
        (tools / name).chmod(0o755)
    return subprocess.run(
        [checkout / "bin" / "setup"],
        env={"PATH": str(tools), "HOME": os.environ.get("HOME", "/")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_python_that_cannot_make_environments_is_told_its_package(checkout: Path) -> None:
    outcome = setup(checkout, WITHOUT_VENV)
    assert outcome.returncode == 3
    assert f"python{VERSION}-venv" in outcome.stderr


def test_a_machine_without_python_is_told_so(checkout: Path) -> None:
    outcome = setup(checkout, TOO_OLD)
    assert outcome.returncode == 3
    assert "Python 3.11" in outcome.stderr


def test_a_second_start_installs_nothing(checkout: Path) -> None:
    say = 'echo "$1 $PWD $(cat requirements.lock pyproject.toml | cksum)"'
    stamp = subprocess.run(
        ["sh", "-c", say, "sh", VERSION],
        cwd=checkout, capture_output=True, text=True, check=True,
    )  # fmt: skip
    (checkout / ".venv").mkdir()
    (checkout / ".venv" / "stamp").write_text(stamp.stdout)
    outcome = setup(checkout, f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    assert (outcome.returncode, outcome.stderr) == (0, "")
