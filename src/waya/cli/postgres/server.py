"""Start, find, restart and stop the database server of a home."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from waya.cli.postgres import cluster
from waya.cli.postgres.account import Account, Unusable, server_account
from waya.cli.postgres.binaries import Install, shipped, usable_by
from waya.cli.postgres.folders import Folders, make_folders
from waya.cli.processes import tether

_PORT = 5432  # of the socket's file name alone, unless TCP is asked for
_FAST_SHUTDOWN = signal.SIGINT
_PATIENCE_SECONDS = 60.0
_RECOVERY_SECONDS = 600.0


@dataclass(slots=True)
class Server:
    """A running server. One that we found running is not ours to stop."""

    home: Path
    port: int
    tcp: bool
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """For migrations and for commands of the machine: the owner of the schema."""
        return self._url(cluster.OWNER, cluster.DATABASE)

    @property
    def application_url(self) -> str:
        """For web and workers: may not update or delete what is posted."""
        return self._url(cluster.APPLICATION, cluster.DATABASE)

    @property
    def administrator_url(self) -> str:
        """For making roles and databases, and for nothing else."""
        return self._url(cluster.ADMINISTRATOR, "postgres")

    @property
    def ours(self) -> bool:
        """Whether this process started it."""
        return self.process is not None

    def alive(self) -> bool:
        """Tell whether it still runs; one that we only found is taken to."""
        return self.process is None or self.process.poll() is None

    def stop(self) -> None:
        """End it as `pg_ctl stop -m fast` does: sessions are cut, what is committed is kept."""
        if self.process is not None:
            tether.stop(self.process, farewell=_FAST_SHUTDOWN, patience=_PATIENCE_SECONDS)
            self.process = None

    def restart(self) -> None:
        """Stop it if it runs, and start it with the same addresses."""
        if self.process is None:
            raise Unusable("only the process that started the server can restart it")
        self.stop()
        again = ensure_running(self.home, tcp_port=self.port if self.tcp else None)
        self.process = again.process

    def _url(self, role: str, database: str) -> str:
        folders = Folders(self.home)
        password = quote(cluster.password_of(folders, role), safe="")
        place = quote(str(folders.sockets), safe="")
        return f"postgresql://{role}:{password}@/{database}?host={place}&port={self.port}"


def ensure_running(home: Path, *, tcp_port: int | None = None, fast: bool = False) -> Server:
    """Find the server of this home, or start it; make its data the first time.

    `tcp_port` opens that port on loopback, 0 any free one; without it there is only a Unix
    socket. `fast` is for data that is thrown away: it gives up durability, and is decided
    when the data is made. Started from the main thread, the server ends with this process.
    Raises Unusable when the machine, the data's version or somebody's files stand in the way.
    """
    account = server_account()
    folders = Folders(home.resolve())
    make_folders(folders, account)
    with _alone(folders.lock):
        found = _running(folders)
        if found is not None:
            return found
        install = usable_by(shipped()[0], account)
        if not folders.cluster.is_dir():
            cluster.make_cluster(folders, install, account, careless=fast)
            server = _start(folders, install, account, tcp_port)
            cluster.make_roles(folders, server.administrator_url)
            return server
        refuse_other_major(folders, install)
        return _start(folders, install, account, tcp_port)


def refuse_other_major(folders: Folders, install: Install) -> None:
    """Stop before PostgreSQL would, with the command that helps."""
    major = (folders.cluster / "PG_VERSION").read_text().strip()
    if major != str(install.major):
        raise Unusable(
            f"{folders.cluster} is of PostgreSQL {major} and this is {install.version};\n"
            f"bring it over with:  WAYA_HOME={folders.home} waya upgrade-postgres"
        )


def _start(
    folders: Folders, install: Install, account: Account | None, tcp_port: int | None
) -> Server:
    port = _free_port() if tcp_port == 0 else tcp_port or _PORT
    command = [install.program("postgres"), "-D", str(folders.cluster), "-p", str(port)]
    command += ["-k", str(folders.sockets)]
    if tcp_port is not None:
        command += ["-c", "listen_addresses=127.0.0.1"]
    with folders.log.open("ab") as log:
        process = tether.start(
            command,
            farewell=_FAST_SHUTDOWN,
            account=account,
            environment={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            folder=folders.root,
            output=log,
        )
    _await_ready(folders, process)
    return Server(folders.home, port, tcp=tcp_port is not None, process=process)


def _await_ready(folders: Folders, process: subprocess.Popen[bytes]) -> None:
    """Wait while it starts; after a crash it first reads what it had written ahead."""
    for _ in range(int(_RECOVERY_SECONDS / 0.02)):
        try:
            process.wait(timeout=0.02)
        except subprocess.TimeoutExpired:
            lines = _pid_file(folders)
            if len(lines) >= 8 and lines[0] == str(process.pid) and lines[7] == "ready":
                return
        else:
            last = folders.log.read_text(errors="replace").splitlines()[-8:]
            raise Unusable("PostgreSQL did not start:\n" + "\n".join(last))
    tether.stop(process, farewell=signal.SIGQUIT, patience=_PATIENCE_SECONDS)
    raise Unusable(f"PostgreSQL was not ready after {_RECOVERY_SECONDS:.0f} s; see {folders.log}")


def _running(folders: Folders) -> Server | None:
    """Read who runs on this data; forget a pid that now belongs to something else.

    After a reboot, or in a new container, the number in the file may be any process:
    PostgreSQL would take it for a server and refuse to start. One that is ending, because
    whoever started it has just died, is waited for.
    """
    moment = threading.Event()
    for _ in range(int(_PATIENCE_SECONDS / 0.05)):
        lines = _pid_file(folders)
        if not lines:
            return None
        if not _is_server(int(lines[0]), folders):
            (folders.cluster / "postmaster.pid").unlink(missing_ok=True)
            return None
        if len(lines) >= 8 and lines[7] == "ready":
            return Server(folders.home, int(lines[3]), tcp=lines[5] != "")
        moment.wait(0.05)
    raise Unusable(f"the server with pid {lines[0]} on {folders.cluster} neither serves nor ends")


def _is_server(pid: int, folders: Folders) -> bool:
    proc = Path("/proc")
    if not proc.is_dir():
        return True  # then PostgreSQL judges
    try:
        words = (proc / str(pid) / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return bytes(folders.cluster) in words


def _pid_file(folders: Folders) -> list[str]:
    try:
        return [
            line.strip() for line in (folders.cluster / "postmaster.pid").read_text().splitlines()
        ]
    except OSError:
        return []


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
