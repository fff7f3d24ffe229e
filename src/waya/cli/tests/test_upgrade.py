"""Data of an older PostgreSQL is brought over, with what is in it."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from waya.cli.postgres import cluster
from waya.cli.postgres.account import Unusable, server_account
from waya.cli.postgres.binaries import shipped, usable_by
from waya.cli.postgres.folders import Folders, make_folders
from waya.cli.postgres.server import _start, ensure_running
from waya.cli.upgrade import upgrade


def test_an_older_cluster_is_upgraded_whole(folder: Path) -> None:
    home, account = folder / "home", server_account()
    folders, older = Folders(home), usable_by(shipped()[-1], account)
    assert older.major < shipped()[0].major
    make_folders(folders, account)
    cluster.make_cluster(folders, older, account, careless=True)
    server = _start(folders, older, account, None)
    cluster.make_roles(folders, server.administrator_url)
    with psycopg.connect(server.url) as connection:
        connection.execute("create table kept as select 42 as amount")
    server.stop()

    with pytest.raises(Unusable, match="upgrade-postgres"):
        ensure_running(home)
    kept = upgrade(folders)

    assert (kept / "PG_VERSION").read_text().strip() == str(older.major)
    server = ensure_running(home)
    with psycopg.connect(server.url) as connection:
        assert connection.execute("select amount from kept").fetchone() == (42,)
        assert connection.info.server_version // 10000 == shipped()[0].major
    server.stop()
    with pytest.raises(Unusable, match="already"):
        upgrade(folders)
