"""Bring a router from what it is to what it should be, in the fewest safe steps."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from waya.network.rules.rates import rate, same_rate

MARK = "waya:"
"""What is ours on a router says so in its comment; all else is somebody's and untouched."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A named set of limits. An empty string or 0 is no limit.

    An empty `pool` or `local_address` is left as the router has it.
    """

    name: str
    rate_limit: str = ""  # as the router sees it: upload/download, "5M/10M"
    address_list: str = ""  # a customer in one is walled
    session_timeout_seconds: int = 0
    pool: str = ""
    local_address: str = ""


WALLED = Profile(
    "waya-walled",
    rate_limit="512k/512k",
    address_list="waya-walled",
    session_timeout_seconds=3600,
)
"""The profile of those who have not paid: slow, and led to the pay page."""


def plan_profile(down_kbps: int, up_kbps: int) -> Profile:
    """The profile of a plan's rates, such as `waya-10M-2M` for 10 Mbps down and 2 up.

    A router sees it from its own side, so its limit says upload first.
    """
    down, up = rate(down_kbps), rate(up_kbps)
    return Profile(f"waya-{down}-{up}", rate_limit=f"{up}/{down}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a customer's access should be, and since when: what is older is stale.

    Raising `since` writes the secret anew (a new password, say) and ends older sessions.
    """

    profile: str
    enabled: bool
    since: datetime
    mark: str  # whose it is: "waya:" and the id of the subscription
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret as the router holds it. `since` is when we wrote it, kept in its comment."""

    profile: str
    enabled: bool
    ours: bool
    mark: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Session:
    id: str
    name: str
    began: datetime  # our clock minus its uptime: the router's clock does not matter
    address: str = ""
    caller_id: str = ""


@dataclass(frozen=True, slots=True)
class Observed:
    """What a router holds of the names that were asked for, or of all of them."""

    secrets: Mapping[str, Secret]
    sessions: Sequence[Session]
    profiles: Mapping[str, Profile] = field(default_factory=dict)  # ours
    foreign_profiles: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class PutProfile:
    profile: Profile


@dataclass(frozen=True, slots=True)
class Put:
    name: str
    wanted: Wanted


@dataclass(frozen=True, slots=True)
class Remove:
    """Shut the secret, end its sessions, then remove it: in that order, so that a crash
    between leaves the secret there to say that work remains."""

    name: str


@dataclass(frozen=True, slots=True)
class Disconnect:
    """End every session of this name; whoever redials meets the rule as it now is."""

    name: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """Somebody else made something of this name. A person decides; nothing is touched."""

    name: str
    kind: Literal["secret", "profile"] = "secret"


Step = PutProfile | Put | Remove | Disconnect | Conflict


@dataclass(frozen=True, slots=True)
class Difference:
    """One word that differs between what a router should hold and what it does."""

    name: str
    field: Literal["secret", "profile", "enabled", "mark", "session"]
    should: str
    does: str


def plan(
    wanted: Mapping[str, Wanted],
    observed: Observed,
    profiles: Mapping[str, Profile] | None = None,
) -> list[Step]:
    """List the steps that turn `observed` into `wanted`; none when they agree.

    `wanted` must hold exactly what was asked of the router: a secret of ours that is observed
    and not wanted is removed. Profiles come first, then secrets, then sessions, and in each
    those who may be online before those who may not: whoever redials meets the new rule, and
    a crash between any two steps leaves a plan that finishes. `profiles` are those of ours,
    by name; one that changes here does not end sessions, raise `since` for that.
    """
    known = profiles or {}
    better_first = _better_first(wanted, known)
    steps = _profile_steps({want.profile for want in wanted.values()}, known, observed)
    secrets: list[Step] = []
    endings: list[Step] = []
    eldest = _eldest(observed.sessions)
    for name in sorted(wanted, key=better_first):
        want, secret = wanted[name], observed.secrets.get(name)
        if secret and not secret.ours:
            secrets.append(Conflict(name))
        elif secret is None or not _holds(secret, want):
            secrets.append(Put(name, want))
            if name in eldest:
                endings.append(Disconnect(name))
        elif name in eldest and _stale(want, secret, eldest[name]):
            endings.append(Disconnect(name))
    gone = sorted(n for n, secret in observed.secrets.items() if secret.ours and n not in wanted)
    return [*steps, *secrets, *map(Remove, gone), *endings]


def agreed(steps: Iterable[Step]) -> bool:
    """Is there nothing left that we could do? Conflicts are for a person."""
    return all(isinstance(step, Conflict) for step in steps)


def braked(steps: Sequence[Step], held: int, limit: int = 10) -> tuple[list[Step], list[Remove]]:
    """Part the steps into those that may go and removals that wait for a person.

    Removing more than `limit` secrets, or a tenth of the `held` ones if that is more, looks
    like a mistake of ours. All removals of such a plan wait, and nothing else does.
    """
    removals = [step for step in steps if isinstance(step, Remove)]
    if len(removals) <= max(limit, held // 10):
        return list(steps), []
    return [step for step in steps if not isinstance(step, Remove)], removals


def differences(wanted: Mapping[str, Wanted], observed: Observed) -> list[Difference]:
    """Say word by word where a router differs, by name: for its page and for hand edits."""
    rows: list[Difference] = []
    eldest = _eldest(observed.sessions)
    for name in sorted({*wanted, *observed.secrets}):
        want, secret = wanted.get(name), observed.secrets.get(name)
        if want is None:
            if secret and secret.ours:
                rows.append(Difference(name, "secret", "absent", "present"))
        elif secret is None:
            rows.append(Difference(name, "secret", "present", "absent"))
        elif not secret.ours:
            rows.append(Difference(name, "secret", "ours", "somebody else's"))
        else:
            rows += _words_that_differ(name, want, secret)
            if name in eldest and _stale(want, secret, eldest[name]):
                rows.append(Difference(name, "session", "begun under this rule", "older"))
    return rows


def _words_that_differ(name: str, want: Wanted, secret: Secret) -> list[Difference]:
    rows: list[Difference] = []
    if secret.profile != want.profile:
        rows.append(Difference(name, "profile", want.profile, secret.profile))
    if secret.enabled != want.enabled:
        rows.append(Difference(name, "enabled", _yes(want.enabled), _yes(secret.enabled)))
    if secret.mark != want.mark:
        rows.append(Difference(name, "mark", want.mark, secret.mark))
    return rows


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _profile_steps(
    names: Collection[str], known: Mapping[str, Profile], observed: Observed
) -> list[Step]:
    steps: list[Step] = []
    for name in sorted(names & known.keys()):
        if name in observed.foreign_profiles:
            steps.append(Conflict(name, "profile"))
        elif not _same_limits(known[name], observed.profiles.get(name)):
            steps.append(PutProfile(known[name]))
    return steps


def _same_limits(want: Profile, held: Profile | None) -> bool:
    if held is None or not same_rate(want.rate_limit, held.rate_limit):
        return False
    return want == replace(
        held,
        rate_limit=want.rate_limit,
        pool=held.pool if want.pool else "",
        local_address=held.local_address if want.local_address else "",
    )


def _better_first(
    wanted: Mapping[str, Wanted], known: Mapping[str, Profile]
) -> Callable[[str], tuple[bool, bool, str]]:
    walled = {name for name, profile in known.items() if profile.address_list}
    return lambda name: (not wanted[name].enabled, wanted[name].profile in walled, name)


def _holds(secret: Secret, want: Wanted) -> bool:
    said = (secret.profile, secret.enabled, secret.mark)
    fresh = secret.since is not None and secret.since >= want.since
    return fresh and said == (want.profile, want.enabled, want.mark)


def _eldest(sessions: Iterable[Session]) -> dict[str, datetime]:
    """When the oldest session of each name began."""
    eldest: dict[str, datetime] = {}
    for session in sessions:
        eldest[session.name] = min(session.began, eldest.get(session.name, session.began))
    return eldest


def _stale(want: Wanted, secret: Secret, began: datetime) -> bool:
    """A session under an older rule: begun before the secret was written, or before `since`.

    The time of writing matters when a router was away: customers redialled meanwhile, after
    `since` and under the old rule, and a crash may have come between secret and session.
    """
    bound = max(want.since, secret.since) if secret.since else want.since
    return began < bound or not want.enabled
