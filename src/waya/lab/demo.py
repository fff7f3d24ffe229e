"""`waya demo`: an ISP to look at, with its network, its town and its M-PESA, on one machine."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path

import httpx

from waya.cli import ground
from waya.cli.postgres.account import Unusable
from waya.cli.processes import tether
from waya.cli.processes.supervisor import Program, Supervisor, waya
from waya.cli.up import free_port, migrate, programs
from waya.lab.demo_ports import ROUTERS, Ports, free_run
from waya.lab.smoke.play import play
from waya.lab.town import people


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How large, where, and whether to play the story."""
    parser.add_argument("--port", type=int, default=8800, help="taken: the next free one")
    parser.add_argument("--handset-port", type=int, default=8801)
    parser.add_argument("--lab-port", type=int, default=8810, help="the simulators, from here up")
    parser.add_argument(
        "--home", type=Path, help="where its data is; else WAYA_HOME, else var/demo"
    )
    parser.add_argument("--customers", type=int, default=200)
    parser.add_argument("--days", type=int, default=75, help="of history")
    parser.add_argument("--pace", type=float, default=45.0, help="mean seconds between payments")
    parser.add_argument("--ready-within", type=float, help="seconds; exit 1 if not serving by then")
    parser.add_argument("--smoke", action="store_true", help="play the story, then end")


def run(options: argparse.Namespace) -> int:
    """Serve until interrupted; with --smoke, until the story is told."""
    if options.smoke:
        return play()
    wished = options.home or Path(os.environ.get("WAYA_HOME") or "var/demo")
    os.environ["WAYA_HOME"] = str(wished.resolve())
    os.environ["WAYA_LAB"] = "1"
    home = ground.prepare_home()
    with ground.only_one(home, "demo"), ground.database(own=True) as server:
        ports = _ports(options)
        os.environ["WAYA_PUBLIC_URL"] = ports.web_url
        migrate()
        _make_history(ports, home, options)
        environment = {"DATABASE_URL": server.application_url} if server else {}
        supervisor = Supervisor(
            [
                *_labs(ports, home),
                *programs("127.0.0.1", ports.web, environment),
                waya("town", "lab", "town", *_town(ports, options)),
            ],
            server=server,
        )
        return supervisor.run(lambda: _serve(supervisor, ports, home, options))


def _serve(supervisor: Supervisor, ports: Ports, home: Path, options: argparse.Namespace) -> int:
    """Say when it is there, and stay until told to end."""
    # Real seconds, as the shell that began it counts them.
    began = float(os.environ.get("WAYA_DEMO_BEGAN", 0)) or time.time()
    deadline = began + options.ready_within if options.ready_within else None
    while not _ready(ports):
        if deadline and time.time() > deadline:
            print(f"It was not serving within {options.ready_within:.0f} s.", flush=True)
            return 1
        if supervisor.wait_for_end(0.3):
            return 0
    (home / "demo.json").write_text(json.dumps(asdict(ports)))
    print(_welcome(ports, time.time() - began), flush=True)
    supervisor.wait_for_end()
    return 0


def _ready(ports: Ports) -> bool:
    """The pages are there, the town is introduced, and every box that could dial is online."""
    try:
        page = httpx.get(f"{ports.web_url}/sign-in", timeout=5)
        routers = httpx.get(f"{ports.control_url}/", timeout=5).json()
    except (httpx.HTTPError, ValueError):
        return False
    return page.status_code == 200 and all(router["sessions"] for router in routers)


def _welcome(ports: Ports, seconds: float) -> str:
    staff = "\n".join(f"      {username:<8} {role}" for username, _, role in people.STAFF)
    return f"""
  Baraka Net is running ({seconds:.0f} s).

  Console    {ports.web_url}/            sign in with the password {people.PASSWORD} as
{staff}
  Portal     {ports.web_url}/my/         join as a new customer, or sign in by a code
  Handsets   http://127.0.0.1:{ports.handset}/            approve prompts, read SMS, pay a paybill
  Paybill    {people.SHORT_CODE}

  Move its clock: waya lab clock --days 1, with WAYA_HOME and WAYA_LAB=1 as here.
  Ctrl-C ends it; the next start takes seconds.
"""


def _make_history(ports: Ports, home: Path, options: argparse.Namespace) -> None:
    """Found the town beside its simulators, once, before anybody else is at work."""
    print("Making the town; the first time it lives through its past …", flush=True)
    labs = [tether.start(lab.command) for lab in _labs(ports, home)]
    try:
        _await_labs(ports)
        words = [sys.executable, "-m", "waya", "lab", "town", "--only-found"]
        outcome = subprocess.run([*words, *_town(ports, options)], check=False)
    finally:
        for lab in labs:
            tether.stop(lab, farewell=signal.SIGTERM, patience=5)
    if outcome.returncode:
        raise Unusable("the town could not be made")


def _await_labs(ports: Ports) -> None:
    deadline = time.monotonic() + 30
    pause = threading.Event()
    for address in (f"{ports.control_url}/", f"{ports.daraja_url}/_sim/knobs"):
        while True:
            try:
                httpx.get(address, timeout=2)
                break
            except httpx.HTTPError:
                if time.monotonic() > deadline:
                    raise Unusable("the simulators did not start") from None
                pause.wait(0.1)


def _labs(ports: Ports, home: Path) -> list[Program]:
    router = ["--port", str(ports.router), "--count", str(ROUTERS), "--name", "Mast"]
    router += ["--proxy-port", str(ports.proxy), "--control-port", str(ports.control)]
    router += ["--state", str(home / "routers"), "--latency-ms", "10"]
    daraja = ["--port", str(ports.daraja), "--handset-port", str(ports.handset)]
    return [
        waya("routers", "lab", "router", *router),
        waya("M-PESA", "lab", "daraja", "--answer", "person", *daraja),
    ]


def _town(ports: Ports, options: argparse.Namespace) -> list[str]:
    words = ["--daraja", ports.daraja_url, "--control", ports.control_url]
    words += ["--router-ports", ",".join(map(str, ports.routers))]
    words += ["--portal-port", str(ports.web), "--customers", str(options.customers)]
    return [*words, "--days", str(options.days), "--pace", str(options.pace)]


def _ports(options: argparse.Namespace) -> Ports:
    """The wanted ports, or free ones after them."""
    web = free_port(options.port)
    handset = free_port(options.handset_port)
    lab = free_run(options.lab_port, 2 + 2 * ROUTERS)
    return Ports(web=web, handset=handset, daraja=lab, control=lab + 1, router=lab + 2,
                 proxy=lab + 2 + ROUTERS)  # fmt: skip
