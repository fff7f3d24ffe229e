"""Child processes that never outlive the one that started them, however it ends."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from waya.cli.postgres.account import Account

_SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of linux/prctl.h


def end_with_parent(farewell: signal.Signals) -> None:
    """Ask the kernel to send us this signal when whoever started us dies.

    It watches the *thread* that forked us, so children are started by the main one, and it
    forgets the wish when a process changes its account.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, int(farewell), 0, 0, 0)


def start(
    command: Sequence[str],
    *,
    farewell: signal.Signals = signal.SIGTERM,
    account: Account | None = None,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    output: IO[bytes] | int | None = None,
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own; it is sent `farewell` when we die.

    A session of its own keeps a terminal's Ctrl-C from reaching it before its turn.
    """
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        env=dict(environment) if environment is not None else None,
        cwd=folder,
        start_new_session=True,
        preexec_fn=_follow(os.getpid(), farewell),  # runs after the change of account
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )


def stop(process: subprocess.Popen[bytes], *, farewell: signal.Signals, patience: float) -> None:
    """Ask a child to end; kill it, and what it started, if it has not after `patience` seconds."""
    if process.poll() is None:
        process.send_signal(farewell)
        try:
            process.wait(timeout=patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    end_group(process.pid)


def end_group(leader: int) -> None:
    """Kill what is left of the session that `start` gave this child."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _follow(starter: int, farewell: signal.Signals) -> Callable[[], None]:
    def follow() -> None:
        end_with_parent(farewell)
        if os.getppid() != starter:  # it died while we were being made
            os._exit(1)

    return follow
