"""Bring data of an older PostgreSQL to the one we ship, with the older one the wheel carries."""

from __future__ import annotations

import argparse
import re
import shutil
import tempfile
from pathlib import Path

from waya.cli import ground
from waya.cli.postgres import cluster
from waya.cli.postgres.account import Unusable, server_account
from waya.cli.postgres.binaries import Install, shipped, usable_by
from waya.cli.postgres.folders import Folders, default_home


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where the older programs are, if not in the wheel."""
    parser.add_argument("--old-install", type=Path, help="a folder with bin/ of the older one")


def run(options: argparse.Namespace) -> int:
    """Upgrade the home's data with pg_upgrade; the old data stays beside until removed."""
    home = default_home()
    with ground.only_one(home, "up"):
        kept = upgrade(Folders(home), options.old_install)
    print(f"upgraded; the old data is in {kept}: remove it when all is well")
    return 0


def upgrade(folders: Folders, old_install: Path | None = None) -> Path:
    """Copy the cluster into a new one and change places; answers where the old one is now.

    The new cluster has checksums only if the old one had: pg_upgrade insists.
    """
    account = server_account()
    new = usable_by(shipped()[0], account)
    major = int((folders.cluster / "PG_VERSION").read_text())
    if major == new.major:
        raise Unusable(f"the data is of PostgreSQL {major} already")
    old = Install(old_install, str(major)) if old_install else usable_by(_shipped(major), account)
    unfinished = Path(tempfile.mkdtemp(prefix="unfinished-", dir=folders.root))
    try:
        cluster.own(unfinished, account)
        password = cluster.password_of(folders, cluster.ADMINISTRATOR)
        fresh = unfinished / "cluster"
        told = cluster.run([old.program("pg_controldata"), str(folders.cluster)], account)
        bare = re.search(r"checksum version:\s+0", told) is not None
        cluster.initialise(
            fresh, new, account, password=password, extra="--no-data-checksums" if bare else ""
        )
        command = [new.program("pg_upgrade"), "--username", cluster.ADMINISTRATOR]
        command += ["--old-bindir", str(old.folder / "bin")]
        command += ["--new-bindir", str(new.folder / "bin")]
        command += ["--old-datadir", str(folders.cluster), "--new-datadir", str(fresh)]
        command += ["--socketdir", str(folders.sockets)]
        cluster.run(command, account, folder=unfinished, password=password)
        for name in ("postgresql.conf", "pg_hba.conf"):
            shutil.copyfile(folders.cluster / name, fresh / name)
        kept = folders.root / f"cluster-{major}"
        folders.cluster.rename(kept)
        fresh.rename(folders.cluster)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return kept


def _shipped(major: int) -> Install:
    for install in shipped():
        if install.major == major:
            return install
    have = ", ".join(install.version for install in shipped())
    raise Unusable(f"the data is of PostgreSQL {major}; the wheel carries {have}. "
                   "Name a folder with its programs by --old-install")  # fmt: skip
