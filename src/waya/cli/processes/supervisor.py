"""Keep a set of programs running, with the database server under them."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from waya.cli.postgres.account import Unusable
from waya.cli.postgres.server import Server
from waya.cli.processes import tether

log = logging.getLogger("waya.supervisor")

_TICK_SECONDS = 0.2
_LONGEST_WAIT_SECONDS = 15.0
_SETTLED_SECONDS = 10.0
_FAILED_ERRAND_SECONDS = 3600.0
_SERVER_WAIT_SECONDS = 1.0  # its orphans hold its memory for a moment after a kill


@dataclass(frozen=True, slots=True)
class Program:
    """What to run; `environment` is added to ours."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    patience_seconds: float = 10.0
    # An errand is not kept running: it is started when this says so, and then ends by itself.
    due: Callable[[], bool] | None = None


def waya(
    name: str,
    *words: str,
    environment: Mapping[str, str] | None = None,
    due: Callable[[], bool] | None = None,
) -> Program:
    """A program that is one of our own commands."""
    return Program(name, [sys.executable, "-m", "waya", *words], environment or {}, due=due)


@dataclass(slots=True)
class _Child:
    program: Program
    process: subprocess.Popen[bytes] | None = None
    began: float = 0.0
    failures: int = 0
    next_try: float = 0.0


class Supervisor:
    """Starts programs in order, restarts those that die, ends all of them in reverse order."""

    def __init__(self, programs: Sequence[Program], *, server: Server | None) -> None:
        self._children = [_Child(program) for program in programs]
        self._server = server
        self._server_next_try = 0.0
        self._ending = threading.Event()

    def run(self, beside: Callable[[], int] | None = None) -> int:
        """Watch until SIGTERM or SIGINT, or until `beside` returns in a thread; then end all.

        Answers what `beside` returned, 1 if it raised, and 0 without it. Called from the
        main thread, because the kernel ties children to the thread that started them.
        """
        outcome = [0 if beside is None else 1]
        with self._signals():
            try:
                self._start_all()
                if beside is not None:
                    threading.Thread(target=self._beside, args=(beside, outcome)).start()
                while not self._ending.wait(_TICK_SECONDS):
                    self._tend_server()
                    for child in self._children:
                        self._tend(child)
            finally:
                self._end_all()
        return outcome[0]

    def wait_for_end(self, seconds: float | None = None) -> bool:
        """Wait, for `beside`, until it is time to end; tells whether it is."""
        return self._ending.wait(seconds)

    def _beside(self, call: Callable[[], int], outcome: list[int]) -> None:
        try:
            outcome[0] = call()
        finally:
            self._ending.set()

    def _start_all(self) -> None:
        for child in self._children:
            if child.program.due is None:
                self._start(child)

    def _start(self, child: _Child) -> None:
        environment = os.environ | child.program.environment
        child.process = tether.start(child.program.command, environment=environment)
        child.began = time.monotonic()

    def _tend(self, child: _Child) -> None:
        now = time.monotonic()
        if child.process is None:
            due = child.program.due
            if now >= child.next_try and (due is None or due()):
                self._start(child)
            return
        code = child.process.poll()
        if code is None:
            if child.failures and now - child.began > _SETTLED_SECONDS:
                child.failures = 0
            return
        tether.end_group(child.process.pid)
        if child.program.due is not None:
            self._errand_done(child, code)
            return
        wait = _back_off(child.failures)
        log.warning("%s ended with %s; again in %.1f s", child.program.name, code, wait)
        child.process, child.failures, child.next_try = None, child.failures + 1, now + wait

    def _errand_done(self, child: _Child, code: int) -> None:
        if code:
            log.error("%s failed with %s; again in an hour", child.program.name, code)
        child.process = None
        child.next_try = time.monotonic() + (_FAILED_ERRAND_SECONDS if code else 0)

    def _tend_server(self) -> None:
        server = self._server
        if server is None or server.alive() or time.monotonic() < self._server_next_try:
            return
        log.warning("PostgreSQL ended; starting it again")
        try:
            server.restart()
        except Unusable as problem:
            log.error("%s", problem)
            self._server_next_try = time.monotonic() + _SERVER_WAIT_SECONDS

    def _end_all(self) -> None:
        for child in reversed(self._children):
            if child.process is not None and child.process.poll() is None:
                child.process.terminate()
        for child in reversed(self._children):
            if child.process is not None:
                patience = child.program.patience_seconds
                tether.stop(child.process, farewell=signal.SIGTERM, patience=patience)
        if self._server is not None and self._server.ours:
            self._server.stop()

    @contextmanager
    def _signals(self) -> Iterator[None]:
        def end(*_: object) -> None:
            self._ending.set()

        kept = {name: signal.signal(name, end) for name in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for name, handler in kept.items():
                signal.signal(name, handler)


def _back_off(failures: int) -> float:
    """At once after the first death, then ever slower."""
    return 0.0 if failures == 0 else min(0.5 * 2.0**failures, _LONGEST_WAIT_SECONDS)
