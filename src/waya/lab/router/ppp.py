"""Customers' boxes and their sessions: who dials, who is let in, and what follows a session."""

from __future__ import annotations

import asyncio
import math
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count

from waya.lab.router.queries import Term, names_asked
from waya.lab.router.tables import Row, Table
from waya.lab.router.values import (
    addresses,
    is_address,
    max_limit,
    read_duration,
    written_duration,
)

UNDETERMINED = "10.112.112.2-10.112.127.254"
"""Where RouterOS takes an address from when no profile says, with a warning in its log."""

_NUMBERED = re.compile(r"\*[8FDA][0-9A-F]{7}")


@dataclass(slots=True)
class Cpe:
    """A box at a customer's: it dials, and dials again for as long as it has power."""

    name: str
    password: str = field(repr=False)
    mac: str
    redial_seconds: float
    session: Session | None = None
    trouble: str = ""
    failed_at: float = 0.0
    powered: bool = True
    timer: asyncio.TimerHandle | None = None


@dataclass(slots=True)
class Session:
    """A customer online. The profile's words are those of the moment of dialling."""

    number: int
    name: str
    mac: str
    address: str
    pool: str
    began: float  # the loop's seconds
    rate_limit: str
    address_list: str
    timer: asyncio.TimerHandle | None = None

    @property
    def id(self) -> str:
        return f"*8{self.number:07X}"

    @property
    def interface(self) -> str:
        return f"<pppoe-{self.name}>"


class Pool:
    """Addresses: fresh ones first, then those given back, longest ago first."""

    def __init__(self, ranges: str) -> None:
        self.ranges = ranges
        self._fresh = addresses(ranges)
        self._used: deque[str] = deque()

    def take(self) -> str | None:
        """An address nobody has, or none."""
        fresh = next(self._fresh, None)
        return fresh or (self._used.popleft() if self._used else None)

    def give(self, address: str) -> None:
        self._used.append(address)


class Ppp:
    """The PPPoE server and the boxes that dial it."""

    def __init__(
        self, tables: Mapping[str, Table], log: Callable[[str, str], None], redial_seconds: float
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.redial_seconds = redial_seconds
        self.cpes: dict[str, Cpe] = {}
        self.sessions: dict[int, Session] = {}
        self.by_name: dict[str, list[Session]] = {}
        self.by_address: dict[str, Session] = {}
        self.changed: Callable[[], None] = lambda: None
        self._tables = tables
        self._log = log
        self._pools: dict[str, Pool] = {}
        self._numbers = count(1)
        tables["/ppp/active"].view = self._view(self._active_row)
        tables["/interface"].view = self._view(self._interface_row, named="<pppoe-")
        tables["/queue/simple"].view = self._view(self._queue_row, named="<pppoe-")
        tables["/ip/firewall/address-list"].view = self._listed

    # Boxes.

    def plug_in(self, name: str, password: str, mac: str) -> Cpe:
        """A box with power, which dials at once. One box per name: a second replaces it."""
        self.unplug(name)
        cpe = Cpe(name, password, mac, self.redial_seconds)
        self.cpes[name] = cpe
        self._dial_in(cpe, 0)
        return cpe

    def unplug(self, name: str) -> None:
        """Take a box away; its session ends."""
        cpe = self.cpes.pop(name, None)
        if cpe is not None:
            self.power(cpe, on=False)

    def power(self, cpe: Cpe, *, on: bool) -> None:
        """Switch a box on or off."""
        cpe.powered = on
        if cpe.timer is not None:
            cpe.timer.cancel()
            cpe.timer = None
        if on and cpe.session is None:
            self._dial_in(cpe, 0)
        elif not on and cpe.session is not None:
            self.end(cpe.session, "peer is not responding")

    def secret_changed(self, name: str) -> None:
        """Let a box that was refused try again, at the next of its regular attempts.

        Between a refusal and a change of its secret every attempt would be refused alike, so
        none is made: thousands of boxes that may not come in cost nothing.
        """
        cpe = self.cpes.get(name)
        if cpe is None or cpe.session is not None or cpe.timer is not None or not cpe.powered:
            return
        waited = self.loop.time() - cpe.failed_at
        period = cpe.redial_seconds
        self._dial_in(cpe, math.ceil(waited / period) * period - waited if period else 0)

    def _dial_in(self, cpe: Cpe, seconds: float) -> None:
        if cpe.powered:
            cpe.timer = self.loop.call_later(seconds, self._dial, cpe)

    def _dial(self, cpe: Cpe) -> None:
        cpe.timer = None
        secret = self._tables["/ppp/secret"].one(cpe.name)
        refusal = _refusal(cpe, secret)
        profile = self._profile(secret) if secret and not refusal else None
        if not refusal and profile is None:
            refusal = "no profile"
        if secret is None or profile is None:
            self._refuse(cpe, refusal)
            return
        if profile.get("only-one") == "yes":
            for other in list(self.by_name.get(cpe.name, ())):
                self.end(other, "only one session is allowed")
        pool, address = self._address(secret, profile)
        if not address:
            self._refuse(cpe, f"no more addresses in pool {pool}")
            self._dial_in(cpe, max(cpe.redial_seconds, 1.0))  # no change will say it has some
            return
        self._begin(cpe, profile, pool, address)

    def _refuse(self, cpe: Cpe, why: str) -> None:
        cpe.failed_at = self.loop.time()
        if cpe.trouble != why:
            cpe.trouble = why
            self._log("pppoe,ppp,error", f"<pppoe-{cpe.name}>: {why}")
        self.changed()

    def _begin(self, cpe: Cpe, profile: Row, pool: str, address: str) -> None:
        session = Session(
            next(self._numbers), cpe.name, cpe.mac, address, pool, self.loop.time(),
            profile.get("rate-limit", ""), profile.get("address-list", ""),
        )  # fmt: skip
        seconds = read_duration(profile.get("session-timeout", ""))
        if seconds:
            session.timer = self.loop.call_later(seconds, self.end, session, "session timeout")
        cpe.session, cpe.trouble = session, ""
        self.sessions[session.number] = session
        self.by_name.setdefault(session.name, []).append(session)
        self.by_address[address] = session
        self._log("pppoe,ppp,info,account", f"{cpe.name} logged in, {address} from {cpe.mac}")
        self._tables["/ppp/active"].tell(self._active_row(session))
        self.changed()

    def end(self, session: Session, why: str) -> None:
        """End a session, and all that follows it; its box dials again."""
        if self.sessions.pop(session.number, None) is None:
            return
        if session.timer is not None:
            session.timer.cancel()
        same = self.by_name[session.name]
        same.remove(session)
        if not same:
            del self.by_name[session.name]
        del self.by_address[session.address]
        if session.pool in self._pools:
            self._pools[session.pool].give(session.address)
        self._log("pppoe,ppp,info,account", f"{session.name} logged out, {why}")
        self._tables["/ppp/active"].tell({".id": session.id}, dead=True)
        cpe = self.cpes.get(session.name)
        if cpe is not None and cpe.session is session:
            cpe.session = None
            self._dial_in(cpe, cpe.redial_seconds)
        self.changed()

    def close(self) -> None:
        """Take the power from every box."""
        for name in list(self.cpes):
            self.unplug(name)

    # Addresses.

    def _profile(self, secret: Row) -> Row | None:
        return self._tables["/ppp/profile"].one(secret["profile"])

    def _address(self, secret: Row, profile: Row) -> tuple[str, str]:
        """The pool and an address from it; a single address wins over a pool."""
        given = (secret.get("remote-address", ""), profile.get("remote-address", ""))
        for address in given:
            if is_address(address) and address not in self.by_address:
                return "", address
        name = next((pool for pool in given if pool and not is_address(pool)), "")
        if not name:
            self._log("pppoe,ppp,warning", f"<pppoe-{secret['name']}>: "
                      "could not determine remote address")  # fmt: skip
        return name, self._take(name)

    def _take(self, name: str) -> str:
        row = self._tables["/ip/pool"].one(name)
        ranges = row["ranges"] if row else UNDETERMINED
        pool = self._pools.get(name)
        if pool is None or pool.ranges != ranges:
            pool = self._pools[name] = Pool(ranges)
        while address := pool.take():
            if address not in self.by_address:
                return address
        return ""

    # What is seen of sessions in the menus.

    def _view(
        self, seen: Callable[[Session], Row | None], named: str = ""
    ) -> Callable[[Term | None], Iterator[Row]]:
        def view(term: Term | None) -> Iterator[Row]:
            for session in self._asked(term, named):
                row = seen(session)
                if row is not None:
                    yield row

        return view

    def _asked(self, term: Term | None, named: str) -> list[Session]:
        ids = names_asked(term, ".id")
        if ids is not None:
            return self._numbered(ids)
        names = names_asked(term, "name")
        if names is None:
            return list(self.sessions.values())
        plain = (name.removeprefix(named).rstrip(">") if named else name for name in names)
        return [session for name in plain for session in self.by_name.get(name, ())]

    def _numbered(self, ids: Iterable[str]) -> list[Session]:
        """By the ids of any menu: a letter for the menu, then the session's number."""
        numbers = [int(id[2:], 16) for id in ids if _NUMBERED.fullmatch(id)]
        return [self.sessions[number] for number in numbers if number in self.sessions]

    def _uptime(self, session: Session) -> int:
        return int(self.loop.time() - session.began)

    def _active_row(self, session: Session) -> Row:
        return {
            ".id": session.id,
            "name": session.name,
            "service": "pppoe",
            "caller-id": session.mac,
            "address": session.address,
            "uptime": written_duration(self._uptime(session)),
            "encoding": "",
            "session-id": f"0x{0x81000000 + session.number:x}",
            "limit-bytes-in": "0",
            "limit-bytes-out": "0",
            "radius": "false",
        }

    def _interface_row(self, session: Session) -> Row:
        """Every box asks for the same, and its limit decides what it gets."""
        upload, download = _kbps(session.rate_limit)
        seconds = self._uptime(session)
        return {
            ".id": f"*F{session.number:07X}",
            "name": session.interface,
            "type": "pppoe-in",
            "dynamic": "true",
            "running": "true",
            "disabled": "false",
            "rx-byte": str(seconds * upload * 125),
            "tx-byte": str(seconds * download * 125),
        }

    def _queue_row(self, session: Session) -> Row | None:
        if not session.rate_limit:
            return None
        return {
            ".id": f"*D{session.number:07X}",
            "name": session.interface,
            "target": session.interface,
            "max-limit": max_limit(session.rate_limit),
            "dynamic": "true",
            "disabled": "false",
        }

    def _listed(self, term: Term | None) -> Iterator[Row]:
        asked = names_asked(term, "address")
        live = (
            self._asked(term, "")
            if asked is None
            else [self.by_address[address] for address in asked if address in self.by_address]
        )
        for session in live:
            if session.address_list:
                yield {
                    ".id": f"*A{session.number:07X}",
                    "list": session.address_list,
                    "address": session.address,
                    "dynamic": "true",
                    "disabled": "false",
                }


def _refusal(cpe: Cpe, secret: Row | None) -> str:
    if secret is None or secret["disabled"] == "true" or secret["password"] != cpe.password:
        return f"user {cpe.name} authentication failed"
    if secret["service"] not in ("any", "pppoe"):
        return f"user {cpe.name} authentication failed - service not allowed"
    if secret["caller-id"] and secret["caller-id"] != cpe.mac:
        return f"user {cpe.name} authentication failed - caller-id does not match"
    return ""


def _kbps(rate_limit: str) -> tuple[int, int]:
    """What a box uses: 200 kbit/s up and 1500 down, or its limit if that is less."""
    limits = [int(half) // 1000 for half in max_limit(rate_limit).split("/")]
    return min(200, limits[0] or 200), min(1500, limits[1] or 1500)
