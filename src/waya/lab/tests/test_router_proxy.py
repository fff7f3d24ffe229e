"""The internet as a customer has it: open, walled, or gone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from waya.lab.router.server import LabRouter, RunningRouter, Settings, running_router
from waya.network.drivers.routeros import RouterOS
from waya.network.rules.garden import WalledGarden


class Site(BaseHTTPRequestHandler):
    """Answers who was asked for, what, and by whom."""

    def do_GET(self) -> None:
        said = f"{self.headers['Host']} {self.path} {self.headers['X-Forwarded-For']}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def do_POST(self) -> None:
        said = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(201)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def portal() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.fixture
def router(portal: int) -> Iterator[RunningRouter]:
    """Amina is online, Chebet walled, Brian's box knows a wrong password."""
    with running_router(Settings(redial_seconds=0.02)) as running:
        running.call(furnish)
        install(running, WalledGarden("127.0.0.1", portal, ("pay.example",)))
        running.until(lambda r: r.is_online("amina") and r.is_walled("chebet"))
        yield running


def furnish(lab: LabRouter) -> None:
    lab.by_hand("/ppp/profile/add", name="walled", address_list="waya-walled")
    lab.by_hand("/ppp/secret/add", name="amina", password="pw")
    lab.by_hand("/ppp/secret/add", name="brian", password="pw")
    lab.by_hand("/ppp/secret/add", name="chebet", password="pw", profile="walled")
    for name, password in (("amina", "pw"), ("brian", "not-it"), ("chebet", "pw")):
        lab.plug_in(name, password)


def install(running: RunningRouter, garden: WalledGarden) -> None:
    async def prepare() -> None:
        async with await RouterOS.connect(
            "127.0.0.1", running.port, user="waya", password="waya"
        ) as driver:
            await driver.prepare(garden)

    asyncio.run(prepare())


@contextmanager
def at_home(running: RunningRouter, name: str) -> Iterator[httpx.Client]:
    """A browser behind this customer's box."""
    proxy = f"http://{name}:@127.0.0.1:{running.proxy_port}"
    with httpx.Client(proxy=proxy, trust_env=False, timeout=5) as client:
        yield client


def test_whoever_is_online_reaches_anything(router: RunningRouter, portal: int) -> None:
    with at_home(router, "amina") as browser:
        page = browser.get("http://news.example/today")
        assert page.status_code == 200
        assert "news.example would have been reached" in page.text
        address = router.call(lambda r: r.sessions()[0]["address"])
        there = browser.get(f"http://127.0.0.1:{portal}/me?x=1")
        assert there.text == f"127.0.0.1:{portal} /me?x=1 {address}"
        sent = browser.post(f"http://localhost:{portal}/form", content=b"a=b" * 1000)
        assert (sent.status_code, sent.content) == (201, b"a=b" * 1000)


def test_the_walled_meet_the_pay_page_wherever_they_go(router: RunningRouter) -> None:
    address = router.call(
        lambda r: next(s["address"] for s in r.sessions() if s["name"] == "chebet")
    )
    with at_home(router, "chebet") as browser:
        page = browser.get("http://connectivitycheck.example/generate_204")
        assert page.text == f"connectivitycheck.example /generate_204 {address}"


def test_the_walled_reach_the_portal_and_what_is_allowed(
    router: RunningRouter, portal: int
) -> None:
    with at_home(router, "chebet") as browser:
        assert browser.get(f"http://127.0.0.1:{portal}/pay").status_code == 200
        assert "would have been reached" in browser.get("http://pay.example/").text
        refused = browser.get("http://news.example:8080/")
        assert (refused.status_code, "refused" in refused.text) == (502, True)
        with pytest.raises(httpx.ProxyError):
            browser.get("https://news.example/")


def test_nobody_offline_reaches_anything(router: RunningRouter, portal: int) -> None:
    with at_home(router, "brian") as browser:
        page = browser.get(f"http://127.0.0.1:{portal}/")
        assert (page.status_code, "brian is offline" in page.text) == (502, True)


def test_a_box_must_be_named(router: RunningRouter) -> None:
    proxy = f"http://127.0.0.1:{router.proxy_port}"
    with httpx.Client(proxy=proxy, trust_env=False) as browser:
        page = browser.get("http://news.example/")
    assert page.status_code == 407
    assert page.headers["Proxy-Authenticate"].startswith("Basic")


def test_a_restored_customer_is_let_out_when_their_box_dials_again(
    router: RunningRouter,
) -> None:
    def restore(lab: LabRouter) -> None:
        lab.by_hand("/ppp/secret/set", numbers="chebet", profile="default")
        lab.by_hand("/ppp/active/remove", id=next(
            row[".id"] for row in lab.sessions() if row["name"] == "chebet"
        ))  # fmt: skip

    router.call(restore)
    router.until(lambda r: r.is_online("chebet"))
    with at_home(router, "chebet") as browser:
        assert "would have been reached" in browser.get("http://news.example/").text


def test_without_rules_nothing_is_walled(portal: int) -> None:
    with running_router(Settings(redial_seconds=0.02)) as running:
        running.call(furnish)
        running.until(lambda r: r.is_walled("chebet"))
        with at_home(running, "chebet") as browser:
            assert "would have been reached" in browser.get("http://news.example/").text
