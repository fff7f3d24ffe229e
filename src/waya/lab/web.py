"""A small HTTP/1.1 server and client on asyncio: enough for the lab.

The client exists because a bench shares two cores with what it measures, and this costs a fifth
of what a full client does.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from threading import Thread
from typing import Any, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

_Answer = TypeVar("_Answer")
_LARGEST_BODY = 4 * 1024 * 1024


class Hangup(Exception):
    """The connection is to be closed without an answer."""


class BadRequest(Exception):
    """What was sent cannot be understood."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request; header names are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        """The body as a JSON object; raises BadRequest."""
        try:
            sent = json.loads(self.body or b"{}", parse_float=str)
        except ValueError as error:
            raise BadRequest("not JSON") from error
        if not isinstance(sent, dict):
            raise BadRequest("not an object")
        return sent

    def form(self) -> dict[str, str]:
        """The body as an HTML form."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))


@dataclass(frozen=True, slots=True)
class Response:
    """An answer, whole."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[Request], Awaitable[Response]]
Routes = Mapping[tuple[str, str], Handler]


def as_json(value: object, status: int = 200) -> Response:
    """An answer in JSON."""
    return Response(status, json.dumps(value).encode())


class HttpServer:
    """Serves routes (method and exact path) on loopback until closed."""

    def __init__(self, routes: Routes) -> None:
        self._routes = routes
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    async def start(self, port: int) -> int:
        """Listen, on any free port for 0; the port is returned. Raises OSError when taken."""
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", port, backlog=512)
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def close(self) -> None:
        """Stop listening and end every conversation."""
        if self._server is not None:
            self._server.close()
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            while (request := await _read(reader)) is not None:
                response = await self._answer(request)
                keep = request.headers.get("connection", "").lower() != "close"
                writer.write(_written(request, response, keep))
                await writer.drain()
                if not keep:
                    break
        except (Hangup, BadRequest, ConnectionError, asyncio.CancelledError):
            pass  # the other side went, or is to be left without an answer
        finally:
            self._open.discard(task)
            writer.close()

    async def _answer(self, request: Request) -> Response:
        handler = self._routes.get((request.method, request.path))
        if handler is None:
            known = any(path == request.path for _, path in self._routes)
            return as_json(
                {"error": "wrong method" if known else "not found"}, 405 if known else 404
            )
        try:
            return await handler(request)
        except BadRequest as error:
            return as_json({"error": str(error)}, 400)


_Wire = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class HttpClient:
    """Posts JSON over plain HTTP, and keeps its connections."""

    def __init__(self) -> None:
        self._idle: dict[tuple[str, int], list[_Wire]] = {}

    def close(self) -> None:
        """Let go of the connections."""
        for wires in self._idle.values():
            for _, writer in wires:
                writer.close()
        self._idle.clear()

    async def post(self, url: str, body: bytes, timeout_ms: int) -> tuple[int, bytes]:
        """Status and body of the answer. Raises OSError, TimeoutError or BadRequest."""
        parts = urlsplit(url)
        place = (parts.hostname or "", parts.port or 80)
        target = parts.path or "/"
        if parts.query:
            target += f"?{parts.query}"
        head = (
            f"POST {target} HTTP/1.1\r\nHost: {parts.netloc}\r\nAccept: application/json\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        async with asyncio.timeout(timeout_ms / 1000):
            reader, writer = await self._wire(place)
            try:
                writer.write(head.encode() + body)
                status, keep, answer = await _read_answer(reader)
            except asyncio.IncompleteReadError as error:
                writer.close()
                raise ConnectionError("hung up before the end") from error
            except BaseException:
                writer.close()
                raise
        if keep:
            self._idle.setdefault(place, []).append((reader, writer))
        else:
            writer.close()
        return status, answer

    async def _wire(self, place: tuple[str, int]) -> _Wire:
        idle = self._idle.get(place, [])
        while idle:
            reader, writer = idle.pop()
            if not reader.at_eof() and not writer.is_closing():
                return reader, writer
            writer.close()
        return await asyncio.open_connection(*place)


async def _read_answer(reader: asyncio.StreamReader) -> tuple[int, bool, bytes]:
    """Status, whether the connection may be kept, and body, however its length is told."""
    try:
        first, headers = _split_head(await reader.readuntil(b"\r\n\r\n"))
        status = int(first.split(" ")[1])
        keep = headers.get("connection", "").lower() != "close" and first.startswith("HTTP/1.1")
        if headers.get("transfer-encoding", "").lower() == "chunked":
            pieces = []
            while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
                pieces.append((await reader.readexactly(size + 2))[:-2])
            await reader.readuntil(b"\r\n")
            return status, keep, b"".join(pieces)
        if "content-length" in headers:
            return status, keep, await reader.readexactly(int(headers["content-length"]))
        return status, False, b"" if status in (204, 304) else await reader.read()
    except (ValueError, IndexError, asyncio.LimitOverrunError) as error:
        raise BadRequest("not HTTP") from error


def _split_head(head: bytes) -> tuple[str, dict[str, str]]:
    first, *lines = head.decode("latin-1").rstrip().split("\r\n")
    named = (line.split(":", 1) for line in lines)
    return first, {name.strip().lower(): value.strip() for name, value in named}


class LoopThread:
    """An event loop on a thread of its own, for callers that have none."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def wait_for(self, work: Coroutine[Any, Any, _Answer], seconds: int = 60) -> _Answer:
        """Do this on the loop and give back what it gives, or raise what it raises."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(seconds)


@contextmanager
def loop_thread(name: str) -> Iterator[LoopThread]:
    """A running loop for as long as the block lasts."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever, name=name, daemon=True)
    thread.start()
    try:
        yield LoopThread(loop)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _read(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return None
    try:
        first, headers = _split_head(head)
        method, target, _version = first.split(" ")
        length = int(headers.get("content-length", "0"))
        parts = urlsplit(target)
    except ValueError as error:
        raise BadRequest("not HTTP") from error
    if "transfer-encoding" in headers or not 0 <= length <= _LARGEST_BODY:
        raise BadRequest("a body needs its length")
    try:
        body = await reader.readexactly(length)
    except asyncio.IncompleteReadError:
        return None
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    return Request(method, unquote(parts.path), query, headers, body)


def _written(request: Request, response: Response, keep: bool) -> bytes:
    body = b"" if request.method == "HEAD" else response.body
    headers = {
        "Content-Type": response.content_type,
        "Content-Length": str(len(response.body)),
        "Connection": "keep-alive" if keep else "close",
        **response.headers,
    }
    reason = HTTPStatus(response.status).phrase
    lines = [f"HTTP/1.1 {response.status} {reason}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
