"""The menus of the simulated router: what each takes, refuses and starts with.

Source: MikroTik's manual pages of each menu, as gathered in its reference of fields.
"""

from __future__ import annotations

from collections.abc import Mapping

from waya.lab.router.tables import Check, Menu
from waya.lab.router.values import (
    BadValue,
    addresses,
    check_rate,
    is_address,
    read_duration,
    read_truth,
    written_duration,
)


class NoMatch(BadValue):
    """Not among the values there are."""


def text(value: str) -> str:
    """Anything."""
    return value


def span(value: str) -> str:
    """A length of time; none is unset."""
    seconds = read_duration(value)
    return written_duration(seconds) if seconds else ""


def number(value: str) -> str:
    """A whole number."""
    if not value.isdigit():
        raise BadValue(value)
    return value


def ranges(value: str) -> str:
    """Ranges of addresses."""
    next(addresses(value), None)
    return value


def choice(*allowed: str) -> Check:
    """One of a few words."""

    def check(value: str) -> str:
        if value not in allowed:
            raise NoMatch(value)
        return value

    return check


_SERVICES = choice("any", "async", "isdn", "l2tp", "pppoe", "pptp", "ovpn", "sstp")
_READ = frozenset({"print", "getall", "listen"})

_SECRET: Mapping[str, Check] = {
    **dict.fromkeys(
        ("name", "password", "profile", "local-address", "remote-address", "caller-id",
         "routes", "comment", "remote-ipv6-prefix", "ipv6-routes"), text),
    "service": _SERVICES,
    "limit-bytes-in": number,
    "limit-bytes-out": number,
    "disabled": read_truth,
}  # fmt: skip

_PROFILE: Mapping[str, Check] = {
    **dict.fromkeys(
        ("name", "local-address", "remote-address", "dns-server", "address-list",
         "interface-list", "bridge", "incoming-filter", "outgoing-filter", "parent-queue",
         "queue-type", "insert-queue-before", "on-up", "on-down", "use-compression",
         "use-encryption", "use-ipv6", "use-mpls", "use-upnp", "change-tcp-mss", "comment"),
        text),
    "rate-limit": check_rate,
    "session-timeout": span,
    "idle-timeout": span,
    "only-one": choice("yes", "no", "default"),
}  # fmt: skip

_RULE: Mapping[str, Check] = {
    **dict.fromkeys(
        ("chain", "action", "protocol", "src-address", "dst-address", "src-address-list",
         "dst-address-list", "src-port", "dst-port", "in-interface", "out-interface",
         "in-interface-list", "out-interface-list", "connection-state", "connection-nat-state",
         "to-addresses", "to-ports", "reject-with", "hw-offload", "log-prefix",
         "layer7-protocol", "content", "hotspot", "jump-target", "comment"), text),
    "log": read_truth,
    "disabled": read_truth,
}  # fmt: skip

_QUEUE: Mapping[str, Check] = {
    **dict.fromkeys(
        ("name", "target", "dst", "parent", "packet-marks", "priority", "queue", "limit-at",
         "burst-limit", "burst-threshold", "burst-time", "comment"), text),
    "max-limit": check_rate,
    "disabled": read_truth,
}  # fmt: skip

_NO_LIMITS = {"routes": "", "limit-bytes-in": "0", "limit-bytes-out": "0", "caller-id": ""}

MENUS: tuple[Menu, ...] = (
    Menu(
        "/ppp/secret",
        _SECRET,
        defaults={
            "service": "any", "password": "", "profile": "default", "disabled": "false",
            **_NO_LIMITS,
        },
        required=("name",),
        noun="secret",
        references={"profile": "/ppp/profile"},
        indexed=("name", "profile"),
    ),
    Menu(
        "/ppp/profile",
        _PROFILE,
        defaults={
            "use-ipv6": "yes", "use-mpls": "default", "use-compression": "default",
            "use-encryption": "default", "only-one": "default", "change-tcp-mss": "default",
            "use-upnp": "default", "on-up": "", "on-down": "",
        },
        required=("name",),
        noun="profile",
        built_in=frozenset({"default", "default-encryption"}),
    ),
    Menu("/ppp/active", verbs=_READ | {"remove"}),
    Menu(
        "/ppp/aaa",
        {"use-radius": read_truth, "accounting": read_truth, "interim-update": span},
        single=True,
    ),
    Menu("/interface", verbs=_READ),
    Menu(
        "/ip/pool",
        {"name": text, "ranges": ranges, "next-pool": text, "comment": text},
        required=("name", "ranges"),
        noun="pool",
        references={"next-pool": "/ip/pool"},
    ),
    Menu("/ip/firewall/nat", _RULE, {"disabled": "false"}, ("chain", "action"), indexed=()),
    Menu("/ip/firewall/filter", _RULE, {"disabled": "false"}, ("chain", "action"), indexed=()),
    Menu(
        "/ip/firewall/address-list",
        {
            "list": text, "address": text, "timeout": span, "comment": text,
            "disabled": read_truth,
        },
        {"disabled": "false"},
        ("list", "address"),
        indexed=("list", "address"),
    ),
    Menu("/queue/simple", _QUEUE, {"disabled": "false"}, ("target",), noun="queue"),
    Menu("/system/identity", {"name": text}, single=True),
    Menu("/system/resource", single=True, verbs=_READ),
    Menu("/system/clock", single=True, verbs=_READ),
    Menu("/log", verbs=_READ | {"info", "warning", "error"}, indexed=()),
)  # fmt: skip


def fits_address_or_pool(value: str, pools: Mapping[str, object]) -> bool:
    """A profile's or secret's address: one address, or the name of a pool."""
    return not value or is_address(value) or value in pools
