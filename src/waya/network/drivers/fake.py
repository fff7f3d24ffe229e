"""A router in memory, held to the same conformance tests as the real driver."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count

from waya.kernel import clock
from waya.network.drivers import Failed, Identity
from waya.network.drivers.errors import BadReference, NotOurs, Unreachable
from waya.network.rules.access import (
    Disconnect,
    Observed,
    Profile,
    Put,
    PutProfile,
    Remove,
    Secret,
    Session,
    Step,
    Wanted,
)
from waya.network.rules.garden import WalledGarden


@dataclass
class FakeRouter:
    """Holds what it is told. `dial` is a customer's equipment; `reachable` a cut cable."""

    name: str = "fake"
    now: Callable[[], datetime] = clock.real_now
    secrets: dict[str, Secret] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict, repr=False)
    sessions: list[Session] = field(default_factory=list)
    rules: dict[str, Secret] = field(default_factory=dict)  # what each session dialled in under
    profiles: dict[str, Profile] = field(default_factory=dict)
    foreign_profiles: set[str] = field(default_factory=lambda: {"default", "default-encryption"})
    garden: WalledGarden | None = None
    reachable: bool = True
    taken: list[Step] = field(default_factory=list)
    _ids: count[int] = field(default_factory=lambda: count(1))

    async def observe(self, names: Sequence[str] = ()) -> Observed:
        self._reach()
        return self.look(names)

    async def online(self, names: Sequence[str] = ()) -> list[Session]:
        self._reach()
        return list(self.look(names).sessions)

    async def turn(self, wants: Mapping[str, Wanted]) -> list[Failed]:
        self._reach()
        seen = {session.id for session in self.look(list(wants)).sessions}
        failed = await FakeRouter.apply(self, [Put(name, want) for name, want in wants.items()])
        foreign = {one.step for one in failed if isinstance(one.error, NotOurs)}
        kept = {step.name for step in foreign if isinstance(step, Put)}
        self.sessions = [s for s in self.sessions if s.id not in seen or s.name in kept]
        return failed

    async def apply(self, steps: Sequence[Step]) -> list[Failed]:
        failed: list[Failed] = []
        for step in steps:
            self._reach()
            try:
                self.take(step)
            except (NotOurs, BadReference) as error:
                failed.append(Failed(step, error))
        return failed

    async def prepare(self, garden: WalledGarden) -> None:
        self._reach()
        self.garden = garden

    async def identity(self) -> Identity:
        self._reach()
        return Identity(self.name, "7.16.2", "fake", self.now())

    async def close(self) -> None:
        pass

    def look(self, names: Sequence[str] = ()) -> Observed:
        """What is held of these names, or everything."""
        asked = set(names)
        return Observed(
            secrets={n: s for n, s in self.secrets.items() if not asked or n in asked},
            sessions=[s for s in self.sessions if not asked or s.name in asked],
            profiles=dict(self.profiles),
            foreign_profiles=frozenset(self.foreign_profiles),
        )

    def take(self, step: Step) -> None:
        """One step, at once. Raises as a router would."""
        self.taken.append(step)
        match step:
            case PutProfile(profile):
                self._put_profile(profile)
            case Put():
                self._put(step)
            case Remove(name):
                self._must_be_ours(name)
                self.hang_up(name)
                self.secrets.pop(name, None)
                self.passwords.pop(name, None)
            case Disconnect(name):
                self.hang_up(name)

    def dial(self, name: str, password: str | None = None) -> bool:
        """A customer's equipment dials; whether it is let in."""
        secret = self.secrets.get(name)
        if secret is None or not secret.enabled:
            return False
        if password is not None and password != self.passwords.get(name):
            return False
        session = Session(f"*{next(self._ids):X}", name, self.now())
        self.sessions.append(session)
        self.rules[session.id] = secret
        return True

    def hang_up(self, name: str) -> None:
        """End every session of a name."""
        self.sessions = [session for session in self.sessions if session.name != name]

    def _reach(self) -> None:
        if not self.reachable:
            raise Unreachable("no route to host")

    def _must_be_ours(self, name: str) -> None:
        if name in self.secrets and not self.secrets[name].ours:
            raise NotOurs("somebody else's by now", "/ppp/secret")

    def _put(self, step: Put) -> None:
        self._must_be_ours(step.name)
        wanted = step.wanted
        if wanted.profile not in self.profiles and wanted.profile not in self.foreign_profiles:
            raise BadReference("input does not match any value of profile", "/ppp/secret")
        self.secrets[step.name] = Secret(
            profile=wanted.profile,
            enabled=wanted.enabled,
            ours=True,
            mark=wanted.mark,
            since=max(self.now(), wanted.since),
        )
        self.passwords[step.name] = wanted.password

    def _put_profile(self, profile: Profile) -> None:
        if profile.name in self.foreign_profiles:
            raise NotOurs("somebody else's by now", "/ppp/profile")
        held = self.profiles.get(profile.name, profile)
        self.profiles[profile.name] = replace(
            profile,
            pool=profile.pool or held.pool,
            local_address=profile.local_address or held.local_address,
        )
