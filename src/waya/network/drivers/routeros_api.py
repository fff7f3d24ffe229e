"""RouterOS's binary API, v6 and v7: many commands in flight on one connection.

Every value is text, as the router sent it: a user called 254712345678 stays one.
Source: MikroTik's API manual.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from ssl import SSLContext
from typing import Self

from waya.network.drivers.errors import (
    AuthError,
    NotFound,
    RouterError,
    Transient,
    Unreachable,
    error_from,
)
from waya.network.drivers.routeros_words import Decoder, Garbled, Sentence, encode

Row = dict[str, str]

PLAIN_PORT = 8728
TLS_PORT = 8729
IN_FLIGHT = 100
"""More commands at once only lengthen the router's queue."""


@dataclass(slots=True)
class Reply:
    """The rows of an answer, and what `!done` carried: `ret` is a new item's id or a count."""

    rows: list[Row] = field(default_factory=list)
    done: Row = field(default_factory=dict)


@dataclass(slots=True)
class _Waiting:
    command: str
    future: asyncio.Future[Reply]
    reply: Reply = field(default_factory=Reply)
    error: RouterError | None = None


class Api(asyncio.Protocol):
    """One conversation with one router. When it breaks, every command in it fails."""

    def __init__(self, *, timeout_seconds: float) -> None:
        self.timeout_seconds = timeout_seconds
        self._decoder = Decoder()
        self._transport: asyncio.Transport | None = None
        self._waiting: dict[str, _Waiting] = {}
        self._tags = count(1)
        self._slots = asyncio.Semaphore(IN_FLIGHT)
        self._broken: RouterError | None = None
        self._closed = asyncio.Event()

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
        """Connect and log in. Raises `Unreachable` or `AuthError`.

        The timeout is for connecting, and then for each command by itself.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout_seconds):
                _, api = await loop.create_connection(
                    lambda: cls(timeout_seconds=timeout_seconds), host, port, ssl=tls
                )
        except OSError as error:  # a timeout is one too
            raise Unreachable(_reason(error), "connect") from None
        try:
            await api._log_in(user, password)
        except BaseException:
            await api.close()
            raise
        return api

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Hang up; commands still in flight fail with `Unreachable`."""
        if self._transport is not None:
            self._transport.abort()
            await self._closed.wait()

    async def talk(
        self,
        command: str,
        attributes: Mapping[str, str] | None = None,
        queries: Sequence[str] = (),
    ) -> Reply:
        """Send one command and wait for all of its answer.

        Query words go as given, `?` and all; their order matters to the router. Raises the
        errors of `drivers.errors`; a command that outlives the timeout is cancelled on the
        router and raises `Transient`.
        """
        async with self._slots:
            tag = self._send(command, attributes or {}, queries)
            waiting = self._waiting[tag]
            try:
                async with asyncio.timeout(self.timeout_seconds):
                    return await waiting.future
            except TimeoutError:
                self._cancel(tag)
                raise Transient("no answer in time", command) from None
            finally:
                self._waiting.pop(tag, None)

    async def rows(
        self,
        menu: str,
        proplist: str,
        *,
        names: Sequence[str] = (),
        where: Mapping[str, str] | None = None,
    ) -> list[Row]:
        """Print a menu: these fields of every row, of these names, or where all of these hold."""
        queries = [f"?={key}={value}" for key, value in (where or {}).items()]
        queries += any_name(names)
        reply = await self.talk(f"{menu}/print", {".proplist": proplist}, queries)
        return reply.rows

    async def put(self, menu: str, fields: Mapping[str, str], *, id: str = "") -> None:
        """Set the item of this id, or add one when there is no id."""
        if id:
            await self.talk(f"{menu}/set", {".id": id, **fields})
        else:
            await self.talk(f"{menu}/add", fields)

    async def remove(self, menu: str, *, id: str) -> None:
        """Remove an item; that it is gone already is success."""
        with suppress(NotFound):
            await self.talk(f"{menu}/remove", {".id": id})

    async def _log_in(self, user: str, password: str) -> None:
        """Both ways: the plain one, and the challenge that firmware before 6.43 answers with."""
        reply = await self.talk("/login", {"name": user, "password": password})
        challenge = reply.done.get("ret")
        if challenge:
            digest = hashlib.md5(
                b"\0" + password.encode() + bytes.fromhex(challenge), usedforsecurity=False
            )
            await self.talk("/login", {"name": user, "response": "00" + digest.hexdigest()})

    def _send(self, command: str, attributes: Mapping[str, str], queries: Sequence[str]) -> str:
        if self._transport is None or self._broken is not None:
            raise self._broken or Unreachable("not connected", command)
        tag = str(next(self._tags))
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting[tag] = _Waiting(command, future)
        words = [f"={key}={value}" for key, value in attributes.items()]
        self._transport.write(encode([command, *words, *queries, f".tag={tag}"]))
        return tag

    def _cancel(self, tag: str) -> None:
        if self._transport is not None and self._broken is None:
            self._transport.write(encode(["/cancel", f"=tag={tag}", f".tag=cancel-{tag}"]))

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, chunk: bytes) -> None:
        try:
            for sentence in self._decoder.feed(chunk):
                self._take(sentence)
        except Garbled as error:
            self._break(Unreachable(f"not RouterOS: {error}"))

    def connection_lost(self, exc: Exception | None) -> None:
        self._break(Unreachable(_reason(exc) if exc else "the connection was closed"))
        self._closed.set()

    def _break(self, error: RouterError) -> None:
        self._broken = self._broken or error
        for waiting in self._waiting.values():
            if not waiting.future.done():
                waiting.future.set_exception(type(error)(error.message, waiting.command))
        if self._transport is not None:
            self._transport.abort()

    def _take(self, sentence: Sentence) -> None:
        kind, *words = (word.decode("utf-8", "replace") for word in sentence)
        if kind == "!fatal":
            message = next((word for word in words if not word.startswith(".tag=")), "fatal")
            refused = error_from(message)
            self._break(refused if isinstance(refused, AuthError) else Unreachable(message))
            return
        row = dict(_attribute(word) for word in words)
        waiting = self._waiting.get(row.pop(".tag", ""))
        if waiting is None or waiting.future.done():
            return  # the late answer to a command that was given up
        if kind == "!re":
            waiting.reply.rows.append(row)
        elif kind == "!trap":  # several may come; the first says why
            error = error_from(row.get("message", ""), row.get("category", ""), waiting.command)
            waiting.error = waiting.error or error
        elif kind == "!done":
            waiting.reply.done = row
            if waiting.error is not None:
                waiting.future.set_exception(waiting.error)
            else:
                waiting.future.set_result(waiting.reply)


def any_name(names: Sequence[str]) -> list[str]:
    """Query words for rows of any of these names: all at once, or a row would be asked alone."""
    words = [f"?=name={name}" for name in names]
    return [*words, "?#" + "|" * (len(names) - 1)] if len(names) > 1 else words


def _attribute(word: str) -> tuple[str, str]:
    """`=name=value` or `.tag=value`; the value may hold `=`, or be missing altogether."""
    name, _, value = word.removeprefix("=").partition("=")
    return name, value


def _reason(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return (error.strerror if isinstance(error, OSError) else "") or type(error).__name__
