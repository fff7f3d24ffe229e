"""The RouterOS driver against the simulated router: conformance, the garden, and crashes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from waya.kernel import clock
from waya.lab.router.server import LabRouter, Settings
from waya.network.drivers import Driver
from waya.network.drivers.errors import AuthError, Transient, Unreachable
from waya.network.drivers.routeros import RouterOS
from waya.network.rules.access import Disconnect, Wanted, agreed, plan
from waya.network.rules.garden import WalledGarden
from waya.network.tests.conformance import CHECKS, PROFILES, World, converge, wanted

QUICK = Settings(redial_seconds=0.02)


class LabWorld:
    """A simulated router, and the real driver talking to it."""

    def __init__(self, lab: LabRouter, driver: RouterOS) -> None:
        self.lab = lab
        self.routeros = driver
        self.driver: Driver = driver

    async def plug_in(self, name: str, password: str) -> None:
        self.lab.plug_in(name, password)

    async def until_online(self, name: str) -> None:
        await self.lab.until(lambda: self.lab.is_online(name))

    def rule(self, name: str) -> tuple[str, str] | None:
        live = self.lab.machine.ppp.by_name.get(name)
        return (live[0].rate_limit, live[0].address_list) if live else None

    def password(self, name: str) -> str:
        secret = self.lab.secret(name)
        assert secret is not None
        return secret["password"]

    def make_by_hand(self, name: str, profile: str = "default") -> None:
        if self.lab.secret(name):
            self.lab.by_hand("/ppp/secret/set", numbers=name, profile=profile)
        else:
            self.lab.by_hand("/ppp/secret/add", name=name, profile=profile)

    def age(self, name: str, seconds: int) -> None:
        for session in self.lab.machine.ppp.by_name[name]:
            session.began -= seconds

    def cut_cable(self) -> None:
        self.lab.hang_up()


@asynccontextmanager
async def lab_world(settings: Settings = QUICK) -> AsyncIterator[LabWorld]:
    async with LabRouter(settings) as lab, await connect(lab) as driver:
        yield LabWorld(lab, driver)


async def connect(lab: LabRouter, timeout_seconds: float = 10.0) -> RouterOS:
    return await RouterOS.connect(
        "127.0.0.1", lab.port, user="waya", password="waya", timeout_seconds=timeout_seconds
    )


def in_lab(test: Callable[[LabWorld], Awaitable[None]], settings: Settings = QUICK) -> None:
    async def run() -> None:
        async with lab_world(settings) as world:
            await test(world)

    asyncio.run(run())


VERSIONS = ["6.48.6 (long-term)", "7.16.2 (stable)", "7.18.1 (stable)"]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_routeros_does_what_every_driver_must(
    check: Callable[[World], Awaitable[None]], version: str
) -> None:
    in_lab(check, Settings(redial_seconds=0.02, version=version))


def test_an_old_router_is_logged_in_to_by_its_challenge() -> None:
    async def test(world: LabWorld) -> None:
        assert (await world.driver.identity()).version == "6.40.9"

    in_lab(test, Settings(version="6.40.9 (bugfix)", legacy_login=True))


def test_a_wrong_password_is_an_error_of_its_own() -> None:
    async def run() -> None:
        async with LabRouter() as lab:
            with pytest.raises(AuthError):
                await RouterOS.connect("127.0.0.1", lab.port, user="waya", password="not-it")

    asyncio.run(run())


def test_a_frozen_router_is_given_up_in_time() -> None:
    async def run() -> None:
        async with LabRouter() as lab:
            driver = await connect(lab, timeout_seconds=0.5)
            lab.faults(freeze=True)
            with pytest.raises(Transient):
                await driver.observe()
            await driver.close()

    asyncio.run(run())


def test_a_router_that_refuses_is_unreachable() -> None:
    async def run() -> None:
        async with LabRouter() as lab:
            lab.faults(refuse=True)
            with pytest.raises(Unreachable):
                await connect(lab)

    asyncio.run(run())


def test_a_hundred_commands_share_one_round_trip() -> None:
    async def test(world: LabWorld) -> None:
        world.lab.faults(latency_ms=50)
        loop = asyncio.get_running_loop()
        before = loop.time()
        await converge(world, {f"c{number}": wanted() for number in range(100)})
        assert loop.time() - before < 5.0  # one by one it would be ten seconds

    in_lab(test)


@pytest.mark.parametrize("crash_after", range(12))
def test_a_crash_between_any_two_replies_loses_nothing(crash_after: int) -> None:
    """Brian is walled while Amina comes back and Chebet goes; the connection breaks meanwhile."""

    async def test(world: LabWorld) -> None:
        lab = world.lab
        start = {"amina": wanted("walled"), "brian": wanted(), "chebet": wanted()}
        await converge(world, start)
        for name in start:
            lab.plug_in(name, "pw-1")
            await world.until_online(name)
            world.age(name, 60)
        now = {"amina": wanted(), "brian": wanted("walled")}
        lab.faults(replies_until_drop=crash_after, drops=1)
        for attempt in range(3):
            try:
                async with await connect(lab) as driver:
                    await driver.apply(plan(now, await driver.observe(), PROFILES))
            except Unreachable:
                assert attempt == 0
        await settled(lab, now)

    in_lab(test)


async def settled(lab: LabRouter, now: dict[str, Wanted]) -> None:
    lists = {name: PROFILES[want.profile].address_list for name, want in now.items()}

    def right() -> bool:
        live = lab.machine.ppp.by_name
        return {n: s[0].address_list for n, s in live.items()} == lists

    await lab.until(right)
    async with await connect(lab) as driver:
        assert agreed(plan(now, await driver.observe(), PROFILES))


def test_who_redialled_while_the_router_was_out_of_reach_is_found() -> None:
    """The session is younger than the decision, older than the secret, and a crash came."""

    async def test(world: LabWorld) -> None:
        await converge(world, {"brian": wanted()})
        an_hour_ago = clock.real_now() - timedelta(hours=1)
        decided = {"brian": Wanted("walled", True, an_hour_ago, "waya:1", "pw-1")}
        world.lab.plug_in("brian", "pw-1")
        await world.until_online("brian")
        world.age("brian", 60)
        steps = plan(decided, await world.driver.observe(), PROFILES)
        assert steps.pop() == Disconnect("brian")
        await world.driver.apply(steps)
        assert await converge(world, decided) == [Disconnect("brian")]
        await world.lab.until(lambda: world.lab.is_walled("brian"))

    in_lab(test)


def test_a_reboot_heals() -> None:
    async def test(world: LabWorld) -> None:
        wants = {"amina": wanted()}
        await converge(world, wants)
        world.lab.plug_in("amina", "pw-1")
        await world.until_online("amina")
        world.lab.reboot()
        await world.until_online("amina")
        async with await connect(world.lab) as driver:
            assert plan(wants, await driver.observe(), PROFILES) == []

    in_lab(test)


def test_the_walled_garden_is_installed_once_above_all_other_rules() -> None:
    async def test(world: LabWorld) -> None:
        lab = world.lab
        lab.by_hand("/ip/firewall/filter/add", chain="forward", action="fasttrack-connection")
        garden = WalledGarden("127.0.0.1", 8800, ("pay.example", "196.201.214.0/24"))
        await world.driver.prepare(garden)
        first = lab.by_hand("/ip/firewall/filter/print")
        await world.driver.prepare(garden)
        assert lab.by_hand("/ip/firewall/filter/print") == first
        actions = [rule["action"] for rule in first]
        assert actions == ["accept", "accept", "reject", "reject", "fasttrack-connection"]
        await world.driver.prepare(WalledGarden("127.0.0.1", 9900))
        nat = lab.by_hand("/ip/firewall/nat/print")
        assert [rule["to-ports"] for rule in nat] == ["9900"]
        listed = lab.by_hand("/ip/firewall/address-list/print")
        assert [row["address"] for row in listed] == ["127.0.0.1"]

    in_lab(test)


def test_what_an_operator_allowed_stays_allowed() -> None:
    async def test(world: LabWorld) -> None:
        theirs = {"list": "waya-allowed", "address": "bank.example"}
        world.lab.by_hand("/ip/firewall/address-list/add", **theirs)
        await world.driver.prepare(WalledGarden("127.0.0.1", 8800))
        listed = world.lab.by_hand("/ip/firewall/address-list/print")
        assert [row["address"] for row in listed] == ["bank.example", "127.0.0.1"]

    in_lab(test)


def test_a_hand_made_pool_in_our_profile_stays() -> None:
    async def test(world: LabWorld) -> None:
        await converge(world, {"amina": wanted()})
        lab = world.lab
        lab.by_hand("/ppp/profile/set", numbers="home-10", remote_address="customers")
        assert await converge(world, {"amina": wanted()}) != []
        profile = (await world.driver.observe()).profiles["home-10"]
        assert profile.pool == "customers"
        lab.plug_in("amina", "pw-1")
        await world.until_online("amina")
        assert lab.sessions()[0]["address"] == "10.0.0.2"

    in_lab(test)


def test_no_password_of_ours_shows_anywhere() -> None:
    async def test(world: LabWorld) -> None:
        secret = {"amina": Wanted("home-10", True, clock.real_now(), "waya:1", "s3cret-word")}
        await converge(world, secret)
        lab = world.lab
        shown = repr((world.routeros, vars(world.routeros.api), lab.machine.heard, lab.secrets()))
        assert "s3cret-word" not in shown
        held = lab.secret("amina")
        assert held is not None
        assert held["password"] == "s3cret-word"

    in_lab(test)
