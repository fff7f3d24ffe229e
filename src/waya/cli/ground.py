"""What a command stands on: the home with its key, and a database to talk to."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.fernet import Fernet

from waya.cli.postgres.account import Unusable, server_account
from waya.cli.postgres.folders import Folders, default_home, make_folder, make_folders
from waya.cli.postgres.server import Server, ensure_running


def prepare_home() -> Path:
    """Make the home and the key that seals credentials; say in the environment where it is.

    The key lies beside the data, not in the database: a stolen dump opens no router.
    """
    home = default_home()
    make_folders(Folders(home), server_account())
    make_folder(home / "static", mode=0o755)  # whitenoise warns about a folder that is not there
    os.environ["WAYA_HOME"] = str(home)
    key = home / "key"
    try:
        file = os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return home
    with os.fdopen(file, "wb") as written:
        written.write(Fernet.generate_key() + b"\n")
    return home


@contextmanager
def database(*, tcp_port: int | None = None, own: bool = False) -> Iterator[Server | None]:
    """Have a database for as long as the block runs, and its address in DATABASE_URL.

    DATABASE_URL from outside is used as it is and gives None. Otherwise the home's server
    is found or started; one that was started here is stopped at the end. With `own`, one
    that somebody else started is waited for, because it would end with them.
    """
    home = prepare_home()
    if os.environ.get("DATABASE_URL"):
        yield None
        return
    server = ensure_running(home, tcp_port=tcp_port)
    for _ in range(100 if own else 0):
        if server.ours:
            break
        threading.Event().wait(0.1)
        server = ensure_running(home, tcp_port=tcp_port)
    if own and not server.ours:
        raise Unusable(f"another command runs the database of {home}; wait until it has ended")
    os.environ["DATABASE_URL"] = server.url
    try:
        yield server
    finally:
        del os.environ["DATABASE_URL"]
        server.stop()


@contextmanager
def only_one(home: Path, name: str) -> Iterator[None]:
    """Refuse to run a second time in the same home."""
    with (home / f"{name}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Unusable(f"waya {name} already runs in {home}") from None
        yield
