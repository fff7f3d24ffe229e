"""An entity's choices about its routers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class NetworkPolicy:
    """`open_to_walled` is what those who have not paid may still reach, besides the portal:
    addresses, ranges and names. More than `remove_at_most` removals, or a tenth of a router's
    customers if that is more, wait for a person."""

    policy_name: ClassVar[str] = "network"

    sweep_every_seconds: int = 300
    poll_every_seconds: int = 10
    remove_at_most: int = 10
    open_to_walled: tuple[str, ...] = ()
