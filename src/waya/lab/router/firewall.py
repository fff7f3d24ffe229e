"""What the router does with a customer's connection: its nat and filter rules, in order."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from waya.lab.router.machine import Machine
from waya.lab.router.queries import Among
from waya.lab.router.tables import Row

LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class Packet:
    """The first packet of a TCP connection; `host` is a name or an address."""

    source: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """`accept`, `drop` or `reject`, and where the connection really goes."""

    action: str
    packet: Packet
    redirected: bool = False


def judge(machine: Machine, packet: Packet) -> Verdict:
    """Destination nat first, then the forward chain, as packets pass a router."""
    sent = packet
    for rule in _matching(machine, "/ip/firewall/nat", "dstnat", packet):
        if rule["action"] in ("dst-nat", "redirect"):
            host = rule.get("to-addresses", "127.0.0.1")
            sent = Packet(packet.source, host, int(rule.get("to-ports") or packet.port))
        break
    for rule in _matching(machine, "/ip/firewall/filter", "forward", sent):
        if rule["action"] in ("accept", "drop", "reject"):
            return Verdict(rule["action"], sent, redirected=sent is not packet)
    return Verdict("accept", sent, redirected=sent is not packet)


def _matching(machine: Machine, menu: str, chain: str, packet: Packet) -> Iterable[Row]:
    for rule in machine.tables[menu].rows.values():
        live = rule.get("chain") == chain and rule.get("disabled") != "true"
        if live and _fits(machine, rule, packet):
            yield rule


def _fits(machine: Machine, rule: Mapping[str, str], packet: Packet) -> bool:
    return (
        rule.get("protocol", "tcp") == "tcp"
        and _among(rule.get("dst-port", ""), packet.port)
        and _address(rule.get("src-address", ""), packet.source)
        and _address(rule.get("dst-address", ""), packet.host)
        and _listed(machine, rule.get("src-address-list", ""), packet.source)
        and _listed(machine, rule.get("dst-address-list", ""), packet.host)
        and "connection-state" not in rule  # this is a new connection, not a known one
    )


def _among(ports: str, port: int) -> bool:
    if not ports:
        return True
    for part in ports.split(","):
        low, _, high = part.partition("-")
        if int(low) <= port <= int(high or low):
            return True
    return False


def _address(wanted: str, host: str) -> bool:
    return not wanted or _covers(wanted.removeprefix("!"), host) is not wanted.startswith("!")


def _listed(machine: Machine, wanted: str, host: str) -> bool:
    if not wanted:
        return True
    name = wanted.removeprefix("!")
    return _on_list(machine, name, host) is not wanted.startswith("!")


def _on_list(machine: Machine, name: str, host: str) -> bool:
    """A session's own address is looked up; only what people listed is gone through."""
    table = machine.tables["/ip/firewall/address-list"]
    alone = Among("address", frozenset((host,)))
    if any(row["list"] == name and row["disabled"] != "true" for row in table.select(alone)):
        return True
    return any(
        row["disabled"] != "true" and _covers(row["address"], host)
        for row in table.by("list", name)
    )


def _covers(entry: str, host: str) -> bool:
    """An entry is an address, a range, a network or a name; this machine has many names."""
    if entry == host or (entry in LOOPBACK and host in LOOPBACK):
        return True
    try:
        address = ipaddress.IPv4Address(host)
        if "-" in entry:
            low, high = (ipaddress.IPv4Address(end) for end in entry.split("-"))
            return low <= address <= high
        return address in ipaddress.IPv4Network(entry, strict=False)
    except ValueError:
        return False
