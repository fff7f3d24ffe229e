"""What others want of a router, and which of it is new."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from waya.network.rules.access import Profile


@dataclass(frozen=True, slots=True)
class Wish:
    """How one name should be on one router from now on, for whom, and because of what.

    `restricted` says that it takes something away: whatever gives goes first. What has `ended`
    is disabled, and removed once its sessions are gone. `cause_id` is an audit record.
    """

    router_id: int
    name: str
    profile: Profile
    enabled: bool
    restricted: bool
    owner: UUID
    customer_id: int | None
    cause_id: int | None
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """What was wanted of a name before."""

    profile: str
    enabled: bool
    restricted: bool
    ended: bool
    owner: UUID


def changes(wishes: Iterable[Wish], held: Mapping[tuple[int, str], Held]) -> list[Wish]:
    """The wishes that change something, in the order of routers and names.

    Of several for one name the last counts. What ends without ever having been is nothing.
    """
    last = {(wish.router_id, wish.name): wish for wish in wishes}
    return [
        wish
        for key, wish in sorted(last.items())
        if (held[key] != _as_held(wish) if key in held else not wish.ended)
    ]


def enabled(wish: Wish) -> bool:
    """What has ended is never enabled, whatever else the wish says."""
    return wish.enabled and not wish.ended


def _as_held(wish: Wish) -> Held:
    return Held(wish.profile.name, enabled(wish), wish.restricted, wish.ended, wish.owner)
