"""Where a home keeps its database, and how folders there come to be."""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from waya.cli.postgres.account import Account, Unusable, can_enter

_LONGEST_SOCKET_PATH = 100  # the kernel takes 107 bytes; the port may have five digits


def default_home() -> Path:
    """WAYA_HOME, else /var/lib/waya for root and ~/.local/share/waya for others."""
    named = os.environ.get("WAYA_HOME")
    if named:
        return Path(named).resolve()
    return Path("/var/lib/waya") if os.geteuid() == 0 else Path.home() / ".local/share/waya"


@dataclass(frozen=True, slots=True)
class Folders:
    """The paths of one home's database."""

    home: Path

    @property
    def passwords(self) -> Path:
        """A password file as PostgreSQL's own programs read it."""
        return self.home / "pgpass"

    @property
    def root(self) -> Path:
        """Belongs to the server's account."""
        return self.home / "postgres"

    @property
    def cluster(self) -> Path:
        """What PostgreSQL calls PGDATA."""
        return self.root / "cluster"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.root / "log"

    @property
    def lock(self) -> Path:
        """Held while somebody looks whether the server runs, and starts it."""
        return self.home / "postgres.lock"

    @property
    def sockets(self) -> Path:
        """The folder of the Unix socket: in the home, or in /tmp where that path is too long."""
        within = self.root / "run"
        if len(bytes(within / ".s.PGSQL.65535")) <= _LONGEST_SOCKET_PATH:
            return within
        mark = hashlib.sha256(bytes(self.home)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"waya-{mark}"


def make_folders(folders: Folders, account: Account | None) -> None:
    """Make the home and the server's folders in it; folders that exist keep their permissions."""
    make_folder(folders.home, mode=0o700 if account is None else 0o755)
    if account is not None and not can_enter(folders.home, account):
        raise Unusable(f"the account waya may not enter {folders.home}: choose another WAYA_HOME")
    for folder in (folders.root, folders.sockets):
        make_folder(folder, mode=0o700, account=account)
        if folder.stat().st_uid != (account.uid if account else os.geteuid()):
            raise Unusable(f"{folder} belongs to another account")


def make_folder(folder: Path, *, mode: int, account: Account | None = None) -> None:
    """Make a folder, with its parents, unless it is there; only a new one gets this mode."""
    if folder.is_dir():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        folder.mkdir()
    except FileExistsError:
        return
    folder.chmod(mode)
    if account is not None:
        os.chown(folder, account.uid, account.gid)
