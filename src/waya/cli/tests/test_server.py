"""The database server: started once, found again, ended with whoever started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from waya.cli import ground
from waya.cli.postgres import account
from waya.cli.postgres.folders import Folders
from waya.cli.postgres.server import Server, ensure_running
from waya.cli.tests.running import ask, gone, postmaster, until

START = """
import pathlib, sys
from waya.cli.postgres.server import ensure_running
server = ensure_running(pathlib.Path(sys.argv[1]))
print(server.ours, flush=True)
sys.stdin.read()
server.stop()
"""


def start_elsewhere(home: Path) -> subprocess.Popen[str]:
    """Start, or find, the server in another process, which keeps it until its input ends."""
    command = [sys.executable, "-c", START, str(home)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_what_is_committed_survives_a_stop(home: Path) -> None:
    server = ensure_running(home)
    with psycopg.connect(server.url) as connection:
        connection.execute("create table kept (amount int)")
        connection.execute("insert into kept values (42)")
    server.restart()
    assert ask(server.url, "select amount from kept") == 42
    server.stop()
    again = ensure_running(home)
    assert ask(again.url, "select amount from kept") == 42
    again.stop()


def test_a_running_server_is_found_and_not_stopped_by_who_found_it(home: Path) -> None:
    server = ensure_running(home)
    found = ensure_running(home)
    assert (server.ours, found.ours) == (True, False)
    assert found.url == server.url
    found.stop()
    assert ask(server.url) == 1
    server.stop()


def test_two_starts_at_once_make_one_server(home: Path) -> None:
    both = [start_elsewhere(home) for _ in range(2)]
    told = sorted(one.stdout.readline().strip() for one in both if one.stdout)
    assert told == ["False", "True"]
    for one in both:
        one.communicate()


def test_the_server_ends_when_its_starter_is_killed(home: Path) -> None:
    starter = start_elsewhere(home)
    assert starter.stdout
    starter.stdout.readline()
    pid = postmaster(home)
    starter.kill()
    starter.wait()
    until(lambda: gone(pid), what="the server ends")
    server = ensure_running(home)
    assert ask(server.url) == 1
    server.stop()


def test_a_killed_server_recovers(home: Path) -> None:
    server = ensure_running(home)
    with psycopg.connect(server.url) as connection:
        connection.execute("set synchronous_commit to on")  # as it is outside of tests
        connection.execute("create table kept (amount int)")
    assert server.process
    os.kill(server.process.pid, signal.SIGKILL)
    until(lambda: not server.alive())
    server.restart()
    assert ask(server.url, "select count(*) from kept") == 0
    server.stop()


def test_a_pid_that_now_belongs_to_something_else_is_forgotten(home: Path) -> None:
    stale = [str(os.getpid()), str(Folders(home).cluster), "0", "5432", "", "", "", "ready"]
    (Folders(home).cluster / "postmaster.pid").write_text("\n".join(stale) + "\n")
    server = ensure_running(home)
    assert server.ours
    assert ask(server.url) == 1
    server.stop()


def test_data_of_another_major_version_is_refused_with_the_cure(home: Path) -> None:
    (Folders(home).cluster / "PG_VERSION").write_text("12\n")
    with pytest.raises(account.Unusable, match="waya upgrade-postgres"):
        ensure_running(home)


def test_nobody_enters_without_a_password(home: Path) -> None:
    server = ensure_running(home, tcp_port=0)
    try:
        for url in (server.url, server.application_url, server.administrator_url):
            password = url.split(":")[2].split("@")[0]
            with pytest.raises(psycopg.OperationalError, match="password"):
                psycopg.connect(url.replace(password, "guess"))
            tcp = psycopg.conninfo.make_conninfo(url, host="127.0.0.1", password="guess")
            with pytest.raises(psycopg.OperationalError, match="password"):
                psycopg.connect(tcp)
        assert Folders(home).passwords.stat().st_mode & 0o777 == 0o600
        assert Folders(home).cluster.stat().st_mode & 0o777 == 0o700
    finally:
        server.stop()


def test_tcp_is_open_on_loopback_only_when_asked(home: Path) -> None:
    quiet = ensure_running(home)
    assert ask(quiet.url, "show listen_addresses") == ""
    quiet.stop()
    open_ = ensure_running(home, tcp_port=0)
    tcp = psycopg.conninfo.make_conninfo(open_.url, host="127.0.0.1", port=open_.port)
    assert ask(tcp, "select inet_server_addr()::text") == "127.0.0.1/32"
    open_.restart()
    assert ask(tcp) == 1
    open_.stop()


def test_a_home_with_a_long_path_has_its_socket_elsewhere(folder: Path) -> None:
    home = folder / ("a" * 60) / ("b" * 60)
    server = ensure_running(home, fast=True)
    assert ask(server.url) == 1
    server.stop()
    Folders(home).sockets.rmdir()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives its server another account")
def test_root_s_server_runs_as_another_account_and_opens_no_folder(folder: Path) -> None:
    (folder / "inner").mkdir(mode=0o711)
    before = [path.stat().st_mode for path in (folder, folder / "inner")]
    server = ensure_running(folder / "inner" / "home", fast=True)
    assert server.process
    assert Path(f"/proc/{server.process.pid}").stat().st_uid != 0
    assert [path.stat().st_mode for path in (folder, folder / "inner")] == before
    server.stop()
    (folder / "shut").mkdir(mode=0o700)
    with pytest.raises(account.Unusable, match="may not enter"):
        ensure_running(folder / "shut" / "home", fast=True)


def test_an_outside_database_is_used_and_nothing_is_started(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAYA_HOME", str(folder / "home"))
    monkeypatch.setenv("DATABASE_URL", "postgresql://elsewhere/books")
    with ground.database() as server:
        assert server is None
        assert os.environ["DATABASE_URL"] == "postgresql://elsewhere/books"
    assert not Folders(folder / "home").cluster.exists()


def test_only_the_starter_may_restart(home: Path) -> None:
    with pytest.raises(account.Unusable):
        Server(home, 5432, tcp=False).restart()
