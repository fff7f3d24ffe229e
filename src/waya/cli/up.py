"""Run Waya on this machine: PostgreSQL, web and workers, watched and restarted."""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from functools import partial

from waya.cli import ground
from waya.cli.backup import due
from waya.cli.postgres.account import Unusable
from waya.cli.processes.supervisor import Program, Supervisor, waya

PORT = 8800
KEEP = 14  # nightly backups


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to listen."""
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=PORT, help="taken: the next free one; 0: any")
    parser.add_argument("--tcp-port", type=int, help="PostgreSQL on this port of loopback too")


def run(options: argparse.Namespace) -> int:
    """Run until SIGTERM or SIGINT; nothing is left running, however this process ends."""
    home = ground.prepare_home()
    with (
        ground.only_one(home, "up"),
        ground.database(tcp_port=options.tcp_port, own=True) as server,
    ):
        migrate()
        port = free_port(options.port, options.host)
        address = os.environ.setdefault("WAYA_PUBLIC_URL", f"http://{options.host}:{port}")
        environment = {"DATABASE_URL": server.application_url} if server else {}
        print(f"Waya is at {address}; its home is {home}", flush=True)
        nightly = waya("backup", "backup", "--try", "--keep", str(KEEP), due=partial(due, home))
        kept = [*programs(options.host, port, environment), nightly]
        return Supervisor(kept, server=server).run()


def programs(host: str, port: int, environment: Mapping[str, str]) -> list[Program]:
    """The web server and the three workers, in the order they start."""
    web = [sys.executable, "-m", "granian", "--interface", "wsgi", "--no-ws"]
    web += ["--host", host, "--port", str(port), "--workers", "2", "--blocking-threads", "4"]
    web += ["--respawn-failed-workers", "--workers-kill-timeout", "5", "--log-level", "warning"]
    web += ["waya.cli.wsgi:application"]
    return [
        Program("web", web, environment),
        waya("network worker", "worker", "--queues", "network", environment=environment),
        waya("money worker", "worker", "--queues", "money", environment=environment),
        waya("office worker", "worker", "--queues", "office", environment=environment),
    ]


def migrate() -> None:
    """Bring the database up to date in a process of its own, as the owner of the schema."""
    outcome = subprocess.run([sys.executable, "-m", "waya", "migrate"], check=False)
    if outcome.returncode != 0:
        raise Unusable("the database could not be brought up to date")


def free_port(wanted: int, host: str = "127.0.0.1") -> int:
    """The wanted port, or the next one that nobody listens on; 0 is any."""
    for port in range(wanted, wanted + 100 if wanted else 1):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            found: int = probe.getsockname()[1]
            return found
    raise Unusable(f"no free port from {wanted} on {host}")
