"""Drivers speak to routers: they translate, and decide nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from waya.network.drivers.errors import RouterError
from waya.network.rules.access import Observed, Session, Step, Wanted
from waya.network.rules.garden import WalledGarden


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a router says it is; `booted_at` by our clock."""

    name: str
    version: str
    board: str
    booted_at: datetime


@dataclass(frozen=True, slots=True)
class Failed:
    """A step the router refused; the steps beside it went on."""

    step: Step
    error: RouterError


class Driver(Protocol):
    """One open conversation with one router.

    Every method raises `Unreachable` when the conversation breaks and `Transient` when the
    router does not answer in time; the caller hangs up and tries later.
    """

    async def observe(self, names: Sequence[str] = ()) -> Observed:
        """Look at these names, or at everything when none is given."""

    async def online(self, names: Sequence[str] = ()) -> list[Session]:
        """Look at the live sessions alone, of these names or of all: cheap enough to repeat."""

    async def turn(self, wants: Mapping[str, Wanted]) -> list[Failed]:
        """Write these secrets and end the sessions found open just before: two round trips.

        A session that dials between that look and the write goes on under the old rule, so
        whoever turns looks afterwards and ends what is there. Twice does no harm.
        """

    async def apply(self, steps: Sequence[Step]) -> list[Failed]:
        """Take steps: profiles first, then secrets, then sessions. Twice does no harm.

        Conflicts are left alone, and so is any secret or profile that turns out not to be
        ours by then (`NotOurs`).
        """

    async def prepare(self, garden: WalledGarden) -> None:
        """Install the router-wide rules of the walled garden, or correct them."""

    async def identity(self) -> Identity:
        """Ask the router who it is."""

    async def close(self) -> None:
        """Hang up."""
