"""Faults on demand, the control channel, and the program itself."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from waya.lab.router.server import LabRouter, Settings
from waya.network.drivers.errors import AuthError, Unreachable
from waya.network.drivers.routeros_api import Api


async def connect(lab: LabRouter) -> Api:
    return await Api.connect("127.0.0.1", lab.port, user="waya", password="waya")


def test_latency_delays_each_command_but_not_one_after_the_other() -> None:
    async def run() -> None:
        async with LabRouter() as lab, await connect(lab) as api:
            loop = asyncio.get_running_loop()
            lab.faults(latency_ms=40)
            before = loop.time()
            await asyncio.gather(*[api.talk("/system/identity/print") for _ in range(100)])
            assert 0.039 <= loop.time() - before < 3.0  # one after the other it would be four

    asyncio.run(run())


def test_a_slow_print_is_overtaken() -> None:
    async def run() -> None:
        async with LabRouter() as lab, await connect(lab) as api:
            lab.faults(slow_print_ms=50)
            order: list[str] = []

            async def talk(command: str, **given: str) -> None:
                await api.talk(command, given)
                order.append(command)

            add = talk("/ppp/secret/add", name="amina")
            await asyncio.gather(talk("/ppp/secret/print"), add)
            assert order == ["/ppp/secret/add", "/ppp/secret/print"]

    asyncio.run(run())


def test_a_reply_cut_in_the_middle_was_done_all_the_same() -> None:
    async def run() -> None:
        async with LabRouter() as lab:
            api = await connect(lab)
            lab.faults(drops=1, replies_until_drop=1)
            await api.talk("/ppp/secret/add", {"name": "amina"})
            with pytest.raises(Unreachable):
                await api.talk("/ppp/secret/add", {"name": "brian"})
            await api.close()
            assert [row["name"] for row in lab.secrets()] == ["amina", "brian"]
            async with await connect(lab) as again:
                assert len(await again.rows("/ppp/secret", "name")) == 2

    asyncio.run(run())


def test_so_many_logins_fail_whatever_is_sent() -> None:
    async def run() -> None:
        async with LabRouter() as lab:
            lab.faults(wrong_passwords=2)
            for _ in range(2):
                with pytest.raises(AuthError):
                    await connect(lab)
            await (await connect(lab)).close()
            assert lab.state()["wrong_logins"] == 2

    asyncio.run(run())


def test_a_refusing_router_breaks_what_is_open() -> None:
    async def run() -> None:
        async with LabRouter() as lab:
            api = await connect(lab)
            lab.faults(refuse=True)
            with pytest.raises(Unreachable):
                await api.talk("/system/identity/print")
            with pytest.raises(Unreachable):
                await connect(lab)
            lab.faults(refuse=False)
            await (await connect(lab)).close()

    asyncio.run(run())


def test_there_is_no_such_fault() -> None:
    async def run() -> None:
        async with LabRouter() as lab:
            with pytest.raises(ValueError, match="gremlins"):
                lab.faults(gremlins=1)

    asyncio.run(run())


def test_passwords_are_not_in_what_was_heard() -> None:
    async def run() -> None:
        async with LabRouter() as lab, await connect(lab) as api:
            await api.talk("/ppp/secret/add", {"name": "amina", "password": "s3cret-word"})
            assert lab.machine.heard[-1].attributes == {"name": "amina"}
            assert "s3cret-word" not in repr((lab.machine.heard, lab.secrets()))

    asyncio.run(run())


@contextmanager
def program(*options: str) -> Iterator[dict[str, Any]]:
    """`waya lab router` as people run it; what it prints says where it is."""
    command = [sys.executable, "-m", "waya.lab.router", "--port", "0", *options]
    source = Path(__file__).parents[3]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=source) as running:
        try:
            assert running.stdout is not None
            yield json.loads(running.stdout.readline())
        finally:
            running.terminate()
            assert running.wait(timeout=10) == 0


async def let_amina_in(port: int) -> None:
    """Add her secret, and wait until her box is online."""
    async with await Api.connect("127.0.0.1", port, user="waya", password="waya") as api:
        await api.talk("/ppp/secret/add", {"name": "amina", "password": "pw"})
        async with asyncio.timeout(10):
            while not await api.rows("/ppp/active", "name"):
                pass


def control_of(ports: dict[str, Any]) -> httpx.Client:
    return httpx.Client(base_url=f"http://127.0.0.1:{ports['control_port']}")


AMINA = {"name": "amina", "password": "pw", "mac": "02:00:00:00:00:07"}


def test_routers_are_controlled_by_http() -> None:
    with program("--count", "3", "--redial-seconds", "0.02") as ports, control_of(ports) as http:
        assert len({router["port"] for router in ports["routers"]}) == 3
        boxes = [{"name": f"c{n}", "password": "pw"} for n in range(20)]
        assert http.post("/boxes?router=2", json={"boxes": boxes}).status_code == 201
        assert http.post("/boxes?router=2", json=AMINA).json() == {"plugged_in": 1}
        asyncio.run(let_amina_in(ports["routers"][2]["port"]))
        state = http.get("/").json()
        assert [router["sessions"] for router in state] == [0, 0, 1]
        assert state[2]["boxes"] == 21
        box = next(box for box in http.get("/boxes?router=2").json() if box["name"] == "amina")
        assert (box["online"], box["walled"], box["mac"]) == (True, False, AMINA["mac"])
        heard = http.get("/commands?router=2").json()
        assert "/ppp/secret/add" in [command["command"] for command in heard]
        assert http.get("/logins?router=2").json()[0]["outcome"] == "let in"
        assert http.post("/power?router=2", json={}).status_code == 404
        off = {"name": "amina", "on": False}
        assert http.post("/boxes/power?router=2", json=off).status_code == 200
        assert http.get("/sessions?router=2").json() == []


def test_faults_are_set_by_http() -> None:
    with program() as ports, control_of(ports) as http:
        assert http.post("/faults", json={"latency_ms": 5}).json()["latency_ms"] == 5.0
        assert http.post("/faults", json={"gremlins": 1}).status_code == 400
        assert http.post("/faults?router=9", json={"latency_ms": 5}).status_code == 400
        assert http.post("/disconnect", json={"name": "nobody"}).json() == {"ended": 0}
        assert http.post("/reboot").json() == {}
        assert http.get("/").json()[0]["faults"]["latency_ms"] == 5.0


def test_what_is_configured_outlives_the_program(tmp_path: Path) -> None:
    options = ("--redial-seconds", "0.02", "--state", str(tmp_path / "lab.json"))
    with program(*options) as ports, control_of(ports) as http:
        http.post("/boxes", json=AMINA)
        asyncio.run(let_amina_in(ports["routers"][0]["port"]))
    with program(*options) as ports, control_of(ports) as http:
        assert [row["name"] for row in http.get("/secrets").json()] == ["amina"]
        assert [box["mac"] for box in http.get("/boxes").json()] == [AMINA["mac"]]


def test_a_taken_port_is_said() -> None:
    with program() as ports:
        port = str(ports["routers"][0]["port"])
        command = [sys.executable, "-m", "waya.lab.router", "--port", port]
        again = subprocess.run(
            command, capture_output=True, text=True, cwd=Path(__file__).parents[3], timeout=30
        )
        assert again.returncode == 1
        assert again.stdout.startswith("cannot listen")


def test_customers_are_there_from_the_start() -> None:
    async def run() -> None:
        async with LabRouter(Settings(customers=300)) as lab:
            await lab.until(lambda: len(lab.sessions()) == 300)
            assert len(lab.secrets()) == 300

    asyncio.run(run())
