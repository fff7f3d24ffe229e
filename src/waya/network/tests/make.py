"""Routers in memory, and wishes for them, made through commands."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from waya.network.commands.routers import add_router
from waya.network.commands.wishes import want_many
from waya.network.drivers import Driver, Failed, lines
from waya.network.drivers.errors import AuthError, Unreachable
from waya.network.drivers.fake import FakeRouter
from waya.network.drivers.lines import Address, Lines
from waya.network.models import Router
from waya.network.rules.access import WALLED, Observed, Profile, Put, Step, Wanted, plan_profile
from waya.network.rules.wishes import Wish
from waya.org.actors import SYSTEM
from waya.org.tests.make import baraka_net

HOME = plan_profile(10_000, 10_000)
AMINA = UUID(int=1)


@dataclass
class Watched(FakeRouter):
    """A router in memory that counts who logs in, and to which things happen in between.

    `before_apply` and `after_apply` are called once around what it is told next, away from
    the loop, and may raise; `before_put` just before the next secret is written.
    """

    right_password: str = "secret"
    logins: int = 0
    looks: int = 0
    before_apply: Callable[[], object] | None = None
    after_apply: Callable[[], object] | None = None
    before_put: Callable[[], object] | None = None

    async def observe(self, names: Sequence[str] = ()) -> Observed:
        self.looks += 1
        return await super().observe(names)

    async def turn(self, wants: Mapping[str, Wanted]) -> list[Failed]:
        return await self._in_between(super().turn(wants))

    async def apply(self, steps: Sequence[Step]) -> list[Failed]:
        return await self._in_between(super().apply(steps))

    async def _in_between(self, work: Coroutine[Any, Any, list[Failed]]) -> list[Failed]:
        before, self.before_apply = self.before_apply, None
        if before is not None:
            await asyncio.to_thread(before)
        failed = await work
        after, self.after_apply = self.after_apply, None
        if after is not None:
            await asyncio.to_thread(after)
        return failed

    def _put(self, step: Put) -> None:
        before, self.before_put = self.before_put, None
        if before is not None:
            before()
        super()._put(step)


class Network:
    """Every router of a test, by its port."""

    def __init__(self) -> None:
        self.routers: dict[int, Watched] = {}

    async def connect(self, address: Address, command_seconds: float) -> Driver:
        """What `Lines` calls: logs in."""
        router = self.routers[address.port]
        router.logins += 1
        if not router.reachable:
            raise Unreachable("no route to host", "connect")
        if address.password != router.right_password:
            raise AuthError("invalid user name or password (6)", "/login")
        return router

    def add(self, name: str = "lanet-1") -> tuple[Router, Watched]:
        """One more router, in memory and in the books."""
        port = 9000 + len(self.routers)
        self.routers[port] = Watched(name)
        row = add_router(
            entity_id=baraka_net().pk,
            name=name,
            place="Lanet",
            host="192.0.2.1",
            port=port,
            username="waya",
            password="secret",
            portal_host="192.0.2.10",
            portal_port=80,
            by=SYSTEM,
        )
        return row, self.routers[port]


@contextmanager
def network(monkeypatch: pytest.MonkeyPatch) -> Iterator[Network]:
    """Lines that lead to routers in memory."""
    made = Network()
    kept = Lines(connect=made.connect)
    monkeypatch.setattr(lines, "LINES", kept)
    yield made
    kept.close()


def wish(
    router: Router, name: str = "amina", *, walled: bool = False, enabled: bool = True,
    ended: bool = False, profile: Profile | None = None, cause_id: int | None = None,
) -> Wish:  # fmt: skip
    """A wish for a name, whose owner is always the same."""
    return Wish(
        router_id=router.pk,
        name=name,
        profile=profile or (WALLED if walled else HOME),
        enabled=enabled,
        restricted=walled or not enabled or ended,
        owner=uuid.uuid5(AMINA, name),
        customer_id=7,
        cause_id=cause_id,
        ended=ended,
    )


def want(*wishes: Wish) -> None:
    """As Waya itself."""
    want_many(wishes=wishes, by=SYSTEM)
