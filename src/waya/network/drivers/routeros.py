"""MikroTik RouterOS, v6 and v7, by its binary API: PPPoE secrets and live sessions."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Coroutine, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from ssl import SSLContext
from typing import Any, Self, TypeVar

from waya.kernel import clock
from waya.network.drivers import Failed, Identity
from waya.network.drivers.errors import NotOurs, RouterError, Transient
from waya.network.drivers.routeros_api import PLAIN_PORT, Api, Row
from waya.network.rules.access import (
    MARK,
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
from waya.network.rules.garden import (
    ALLOWED,
    COMMENT,
    WalledGarden,
    allowed_addresses,
    firewall,
)

BATCH = 100
"""Names asked for in one print, and secrets written at once."""

SECRET_FIELDS = ".id,name,profile,disabled,comment"
SESSION_FIELDS = ".id,name,uptime,address,caller-id"
PROFILE_FIELDS = ".id,name,rate-limit,address-list,session-timeout,remote-address,local-address"

T = TypeVar("T")
_Todo = tuple[Step, Coroutine[Any, Any, None]]


class RouterOS:
    """Observe, and apply steps; a step applied twice does no harm."""

    def __init__(self, api: Api, mark: str = MARK) -> None:
        self.api = api
        self.mark = mark

    @classmethod
    async def connect(
        cls,
        host: str,
        port: int = PLAIN_PORT,
        *,
        user: str,
        password: str,
        timeout_seconds: float = 10.0,
        tls: SSLContext | None = None,
    ) -> Self:
        """Open a conversation. Raises `Unreachable` or `AuthError`."""
        return cls(
            await Api.connect(
                host, port, user=user, password=password, timeout_seconds=timeout_seconds, tls=tls
            )
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Hang up."""
        await self.api.close()

    async def observe(self, names: Sequence[str] = ()) -> Observed:
        """Look at these names, or at everything, in one conversation.

        A session's beginning is right to a second, and never earlier than the truth: a
        session is not ended for having begun in the second of a change.
        """
        secrets, sessions, profiles = await asyncio.gather(
            self._secrets(names),
            self.online(names),
            self.api.rows("/ppp/profile", f"{PROFILE_FIELDS},comment"),
        )
        ours = {row["name"]: _profile(row) for row in profiles if self._is_ours(row)}
        return Observed(
            secrets={row["name"]: self._secret(row) for row in secrets},
            sessions=sessions,
            profiles=ours,
            foreign_profiles=frozenset(row["name"] for row in profiles) - ours.keys(),
        )

    async def online(self, names: Sequence[str] = ()) -> list[Session]:
        """Look at the live sessions alone."""
        rows = await self._rows("/ppp/active", SESSION_FIELDS, names)
        now = clock.real_now()
        return [
            Session(
                id=row[".id"],
                name=row["name"],
                began=now - duration(row.get("uptime", "")),
                address=row.get("address", ""),
                caller_id=row.get("caller-id", ""),
            )
            for row in rows
        ]

    async def turn(self, wants: Mapping[str, Wanted]) -> list[Failed]:
        """Secrets and sessions found in one round trip, written and ended in the next."""
        names = list(wants)
        secrets, sessions = await asyncio.gather(
            self._secrets(names), self._rows("/ppp/active", ".id,name", names)
        )
        foreign = {row["name"] for row in secrets if not self._is_ours(row)}
        puts = self._writes([Put(name, want) for name, want in wants.items()], secrets)
        ends = [row for row in sessions if row["name"] not in foreign]
        return await self._each([*puts, *self._endings(ends)])

    async def apply(self, steps: Sequence[Step]) -> list[Failed]:
        """Profiles, then secrets, then sessions; in each, a hundred commands in flight."""
        puts = [step for step in steps if isinstance(step, Put)]
        removals = [step for step in steps if isinstance(step, Remove)]
        profiles = [step for step in steps if isinstance(step, PutProfile)]
        endings = [step for step in steps if isinstance(step, Disconnect)]

        failed = await self._put_profiles(profiles)
        for batch in _batches(puts):
            failed += await self._put(batch)
        going: dict[str, Remove] = {step.name: step for step in removals}
        failed += await self._shut(going)
        failed += await self._disconnect([*going, *(step.name for step in endings)])
        return failed + await self._remove(going)

    async def prepare(self, garden: WalledGarden) -> None:
        """Install the walled garden's rules above all others, or correct them."""
        await self._allow(allowed_addresses(garden))
        rules = firewall(garden)
        for menu in dict.fromkeys(rule.menu for rule in rules):
            await self._keep_rules(menu, [rule.fields for rule in rules if rule.menu == menu])

    async def identity(self) -> Identity:
        """Ask the router who it is."""
        named, resources = await asyncio.gather(
            self.api.rows("/system/identity", "name"),
            self.api.rows("/system/resource", "version,uptime,board-name"),
        )
        resource = resources[0]
        return Identity(
            name=named[0]["name"],
            version=resource["version"].split()[0],
            board=resource.get("board-name", ""),
            booted_at=clock.real_now() - duration(resource["uptime"]),
        )

    # Looking.

    async def _secrets(self, names: Sequence[str]) -> list[Row]:
        return await self._rows("/ppp/secret", SECRET_FIELDS, names)

    async def _rows(self, menu: str, fields: str, names: Sequence[str]) -> list[Row]:
        batches = list(_batches(names)) or [[]]
        pages = await asyncio.gather(
            *[self.api.rows(menu, fields, names=batch) for batch in batches]
        )
        return [row for page in pages for row in page]

    def _is_ours(self, row: Mapping[str, str]) -> bool:
        return row.get("comment", "").startswith(self.mark)

    def _secret(self, row: Row) -> Secret:
        mark, _, written = row.get("comment", "").partition(" ")
        return Secret(
            profile=row.get("profile", "default"),
            enabled=not truth(row.get("disabled", "")),
            ours=self._is_ours(row),
            mark=mark,
            since=_moment(written),
        )

    # Secrets and sessions.

    async def _put_profiles(self, steps: Sequence[PutProfile]) -> list[Failed]:
        if not steps:
            return []
        rows = await self.api.rows("/ppp/profile", ".id,name,comment")
        held = {row["name"]: row for row in rows}
        return await self._each(
            (step, self._write("/ppp/profile", held.get(step.profile.name), self._limits(step)))
            for step in steps
        )

    async def _put(self, steps: Sequence[Put]) -> list[Failed]:
        secrets = await self._secrets([step.name for step in steps])
        return await self._each(self._writes(steps, secrets))

    def _writes(self, steps: Sequence[Put], secrets: Iterable[Row]) -> Iterator[_Todo]:
        held = {row["name"]: row for row in secrets}
        now = clock.real_now()
        for step in steps:
            yield step, self._write("/ppp/secret", held.get(step.name), _fields(step, now))

    async def _write(self, menu: str, held: Row | None, fields: Mapping[str, str]) -> None:
        if held is not None and not self._is_ours(held):
            raise NotOurs("somebody else's by now", menu)
        await self.api.put(menu, fields, id=held[".id"] if held else "")

    async def _shut(self, going: dict[str, Remove]) -> list[Failed]:
        """Nobody dials in again while being removed. Those not ours any more are let go."""
        failed: list[Failed] = []
        rows = await self._secrets(list(going)) if going else []
        for row in rows:
            if not self._is_ours(row):
                step = going.pop(row["name"])
                failed.append(Failed(step, NotOurs("somebody else's by now", "/ppp/secret")))
        return failed + await self._each(
            (going[row["name"]], self.api.put("/ppp/secret", {"disabled": "yes"}, id=row[".id"]))
            for row in rows
            if row["name"] in going and not truth(row.get("disabled", ""))
        )

    async def _disconnect(self, names: Sequence[str]) -> list[Failed]:
        rows = await self._rows("/ppp/active", ".id,name", names) if names else []
        return await self._each(self._endings(rows))

    def _endings(self, sessions: Iterable[Row]) -> Iterator[_Todo]:
        for row in sessions:
            yield Disconnect(row["name"]), self.api.remove("/ppp/active", id=row[".id"])

    async def _remove(self, going: Mapping[str, Remove]) -> list[Failed]:
        rows = await self._secrets(list(going)) if going else []
        return await self._each(
            (going[row["name"]], self.api.remove("/ppp/secret", id=row[".id"]))
            for row in rows
            if self._is_ours(row)
        )

    async def _each(self, work: Iterable[_Todo]) -> list[Failed]:
        """All at once. What the router refuses is told; a broken conversation is raised."""
        chosen = list(work)
        outcomes = await asyncio.gather(*[todo for _, todo in chosen], return_exceptions=True)
        failed: list[Failed] = []
        for (step, _), outcome in zip(chosen, outcomes, strict=True):
            if isinstance(outcome, RouterError) and not isinstance(outcome, Transient):
                failed.append(Failed(step, outcome))
            elif isinstance(outcome, BaseException):
                raise outcome
        return failed

    def _limits(self, step: PutProfile) -> dict[str, str]:
        profile = step.profile
        fields = {
            "name": profile.name,
            "rate-limit": profile.rate_limit,
            "address-list": profile.address_list,
            "session-timeout": f"{profile.session_timeout_seconds}s",
            "comment": f"{self.mark}profile",
        }
        if profile.pool:
            fields["remote-address"] = profile.pool
        if profile.local_address:
            fields["local-address"] = profile.local_address
        return fields

    # The walled garden.

    async def _allow(self, addresses: Sequence[str]) -> None:
        menu = "/ip/firewall/address-list"
        rows = await self.api.rows(menu, ".id,address,comment", where={"list": ALLOWED})
        held = {row["address"] for row in rows}
        for address in addresses:
            if address not in held:
                await self.api.put(menu, {"list": ALLOWED, "address": address, "comment": COMMENT})
        for row in rows:
            if row["address"] not in addresses and row.get("comment") == COMMENT:
                await self.api.remove(menu, id=row[".id"])

    async def _keep_rules(self, menu: str, rules: Sequence[Mapping[str, str]]) -> None:
        """Known by their comments; new ones go above the first rule that is not ours."""
        fields = dict.fromkeys(key for rule in rules for key in rule)
        rows = await self.api.rows(menu, ",".join((".id", "dynamic", *fields)))
        held = {row.get("comment", ""): row for row in rows}
        strangers = [r for r in rows if not self._is_ours(r) and not truth(r.get("dynamic", ""))]
        top = {"place-before": strangers[0][".id"]} if strangers else {}
        for rule in rules:
            row = held.pop(rule["comment"], None)
            if row is None:
                await self.api.put(menu, {**rule, **top})
            elif any(row.get(key, "") != value for key, value in rule.items()):
                await self.api.put(menu, rule, id=row[".id"])
        for comment, row in held.items():
            if comment.startswith(COMMENT):
                await self.api.remove(menu, id=row[".id"])


def truth(value: str) -> bool:
    """A yes of RouterOS: `true` now, `yes` on older versions."""
    return value in ("true", "yes")


_UNITS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}
_PARTS = re.compile(r"(\d+)([wdhms])(?!s)")
_CLOCK = re.compile(r"(\d+):(\d\d):(\d\d)$")


def duration(text: str) -> timedelta:
    """A length of time in any of RouterOS's spellings, in whole seconds; none is zero.

    `1w2d3h4m5s`, `1d02:03:04` and `00:10:00` are all in use, by version and menu.
    """
    seconds = sum(int(number) * _UNITS[unit] for number, unit in _PARTS.findall(text))
    hands = _CLOCK.search(text)
    if hands:
        hours, minutes, rest = map(int, hands.groups())
        seconds += hours * 3600 + minutes * 60 + rest
    return timedelta(seconds=seconds)


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _profile(row: Row) -> Profile:
    return Profile(
        name=row["name"],
        rate_limit=row.get("rate-limit", ""),
        address_list=row.get("address-list", ""),
        session_timeout_seconds=int(duration(row.get("session-timeout", "")).total_seconds()),
        pool=row.get("remote-address", ""),
        local_address=row.get("local-address", ""),
    )


def _fields(step: Put, now: datetime) -> dict[str, str]:
    """A secret in RouterOS's words. Its comment says whose it is and when it was written."""
    wanted: Wanted = step.wanted
    written = max(now, wanted.since)
    return {
        "name": step.name,
        "password": wanted.password,
        "profile": wanted.profile,
        "service": "pppoe",
        "disabled": "no" if wanted.enabled else "yes",
        "comment": f"{wanted.mark} {written.isoformat()}",
    }


def _batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]
