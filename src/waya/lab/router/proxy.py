"""The internet as a customer has it: an HTTP proxy that stands where their box stands.

The box is named by the proxy's user: `http://BOX:@127.0.0.1:PORT`. What the router would let
through is fetched if it is on this machine, and otherwise only told: nothing leaves it.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from http import HTTPStatus
from urllib.parse import urlsplit

from waya.lab.router.firewall import LOOPBACK, Packet, judge
from waya.lab.router.machine import Machine
from waya.lab.router.ppp import Session

PATIENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Asked:
    """The head of a request, in the form that proxies are asked in."""

    method: str
    host: str
    port: int
    target: str
    headers: list[tuple[str, str]]

    @property
    def box(self) -> str:
        """Which customer's box asks; empty if it is not said."""
        header = {name.lower(): value for name, value in self.headers}
        kind, _, code = header.get("proxy-authorization", "").partition(" ")
        if kind.lower() != "basic":
            return ""
        try:
            return base64.b64decode(code).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            return ""


class Proxy:
    """One router's customers, seen from inside their homes."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    async def start(self, port: int) -> int:
        """Listen on loopback, on any free port for 0; the port is returned."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def close(self) -> None:
        """Stop listening and end what is open."""
        if self._server is not None:
            self._server.close()
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                asked = _read_head(await reader.readuntil(b"\r\n\r\n"))
                await self._take(asked, reader, writer)
        except (OSError, ValueError, EOFError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass  # gone, too slow, or not HTTP: nobody is there to be told
        finally:
            self._open.discard(task)
            writer.close()

    async def _take(
        self, asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if not asked.box:
            challenge = 'Proxy-Authenticate: Basic realm="a box of this router"'
            writer.write(_page(407, "Name a box as the proxy's user.", challenge))
            return
        session = next(iter(self.machine.ppp.by_name.get(asked.box, ())), None)
        if session is None:
            writer.write(_page(502, f"{asked.box} is offline."))
            return
        verdict = judge(self.machine, Packet(session.address, asked.host, asked.port))
        if verdict.action != "accept":
            writer.write(_page(502, f"{asked.host} refused the connection."))
        elif verdict.packet.host in LOOPBACK:
            await _pass_on(asked, session, verdict.packet, reader, writer)
        elif asked.method == "CONNECT":
            writer.write(_page(502, f"{asked.host} would have been reached."))
        else:
            writer.write(_page(200, f"{asked.host} would have been reached."))
        await writer.drain()


async def _pass_on(
    asked: Asked,
    session: Session,
    packet: Packet,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    """Connect on this machine and carry bytes both ways until either side has done."""
    try:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", packet.port)
    except OSError:
        writer.write(_page(502, f"{asked.host} refused the connection."))
        return
    if asked.method == "CONNECT":
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    else:
        inner_writer.write(_plain_head(asked, session))
    upward = asyncio.create_task(_carry(reader, inner_writer))
    try:
        await _carry(inner_reader, writer)
    finally:
        upward.cancel()
        with suppress(asyncio.CancelledError):
            await upward
        inner_writer.close()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()


def _read_head(head: bytes) -> Asked:
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    method, target, _version = first.split(" ")
    headers = [(name, value.strip()) for name, value in (line.split(":", 1) for line in lines)]
    parts = urlsplit(f"//{target}" if method == "CONNECT" else target)
    if not parts.hostname:
        raise ValueError(target)
    port = parts.port or (443 if method == "CONNECT" or parts.scheme == "https" else 80)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Asked(method, parts.hostname, port, path, headers)


def _plain_head(asked: Asked, session: Session) -> bytes:
    """The request as the far end gets it: its own Host, and the customer's address."""
    dropped = ("proxy-authorization", "proxy-connection", "connection", "x-forwarded-for")
    lines = [f"{asked.method} {asked.target} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in asked.headers if name.lower() not in dropped]
    lines += [f"X-Forwarded-For: {session.address}", "Connection: close", "", ""]
    return "\r\n".join(lines).encode("latin-1")


def _page(status: int, words: str, *headers: str) -> bytes:
    body = f"<!doctype html><title>{status}</title><p>{escape(words)}</p>\n".encode()
    lines = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        "Content-Type: text/html; charset=utf-8",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *headers,
        "",
        "",
    ]
    return "\r\n".join(lines).encode() + body
