"""`waya lab daraja` as a program of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

PROGRAM = [sys.executable, "-m", "waya.lab.daraja", "--handset-port", "0"]


@contextmanager
def started(*options: str) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """The program and its two addresses."""
    with subprocess.Popen([*PROGRAM, *options], stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        try:
            yield program, [program.stdout.readline().split()[-1] for _ in range(2)]
        finally:
            program.terminate()


def test_it_serves_until_it_is_told_to_stop() -> None:
    with started("--port", "0", "--answer", "person", "--shortcode", "600999") as (program, urls):
        gateway, handset = urls
        assert httpx.get(f"{gateway}/_sim/knobs").json()["answer"] == "person"
        state = httpx.get(f"{handset}/state").json()
        assert state["merchants"] == [{"shortcode": "600999", "name": "Baraka Net"}]
        program.terminate()
        assert program.wait(10) == 0


def test_a_taken_port_is_told() -> None:
    with started("--port", "0") as (_, urls):
        taken = urls[0].rsplit(":", 1)[1]
        second = subprocess.run(
            [*PROGRAM, "--port", taken], capture_output=True, text=True, timeout=20, check=False
        )
    assert second.returncode == 1
    assert "cannot listen" in second.stdout
