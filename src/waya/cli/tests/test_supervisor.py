"""Programs that die are started again; none outlives its supervisor."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from waya.cli.processes.supervisor import Program, Supervisor, _back_off
from waya.cli.tests.running import gone, until

# Writes its process id, starts a child of its own, and stays.
STAYS = """
import pathlib, subprocess, sys
child = subprocess.Popen(["sleep", "600"])
place = pathlib.Path(sys.argv[1])
(place / "new").write_text(f"{__import__('os').getpid()} {child.pid}")
(place / "new").rename(place / "pids")
child.wait()
"""
SUPERVISES = f"""
import pathlib, sys
from waya.cli.processes.supervisor import Program, Supervisor
program = Program("one", [sys.executable, "-c", {STAYS!r}, sys.argv[1]])
sys.exit(Supervisor([program], server=None).run())
"""


def pids(folder: Path) -> list[int]:
    """The program's process and its child's."""
    try:
        return [int(word) for word in (folder / "pids").read_text().split()]
    except OSError:
        return []


def beside(folder: Path, check: Callable[[], None]) -> int:
    """Supervise one program while the check runs."""

    def call() -> int:
        until(lambda: pids(folder))
        check()
        return 7

    program = Program("one", [sys.executable, "-c", STAYS, str(folder)])
    return Supervisor([program], server=None).run(call)


def test_the_answer_is_that_of_what_runs_beside_and_nothing_is_left(folder: Path) -> None:
    assert beside(folder, lambda: None) == 7
    until(lambda: all(gone(pid) for pid in pids(folder)), seconds=5)


def test_a_program_that_dies_is_started_again_and_its_children_are_ended(folder: Path) -> None:
    def kill() -> None:
        program, child = pids(folder)
        os.kill(program, signal.SIGKILL)
        until(lambda: pids(folder) != [program, child])
        until(lambda: gone(child))

    assert beside(folder, kill) == 7


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_check_that_fails_gives_one(folder: Path) -> None:
    def fail() -> int:
        raise SystemExit(1)

    program = Program("one", [sys.executable, "-c", STAYS, str(folder)])
    assert Supervisor([program], server=None).run(fail) == 1


def test_sigterm_ends_all(folder: Path) -> None:
    supervisor = subprocess.Popen([sys.executable, "-c", SUPERVISES, str(folder)])
    until(lambda: pids(folder))
    supervisor.terminate()
    assert supervisor.wait(timeout=20) == 0
    until(lambda: all(gone(pid) for pid in pids(folder)), seconds=5)


def test_programs_end_when_their_supervisor_is_killed(folder: Path) -> None:
    supervisor = subprocess.Popen([sys.executable, "-c", SUPERVISES, str(folder)])
    until(lambda: pids(folder))
    program, child = pids(folder)
    supervisor.kill()
    supervisor.wait()
    until(lambda: gone(program))
    os.kill(child, signal.SIGKILL)


def test_the_first_death_costs_no_time_and_later_ones_ever_more() -> None:
    waits = [_back_off(failures) for failures in range(10)]
    assert waits[0] == 0
    assert waits == sorted(waits)
    assert waits[-1] <= 15


def test_an_errand_is_run_when_it_is_due_and_not_before(folder: Path) -> None:
    asked: list[int] = []

    def due() -> bool:
        asked.append(1)
        return len(asked) in (3, 5)

    program = Program("errand", ["sh", "-c", f"echo done >>{folder}/errands"], due=due)

    def call() -> int:
        until(lambda: len(asked) > 8)
        return 0

    assert Supervisor([program], server=None).run(call) == 0
    assert (folder / "errands").read_text() == "done\ndone\n"
