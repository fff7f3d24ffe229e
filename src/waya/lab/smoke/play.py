"""Start a small demo of its own, tell the story against it, and leave nothing running."""

from __future__ import annotations

import json
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

from waya.cli.processes import tether
from waya.lab.demo_ports import Ports
from waya.lab.smoke.story import STEPS, Story
from waya.lab.smoke.world import NotSo, World

READY_SECONDS = 240
_SIZE = ["--customers", "24", "--days", "40", "--pace", "0"]
_ANYWHERE = ["--port", "0", "--handset-port", "0", "--lab-port", "0"]


def play() -> int:
    """Tell the story; 1 if any step of it does not come about."""
    with tempfile.TemporaryDirectory(prefix="waya-smoke-") as folder:
        home, log = Path(folder) / "home", Path(folder) / "log"
        Path(folder).chmod(0o755)  # the database server runs under an account of its own
        with log.open("wb") as output:
            began = time.monotonic()
            demo = tether.start(
                [sys.executable, "-m", "waya", "demo", "--home", str(home), *_SIZE, *_ANYWHERE],
                output=output,
            )
            try:
                ports = _ready(home, demo.poll, log)
                _line("A demo of its own is running", time.monotonic() - began)
                return _tell(World(home, ports))
            finally:
                tether.stop(demo, farewell=signal.SIGTERM, patience=30)


def _tell(world: World) -> int:
    story = Story(world)
    for number, step in enumerate(STEPS, start=1):
        began = time.monotonic()
        try:
            words = step(story)
        except (NotSo, KeyError, ValueError, AssertionError) as wrong:
            _line(f"{number:2}. {_title(step)}: FAILED", time.monotonic() - began)
            print(f"    {type(wrong).__name__}: {wrong}", flush=True)
            return 1
        _line(f"{number:2}. {words}", time.monotonic() - began)
    print("The story holds.", flush=True)
    return 0


def _title(step: object) -> str:
    return str(getattr(step, "__doc__", "")).split("\n")[0].rstrip(".")


def _ready(home: Path, ended: object, log: Path) -> Ports:
    deadline = time.monotonic() + READY_SECONDS
    pause = threading.Event()
    told = home / "demo.json"
    while not told.exists():
        if time.monotonic() > deadline or (callable(ended) and ended() is not None):
            print(log.read_text(errors="replace")[-3000:])
            raise NotSo("the demo did not start")
        pause.wait(0.2)
    return Ports(**json.loads(told.read_text()))


def _line(words: str, seconds: float) -> None:
    print(f"{words:<100} {seconds:7.2f} s", flush=True)
