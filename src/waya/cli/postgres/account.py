"""Whom the database server runs as: ourselves, or the account `waya` when we are root."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

NAME = "waya"


class Unusable(Exception):  # said to a person, as Refused is
    """The machine cannot do what is asked; the message tells a person what would help."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account of this machine that is not root."""

    uid: int
    gid: int


def server_account() -> Account | None:
    """Find the account for the server, making it if root asks for the first time.

    PostgreSQL refuses to run as root. None means: the account we run as.
    """
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(NAME)
    except KeyError:
        entry = _make()
    return Account(entry.pw_uid, entry.pw_gid)


def _make() -> pwd.struct_passwd:
    useradd = shutil.which("useradd")
    if useradd is None:
        raise Unusable(f"there is no useradd here: make a system account named {NAME} yourself")
    command = [useradd, "--system", "--user-group", "--no-create-home"]
    command += ["--home-dir", "/var/lib/waya", "--shell", "/usr/sbin/nologin", NAME]
    outcome = subprocess.run(command, check=False, capture_output=True, text=True)
    try:
        return pwd.getpwnam(NAME)  # made by us, or by another start at the same moment
    except KeyError:
        raise Unusable(f"useradd {NAME}: {outcome.stderr.strip()}") from None


def can_enter(folder: Path, account: Account) -> bool:
    """Tell whether the account reaches this folder through all its parents."""
    outcome = subprocess.run(
        ["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)],
        check=False,
        capture_output=True,
        cwd="/",
        user=account.uid,
        group=account.gid,
        extra_groups=[],
    )
    return outcome.returncode == 0
