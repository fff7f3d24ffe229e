"""The walled garden: where a customer who has not paid may still go, and what they meet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from waya.network.rules import access
from waya.network.rules.access import MARK

WALLED = access.WALLED.address_list
"""The address-list that a session under a walled profile is in for as long as it lives."""

ALLOWED = "waya-allowed"
"""The address-list of what the walled may reach: the portal, payment providers."""

COMMENT = f"{MARK}garden"


@dataclass(frozen=True, slots=True)
class WalledGarden:
    """`portal_address` is an IP address, for a router redirects to nothing else; `allowed`
    may also hold ranges and names, which the router looks up itself."""

    portal_address: str
    portal_port: int = 80
    allowed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FirewallRule:
    menu: str
    fields: Mapping[str, str]

    @property
    def comment(self) -> str:
        return self.fields["comment"]


def firewall(garden: WalledGarden) -> list[FirewallRule]:
    """The router's rules, in their order: they must stand above whatever accepts traffic.

    Plain HTTP is led to the pay page, which is what a phone's own probe for captive portals
    asks for; HTTPS cannot be redirected, so it is refused at once rather than left to hang.
    """
    walled = {"src-address-list": WALLED}
    forward = {"chain": "forward", **walled}
    rules: dict[str, tuple[str, dict[str, str]]] = {
        "pay-page": (
            "/ip/firewall/nat",
            {"chain": "dstnat", "action": "dst-nat", "protocol": "tcp", "dst-port": "80"}
            | walled
            | {"dst-address-list": f"!{ALLOWED}"}
            | {"to-addresses": garden.portal_address, "to-ports": str(garden.portal_port)},
        ),
        "allowed": (
            "/ip/firewall/filter",
            {**forward, "action": "accept", "dst-address-list": ALLOWED},
        ),
        "names": (
            "/ip/firewall/filter",
            {**forward, "action": "accept", "protocol": "udp", "dst-port": "53"},
        ),
        "reset": (
            "/ip/firewall/filter",
            {**forward, "action": "reject", "protocol": "tcp", "reject-with": "tcp-reset"},
        ),
        "refuse": (
            "/ip/firewall/filter",
            {**forward, "action": "reject", "reject-with": "icmp-admin-prohibited"},
        ),
    }
    return [
        FirewallRule(menu, {**fields, "comment": f"{COMMENT}/{name}"})
        for name, (menu, fields) in rules.items()
    ]


def allowed_addresses(garden: WalledGarden) -> tuple[str, ...]:
    """What belongs in the list of allowed addresses; the portal always does."""
    return tuple(dict.fromkeys((garden.portal_address, *garden.allowed)))
