"""`waya lab vscu` as a program of its own, steered from outside."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

PROGRAM = [sys.executable, "-m", "waya.lab.vscu"]
DEVICE = {"tin": "P051234567A", "bhfId": "00", "dvcSrlNo": "WAYA-1"}


@contextmanager
def started(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The program and its address."""
    with subprocess.Popen([*PROGRAM, *options], stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        try:
            yield program, program.stdout.readline().split()[-1]
        finally:
            program.terminate()


def test_it_serves_until_it_is_told_to_stop() -> None:
    with started("--port", "0", "--serial", "WAYA-1") as (program, url):
        install = f"{url}/initializer/selectInitInfo"
        codes = [
            httpx.post(install, json=DEVICE | more).json()["resultCd"]
            for more in ({"dvcSrlNo": "ANOTHER"}, {"tin": "12"}, {}, {})
        ]
        assert codes == ["901", "910", "000", "902"]
        assert httpx.post(f"{url}/trnsSales/saveSales", content="{").json()["resultCd"] == "910"
        assert httpx.post(f"{url}/trnsSales/saveSales", json={}).json()["resultCd"] == "901"
        assert httpx.post(f"{url}/_sim/kra", json={"away": True}).json() == {"away": True}
        assert httpx.post(install, json=DEVICE | {"bhfId": "01"}).json()["resultCd"] == "894"
        assert httpx.get(f"{url}/_sim/sales").json() == []
        program.terminate()
        assert program.wait(10) == 0


def test_a_taken_port_is_told() -> None:
    with started("--port", "0") as (_, url):
        second = subprocess.run(
            [*PROGRAM, "--port", url.rsplit(":", 1)[1]],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert second.returncode == 1
    assert "cannot listen" in second.stdout
