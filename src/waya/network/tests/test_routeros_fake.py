"""The fake router, held to what every driver must do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from waya.network.drivers import Driver
from waya.network.drivers.fake import FakeRouter
from waya.network.rules.access import Secret
from waya.network.tests.conformance import CHECKS, World


class FakeWorld:
    """A fake router: its customers dial when the test looks."""

    def __init__(self) -> None:
        self.router = FakeRouter()
        self.driver: Driver = self.router
        self.boxes: dict[str, str] = {}

    async def plug_in(self, name: str, password: str) -> None:
        self.boxes[name] = password

    async def until_online(self, name: str) -> None:
        assert self.router.dial(name, self.boxes[name])

    def rule(self, name: str) -> tuple[str, str] | None:
        live = [session for session in self.router.sessions if session.name == name]
        if not live:
            return None
        profile = self.router.profiles[self.router.rules[live[-1].id].profile]
        return profile.rate_limit, profile.address_list

    def password(self, name: str) -> str:
        return self.router.passwords[name]

    def make_by_hand(self, name: str, profile: str = "default") -> None:
        held = self.router.secrets.get(name, Secret(profile, True, ours=False))
        self.router.secrets[name] = replace(held, profile=profile)

    def age(self, name: str, seconds: int) -> None:
        self.router.sessions = [
            replace(each, began=each.began - timedelta(seconds=seconds))
            if each.name == name
            else each
            for each in self.router.sessions
        ]

    def cut_cable(self) -> None:
        self.router.reachable = False


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_fake_does_what_every_driver_must(check: Callable[[World], Awaitable[None]]) -> None:
    async def run() -> None:
        await check(FakeWorld())

    asyncio.run(run())
