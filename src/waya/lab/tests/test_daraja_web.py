"""The lab's small HTTP server and client, each against the other and against awkward company."""

from __future__ import annotations

import asyncio
import socket

import httpx
import pytest

from waya.lab.daraja.listener import listening
from waya.lab.daraja.outgoing import is_loopback
from waya.lab.web import BadRequest, HttpClient


async def ask(answer: bytes, times: int = 1) -> list[tuple[int, bytes]]:
    """What the client makes of a server that says exactly this to each connection, and hangs up."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = HttpClient()
    try:
        return [await client.post(f"http://127.0.0.1:{port}/x", b"{}", 2_000) for _ in range(times)]
    finally:
        client.close()
        server.close()


@pytest.mark.parametrize(
    "rest",
    [
        b"Content-Length: 5\r\n\r\nhello",
        b"Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=1\r\nlo\r\n0\r\n\r\n",
        b"Connection: close\r\n\r\nhello",
        b"content-length: 5\r\nconnection: close\r\n\r\nhello",
    ],
)
def test_every_way_to_end_a_body(rest: bytes) -> None:
    assert asyncio.run(ask(b"HTTP/1.1 201 Created\r\n" + rest)) == [(201, b"hello")]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", ConnectionError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", ConnectionError),
        (b"nonsense\r\n\r\n", BadRequest),
        (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", BadRequest),
    ],
)
def test_half_answers_are_errors(answer: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        asyncio.run(ask(answer))


def test_nobody_and_silence_are_errors() -> None:
    async def post(url: str) -> None:
        await HttpClient().post(url, b"{}", 50)

    with pytest.raises(OSError, match=r"."):
        asyncio.run(post("http://127.0.0.1:9/"))
    with socket.create_server(("127.0.0.1", 0)) as mute, pytest.raises(TimeoutError):
        asyncio.run(post(f"http://127.0.0.1:{mute.getsockname()[1]}/"))


def test_connections_are_kept() -> None:
    async def post(url: str) -> int:
        client = HttpClient()
        for _ in range(3):
            await client.post(f"{url}/hk/c?x=1", b"{}", 2_000)
        kept = sum(len(wires) for wires in client._idle.values())
        client.close()
        return kept

    with listening() as heard:
        assert asyncio.run(post(heard.url)) == 1
        assert len(heard.on("/hk/c")) == 3


def raw(url: str, sent: bytes) -> bytes:
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as wire:
        wire.sendall(sent)
        wire.shutdown(socket.SHUT_WR)
        received = b""
        while piece := wire.recv(65536):
            received += piece
    return received


def test_the_server_survives_awkward_company() -> None:
    with listening() as heard:
        for sent in (
            b"",
            b"nonsense\r\n\r\n",
            b"POST /hk/c HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
            b"POST /hk/c HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
            b"POST /hk/c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            b"POST /hk/c HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf",
            b"POST /hk/c HTTP/1.1\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        ):
            assert raw(heard.url, sent) == b""
        two = b"POST /hk/c HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}" * 2
        assert raw(heard.url, two).count(b"HTTP/1.1 200 OK") == 2
        assert httpx.get(f"{heard.url}/hk/c").status_code == 405
        assert len(heard.on("/hk/c")) == 2


@pytest.mark.parametrize(
    ("url", "ours"),
    [
        ("http://127.0.0.1:8800/hk/c", True),
        ("http://127.9.9.9/hk", True),
        ("http://localhost/hk", True),
        ("http://[::1]:80/hk", True),
        ("http://192.0.2.1/hk", False),
        ("http://127.0.0.1.example.net/hk", False),
        ("http://user@192.0.2.1/127.0.0.1", False),
        ("https://127.0.0.1/hk", False),
        ("file:///etc/passwd", False),
        ("//127.0.0.1", False),
        ("http://[::1/hk", False),
        ("", False),
    ],
)
def test_what_is_this_machine(url: str, ours: bool) -> None:
    assert is_loopback(url) is ours
