"""The simulated router's wire, byte by byte: what clients written by others rely on."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator

import pytest

from waya.lab.router.server import RunningRouter, Settings, running_router
from waya.network.drivers.routeros_words import Decoder, encode


@pytest.fixture(scope="module")
def router() -> Iterator[RunningRouter]:
    with running_router() as running:
        yield running


class Wire:
    """A bare socket to a router."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=5)
        self.decoder = Decoder()
        self.ready: list[list[str]] = []

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def say(self, *words: str) -> None:
        self.socket.sendall(encode(words))

    def hear(self) -> list[str]:
        """The next sentence; empty when the router hung up."""
        while not self.ready:
            chunk = self.socket.recv(65536)
            if not chunk:
                return []
            for sentence in self.decoder.feed(chunk):
                self.ready.append([word.decode() for word in sentence])
        return self.ready.pop(0)

    def log_in(self) -> Wire:
        self.say("/login", "=name=waya", "=password=waya")
        assert self.hear() == ["!done"]
        return self


def test_sentences_may_come_in_any_pieces(router: RunningRouter) -> None:
    with Wire(router.port).log_in() as wire:
        stream = b"\0" + encode(["/system/identity/print"]) + b"\0\0" + encode(["/log/info"])
        for byte in stream:
            wire.socket.sendall(bytes([byte]))
        assert wire.hear() == ["!re", "=name=MikroTik"]
        assert wire.hear() == ["!done"]
        assert wire.hear() == ["!done"]


@pytest.mark.parametrize("prefix", ["16", "8016", "c00016", "e0000016", "f000000016"])
def test_every_form_of_length_is_taken(router: RunningRouter, prefix: str) -> None:
    with Wire(router.port).log_in() as wire:
        wire.socket.sendall(bytes.fromhex(prefix) + b"/system/identity/print" + b"\0")
        assert wire.hear() == ["!re", "=name=MikroTik"]


@pytest.mark.parametrize("length", [0x80, 0x4000, 0x200000])
def test_long_values_come_back_whole(router: RunningRouter, length: int) -> None:
    comment = "ũ" * (length // 2)
    with Wire(router.port).log_in() as wire:
        wire.say("/ip/pool/add", f"=name=long{length}", "=ranges=10.9.0.1", f"=comment={comment}")
        assert wire.hear()[0] == "!done"
        wire.say("/ip/pool/print", "=.proplist=comment", f"?name=long{length}")
        assert wire.hear() == ["!re", f"=comment={comment}"]


def test_many_commands_in_one_piece_are_answered_in_turn(router: RunningRouter) -> None:
    with Wire(router.port).log_in() as wire:
        one = [["/system/identity/print", f".tag={number}"] for number in range(50)]
        wire.socket.sendall(b"".join(map(encode, one)))
        for number in range(50):
            assert wire.hear() == ["!re", "=name=MikroTik", f".tag={number}"]
            assert wire.hear() == ["!done", f".tag={number}"]


def test_nothing_is_answered_before_the_login(router: RunningRouter) -> None:
    with Wire(router.port) as wire:
        wire.say("/ppp/secret/print", ".tag=7")
        assert wire.hear() == ["!fatal", "not logged in", ".tag=7"]
        assert wire.hear() == []


def test_a_wrong_password_is_a_trap_and_the_line_stays_open(router: RunningRouter) -> None:
    with Wire(router.port) as wire:
        wire.say("/login", "=name=waya", "=password=wrong")
        assert wire.hear() == ["!trap", "=message=invalid user name or password (6)"]
        assert wire.hear() == ["!done"]
        wire.log_in()
    logins = router.call(lambda r: list(r.machine.logins))
    assert {"user": "waya", "outcome": "refused"} in logins


def test_a_tag_is_echoed_only_if_given(router: RunningRouter) -> None:
    with Wire(router.port).log_in() as wire:
        wire.say("/ppp/secret/nonsense", ".tag=é 1")
        assert wire.hear() == [
            "!trap", "=category=0", "=message=no such command", ".tag=é 1"
        ]  # fmt: skip
        assert wire.hear() == ["!done", ".tag=é 1"]
        wire.say("/nonsense")
        assert wire.hear() == ["!trap", "=category=0", "=message=no such command prefix"]
        assert wire.hear() == ["!done"]


def test_quitting(router: RunningRouter) -> None:
    with Wire(router.port).log_in() as wire:
        wire.say("/quit")
        assert wire.hear() == ["!fatal", "session terminated on request"]
        assert wire.hear() == []


def test_a_control_byte_ends_the_conversation(router: RunningRouter) -> None:
    with Wire(router.port).log_in() as wire:
        wire.socket.sendall(b"\xf8rest")
        assert wire.hear() == []


def test_a_value_may_be_left_out_and_may_hold_equals_signs(router: RunningRouter) -> None:
    with Wire(router.port).log_in() as wire:
        wire.say("/ppp/secret/add", "=name=brian", "=password=a=b==", "=comment")
        assert wire.hear()[0] == "!done"
        wire.say("/ppp/secret/print", "=.proplist=password,comment", "?=name=brian")
        assert wire.hear() == ["!re", "=password=a=b=="]


@pytest.mark.parametrize(
    ("version", "expected"),
    [("7.16.2", [["!done"]]), ("7.18.1", [["!empty"], ["!done"]])],
)
def test_nothing_found_is_said_since_7_18(version: str, expected: list[list[str]]) -> None:
    with running_router(Settings(version=version)) as router, Wire(router.port).log_in() as wire:
        wire.say("/ppp/secret/print")
        assert [wire.hear() for _ in expected] == expected


def test_a_listener_hears_changes_until_it_cancels(router: RunningRouter) -> None:
    with Wire(router.port).log_in() as wire:
        wire.say("/ip/pool/listen", ".tag=ears")
        wire.say("/ip/pool/add", "=name=heard", "=ranges=10.8.0.1", ".tag=hand")
        row = wire.hear()
        assert row[0] == "!re"
        assert "=name=heard" in row
        assert row[-1] == ".tag=ears"
        id = wire.hear()[1].removeprefix("=ret=")
        wire.say("/ip/pool/remove", f"=.id={id}", ".tag=hand")
        assert wire.hear() == ["!re", f"=.id={id}", "=.dead=true", ".tag=ears"]
        assert wire.hear() == ["!done", ".tag=hand"]
        wire.say("/cancel", "=tag=ears", ".tag=stop")
        assert wire.hear() == ["!trap", "=category=2", "=message=interrupted", ".tag=ears"]
        assert wire.hear() == ["!done", ".tag=ears"]
        assert wire.hear() == ["!done", ".tag=stop"]


def test_dates_are_written_as_their_version_does() -> None:
    for version, expected in (("7.16.2", r"\d{4}-\d\d-\d\d"), ("6.48.6", r"[a-z]{3}/\d\d/\d{4}")):
        with running_router(Settings(version=version)) as router:
            clock = router.call(lambda r: r.by_hand("/system/clock/print"))[0]
            assert re.fullmatch(expected, clock["date"])
