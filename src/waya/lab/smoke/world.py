"""The hands and eyes of the story: browsers, telephones, routers, the API, the commands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx

from waya.lab.demo_ports import Ports
from waya.lab.town.people import PASSWORD, SHORT_CODE

T = TypeVar("T")
_PAUSE = threading.Event()
_CSRF = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
_FORM = re.compile(r'<form[^>]*action="([^"]+)"[^>]*>(.*?)</form>', re.S)
_HIDDEN = re.compile(r'<input[^>]*type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"')


class NotSo(AssertionError):
    """Something that the story promises did not come about."""


def eventually(what: str, look: Callable[[], T | None], seconds: float = 30.0) -> T:
    """Look until there is an answer; `NotSo` after the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise NotSo(f"{what}: not within {seconds:.0f} s")
        _PAUSE.wait(0.02)


@dataclass(slots=True)
class Browser:
    """Somebody at a page: keeps cookies, sends forms with their hidden fields."""

    base: str
    http: httpx.Client = field(
        default_factory=lambda: httpx.Client(follow_redirects=True, timeout=20)
    )

    def get(self, path: str) -> str:
        """The page at a path; anything but 200 is `NotSo`."""
        return self._page(self.http.get(self.base + path), path)

    def send(self, path: str, fields: dict[str, str], *, form_at: str | None = None) -> str:
        """Open a page, fill its form in, send it; gives the page that follows."""
        page = self.get(form_at or path)
        token = _CSRF.search(page)
        if token is None:
            raise NotSo(f"{form_at or path} has no form")
        told = fields | {"csrfmiddlewaretoken": token[1]}
        answer = self.http.post(
            self.base + path, data=told, headers={"Referer": self.base + (form_at or path)}
        )
        return self._page(answer, path)

    def forms(self, page: str) -> list[tuple[str, dict[str, str]]]:
        """Where each form of a page goes, with its hidden fields."""
        return [(action, dict(_HIDDEN.findall(body))) for action, body in _FORM.findall(page)]

    def sign_in(self, username: str) -> None:
        """Sign in to the console with the lab's password."""
        self.send("/sign-in", {"login": username, "password": PASSWORD})

    def _page(self, answer: httpx.Response, path: str) -> str:
        if answer.status_code != 200:
            raise NotSo(f"{path} answered {answer.status_code}: {answer.text[:300]}")
        return answer.text


class World:
    """A running demo, seen from outside."""

    def __init__(self, home: Path, ports: Ports) -> None:
        self.home = home
        self.ports = ports
        self._http = httpx.Client(timeout=20)
        token = self.command("token", "create", "--role", "owner").split()[-1]
        self._api = httpx.Client(
            base_url=ports.web_url, headers={"Authorization": f"Bearer {token}"}, timeout=20
        )

    def command(self, *words: str) -> str:
        """What one of our commands prints; `NotSo` when it fails."""
        environment = os.environ | {"WAYA_HOME": str(self.home), "WAYA_LAB": "1"}
        done = subprocess.run(
            [sys.executable, "-m", "waya", *words],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise NotSo(f"waya {' '.join(words)}: {done.stdout[-600:]}{done.stderr[-600:]}")
        return done.stdout

    def turn_clock(self, to: str) -> None:
        """Move business time to a moment, for us and for M-PESA."""
        self.command("lab", "clock", "--to", to)

    def api(self, path: str, **query: str) -> Any:
        """What the API says; lists give their items."""
        answer = self._api.get(f"/api/v1/{path}", params=query)
        answer.raise_for_status()
        told = answer.json()
        return told["items"] if isinstance(told, dict) and "items" in told else told

    def customer(self, phone: str) -> dict[str, Any] | None:
        """The customer of a phone."""
        found: list[dict[str, Any]] = self.api("customers", q=phone)
        return found[0] if found else None

    def subscription(self, customer_id: str) -> dict[str, Any]:
        """Their one subscription."""
        (row,) = self.api("subscriptions", customer=customer_id)
        known: dict[str, Any] = row
        return known

    def access(self, subscription_id: str) -> dict[str, Any]:
        """What its router should hold, and does."""
        told: dict[str, Any] = self.api(f"subscriptions/{subscription_id}/access")
        return told

    def phone(self, msisdn: str) -> dict[str, Any]:
        """A telephone: its prompt and messages."""
        told: dict[str, Any] = self._lab("GET", f"/_sim/phone?msisdn={msisdn}")
        return told

    def said(self, msisdn: str, words: str) -> str | None:
        """A message on a telephone that holds some words."""
        texts = (message["text"] for message in self.phone(msisdn)["messages"])
        return next((text for text in texts if words in text), None)

    def approve(self, msisdn: str) -> None:
        """Enter the PIN."""
        self._lab("POST", "/_sim/answer", {"msisdn": msisdn, "verdict": "approve"})

    def pay(self, msisdn: str, account: str, shillings: int) -> None:
        """Pay the paybill; returns when the confirmation was answered."""
        told = {"msisdn": msisdn, "shortcode": SHORT_CODE, "account": account, "amount": shillings}
        self._lab("POST", "/_sim/pay", told)

    def introduce(self, msisdn: str, name: str) -> None:
        """Give somebody a telephone with money on it."""
        told = [{"msisdn": msisdn, "name": name, "balance": 50_000}]
        self._lab("POST", "/_sim/phones", {"phones": told})

    def box(self, username: str) -> dict[str, Any] | None:
        """The box that dials with a username, wherever it stands."""
        for index in range(len(self.ports.routers)):
            boxes = self._http.get(f"{self.ports.control_url}/boxes?router={index}").json()
            for box in boxes:
                if box["name"] == username:
                    return {**box, "router": index}
        return None

    def browse_behind(self, box: dict[str, Any], url: str) -> httpx.Response:
        """What a browser in that household gets."""
        proxy = f"http://{box['name']}:@127.0.0.1:{self.ports.proxy + box['router']}"
        with httpx.Client(proxy=proxy, timeout=20) as behind:
            return behind.get(url)

    def _lab(self, method: str, path: str, told: dict[str, Any] | None = None) -> Any:
        answer = self._http.request(method, self.ports.daraja_url + path, json=told)
        if answer.status_code >= 400:
            raise NotSo(f"{path}: {answer.text[:300]}")
        return answer.json()
