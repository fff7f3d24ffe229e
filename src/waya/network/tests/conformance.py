"""What every router driver must do: the same checks for the fake and for RouterOS.

A driver of your own passes when each of `CHECKS`, given a world with a fresh router, does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Protocol

import pytest

from waya.kernel import clock
from waya.network.drivers import Driver
from waya.network.drivers.errors import BadReference, NotOurs, Unreachable
from waya.network.rules.access import (
    Disconnect,
    Profile,
    Put,
    PutProfile,
    Remove,
    Step,
    Wanted,
    agreed,
    differences,
    plan,
)

HOME = Profile("home-10", rate_limit="5M/10M")
WALL = Profile("walled", rate_limit="256k/256k", address_list="waya-walled")
PROFILES = {profile.name: profile for profile in (HOME, WALL)}


class World(Protocol):
    """A router that nothing was done to, a driver that talks to it, and customers."""

    driver: Driver

    async def plug_in(self, name: str, password: str) -> None:
        """A customer's box, which dials until it is let in."""

    async def until_online(self, name: str) -> None:
        """Wait for it."""

    def rule(self, name: str) -> tuple[str, str] | None:
        """Rate limit and address-list of a live session; none if there is none."""

    def password(self, name: str) -> str:
        """The password the router holds."""

    def make_by_hand(self, name: str, profile: str = "default") -> None:
        """Somebody adds a secret, or changes the profile of one, with no word to us."""

    def age(self, name: str, seconds: int) -> None:
        """Let a live session have begun earlier."""

    def cut_cable(self) -> None:
        """Nobody reaches the router any more."""


def wanted(profile: str = "home-10", *, enabled: bool = True, password: str = "pw-1") -> Wanted:
    return Wanted(profile, enabled, clock.real_now(), "waya:1", password)


async def converge(world: World, wants: dict[str, Wanted]) -> list[Step]:
    steps = plan(wants, await world.driver.observe(list(wants)), PROFILES)
    assert await world.driver.apply(steps) == []
    return steps


async def serves(world: World, name: str) -> None:
    """A customer who is wanted, and online."""
    await converge(world, {name: wanted()})
    await world.plug_in(name, "pw-1")
    await world.until_online(name)


async def what_was_put_is_observed(world: World) -> None:
    wants = {"amina": wanted(), "254712345678": wanted("walled"), "no": wanted(enabled=False)}
    await converge(world, wants)
    observed = await world.driver.observe()
    assert plan(wants, observed, PROFILES) == []
    assert differences(wants, observed) == []
    assert {n: (s.profile, s.enabled, s.ours) for n, s in observed.secrets.items()} == {
        "amina": ("home-10", True, True),
        "254712345678": ("walled", True, True),
        "no": ("home-10", False, True),
    }


async def a_step_taken_twice_does_no_harm(world: World) -> None:
    steps: list[Step] = [PutProfile(HOME), Put("amina", wanted())]
    steps += [Disconnect("amina"), Remove("brian")]
    assert await world.driver.apply(steps) == []
    assert await world.driver.apply(steps) == []
    assert set((await world.driver.observe()).secrets) == {"amina"}


async def a_changed_secret_leaves_the_session(world: World) -> None:
    await serves(world, "chebet")
    await world.driver.apply([Put("chebet", wanted(enabled=False))])
    assert world.rule("chebet") == ("5M/10M", "")


async def whoever_redials_meets_the_new_rule(world: World) -> None:
    await serves(world, "chebet")
    walled = {"chebet": wanted("walled")}
    assert Disconnect("chebet") in await converge(world, walled)
    await world.until_online("chebet")
    assert world.rule("chebet") == ("256k/256k", "waya-walled")
    assert agreed(plan(walled, await world.driver.observe(["chebet"]), PROFILES))


async def a_turn_ends_what_was_open_and_nobody_elses(world: World) -> None:
    await serves(world, "chebet")
    await serves(world, "brian")
    await world.driver.apply([PutProfile(WALL)])
    world.make_by_hand("amina")
    old = {session.name: session.id for session in await world.driver.online()}
    failed = await world.driver.turn({"chebet": wanted("walled"), "amina": wanted("walled")})
    assert [type(one.error) for one in failed] == [NotOurs]
    now = {session.name: session.id for session in await world.driver.online()}
    assert (now["brian"], now.get("chebet") == old["chebet"]) == (old["brian"], False)
    await world.until_online("chebet")
    assert world.rule("chebet") == ("256k/256k", "waya-walled")
    assert (await world.driver.observe(["amina"])).secrets["amina"].profile == "default"


async def a_session_left_over_by_a_crash_is_found(world: World) -> None:
    await serves(world, "chebet")
    world.age("chebet", 60)
    shut = {"chebet": wanted("walled")}
    steps = plan(shut, await world.driver.observe(), PROFILES)
    await world.driver.apply([step for step in steps if not isinstance(step, Disconnect)])
    assert plan(shut, await world.driver.observe(), PROFILES) == [Disconnect("chebet")]


async def a_session_tells_when_it_began(world: World) -> None:
    await serves(world, "amina")
    world.age("amina", 3600)
    session = (await world.driver.observe()).sessions[0]
    assert abs(clock.real_now() - session.began - timedelta(hours=1)) < timedelta(seconds=5)


async def a_new_password_is_written(world: World) -> None:
    await converge(world, {"amina": wanted(password="pw-1")})
    await converge(world, {"amina": wanted(password="pw-2")})
    assert world.password("amina") == "pw-2"


async def removing_ends_secret_and_sessions(world: World) -> None:
    await serves(world, "brian")
    assert await world.driver.apply([Remove("brian")]) == []
    observed = await world.driver.observe()
    assert not observed.secrets
    assert not observed.sessions


async def somebody_elses_secret_is_left_alone(world: World) -> None:
    world.make_by_hand("brian")
    await world.driver.apply([PutProfile(HOME)])
    failed = await world.driver.apply([Put("brian", wanted()), Remove("brian")])
    assert [type(failure.error) for failure in failed] == [NotOurs, NotOurs]
    secret = (await world.driver.observe()).secrets["brian"]
    assert (secret.profile, secret.ours) == ("default", False)


async def a_hand_edit_is_seen_and_put_right(world: World) -> None:
    wants = {"amina": wanted(), "brian": wanted("walled")}
    await converge(world, wants)
    world.make_by_hand("brian", "home-10")
    rows = differences(wants, await world.driver.observe())
    assert [(row.field, row.should, row.does) for row in rows] == [("profile", "walled", "home-10")]
    await converge(world, wants)
    assert differences(wants, await world.driver.observe()) == []


async def a_changed_profile_is_put_again(world: World) -> None:
    await converge(world, {"amina": wanted()})
    faster = {"home-10": Profile("home-10", "10M/20M", session_timeout_seconds=86400)}
    observed = await world.driver.observe()
    steps = plan({"amina": wanted()}, observed, faster)
    await world.driver.apply([step for step in steps if isinstance(step, PutProfile)])
    assert (await world.driver.observe()).profiles == faster


async def a_refused_step_does_not_stop_the_others(world: World) -> None:
    await world.driver.apply([PutProfile(HOME)])
    failed = await world.driver.apply([Put("brian", wanted("unheard-of")), Put("amina", wanted())])
    assert [type(failure.error) for failure in failed] == [BadReference]
    assert set((await world.driver.observe()).secrets) == {"amina"}


async def names_not_asked_for_are_not_told(world: World) -> None:
    await converge(world, {f"c{number}": wanted() for number in range(250)})
    asked = [f"c{number}" for number in range(100, 225)]
    observed = await world.driver.observe([*asked, "nobody"])
    assert sorted(observed.secrets) == sorted(asked)
    assert len((await world.driver.observe()).secrets) == 250


async def a_cut_cable_is_told_as_such(world: World) -> None:
    world.cut_cable()
    with pytest.raises(Unreachable):
        await world.driver.observe()
    with pytest.raises(Unreachable):
        await world.driver.apply([Put("amina", wanted())])


async def it_says_who_it_is(world: World) -> None:
    identity = await world.driver.identity()
    assert identity.version.startswith(("6.", "7."))
    assert identity.name
    assert identity.booted_at <= clock.real_now()


CHECKS: tuple[Callable[[World], Awaitable[None]], ...] = (
    what_was_put_is_observed,
    a_step_taken_twice_does_no_harm,
    a_changed_secret_leaves_the_session,
    whoever_redials_meets_the_new_rule,
    a_turn_ends_what_was_open_and_nobody_elses,
    a_session_left_over_by_a_crash_is_found,
    a_session_tells_when_it_began,
    a_new_password_is_written,
    removing_ends_secret_and_sessions,
    somebody_elses_secret_is_left_alone,
    a_hand_edit_is_seen_and_put_right,
    a_changed_profile_is_put_again,
    a_refused_step_does_not_stop_the_others,
    names_not_asked_for_are_not_told,
    a_cut_cable_is_told_as_such,
    it_says_who_it_is,
)
