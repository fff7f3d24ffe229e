"""The API client against a router that says exactly what the test has it say."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable

import pytest

from waya.network.drivers.errors import (
    AuthError,
    BadArgument,
    BadReference,
    Duplicate,
    NotFound,
    Permission,
    RouterError,
    Transient,
    Unreachable,
    Unsupported,
    error_from,
)
from waya.network.drivers.routeros_api import Api, any_name
from waya.network.drivers.routeros_words import Decoder, encode

Answer = Callable[[dict[str, str]], list[list[str]]]


class Script:
    """A router that answers each command by its own words, or not at all."""

    def __init__(self, **answers: Answer) -> None:
        self.answers = {name.replace("_", "/"): answer for name, answer in answers.items()}
        self.heard: list[list[str]] = []
        self.writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        decoder = Decoder()
        while chunk := await reader.read(65536):
            for sentence in decoder.feed(chunk):
                self._answer([word.decode() for word in sentence], writer)

    def _answer(self, words: list[str], writer: asyncio.StreamWriter) -> None:
        self.heard.append(words)
        given = dict(word.removeprefix("=").partition("=")[::2] for word in words[1:])
        answer = self.answers.get(words[0], _no_answer if words[0] == "/cancel" else _done)
        for reply in answer(given):
            writer.write(encode([*reply, f".tag={given['.tag']}"]))


def _done(given: dict[str, str]) -> list[list[str]]:
    return [["!done"]]


def _no_answer(given: dict[str, str]) -> list[list[str]]:
    return []


def talk(script: Script, test: Callable[[Api], Awaitable[None]], seconds: float = 5.0) -> None:
    async def run() -> None:
        server = await asyncio.start_server(script.serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        api = await Api.connect(
            "127.0.0.1", port, user="waya", password="s3cret-word", timeout_seconds=seconds
        )
        async with api:
            await test(api)
        server.close()
        for writer in script.writers:
            writer.close()

    asyncio.run(run())


def test_answers_find_their_commands_whatever_their_order() -> None:
    """The first is answered last."""
    kept: list[str] = []

    def first(given: dict[str, str]) -> list[list[str]]:
        kept.append(given[".tag"])
        return []

    script = Script(_first=first)

    def second(given: dict[str, str]) -> list[list[str]]:
        late = encode(["!re", "=n=1", f".tag={kept[0]}"]) + encode(["!done", f".tag={kept[0]}"])
        asyncio.get_running_loop().call_soon(script.writers[0].write, late)
        return [["!re", "=n=2"], ["!done"]]

    script.answers["/second"] = second

    async def test(api: Api) -> None:
        one, two = await asyncio.gather(api.talk("/first"), api.talk("/second"))
        assert (one.rows, two.rows) == ([{"n": "1"}], [{"n": "2"}])

    talk(script, test)


def test_values_stay_text() -> None:
    row = ["!re", "=name=254712345678", "=on=no", "=password=a=b==", "=note", "=who=Wanjikũ"]
    script = Script(_x_print=lambda given: [row, ["!done"]])

    async def test(api: Api) -> None:
        assert await api.rows("/x", "name,on") == [
            {"name": "254712345678", "on": "no", "password": "a=b==", "note": "", "who": "Wanjikũ"}
        ]
        assert script.heard[-1][:2] == ["/x/print", "=.proplist=name,on"]

    talk(script, test)


def test_an_empty_answer_and_a_returned_id() -> None:
    script = Script(
        _x_print=lambda given: [["!empty"], ["!done"]],
        _x_add=lambda given: [["!done", "=ret=*1A"]],
    )

    async def test(api: Api) -> None:
        assert await api.rows("/x", ".id") == []
        assert (await api.talk("/x/add")).done == {"ret": "*1A"}

    talk(script, test)


def test_the_first_of_several_traps_says_why() -> None:
    traps = [["!trap", "=category=1", "=message=invalid value for argument profile"]]
    traps += [["!trap", "=message=failure: something"], ["!done"]]

    async def test(api: Api) -> None:
        with pytest.raises(BadArgument, match="/x/add: invalid value"):
            await api.talk("/x/add", {"password": "s3cret-word"})
        assert (await api.talk("/y")).rows == []  # the conversation goes on

    talk(Script(_x_add=lambda given: traps), test)


def test_a_removal_of_what_is_gone_is_success() -> None:
    gone = [["!trap", "=message=no such item (4)"], ["!done"]]

    async def test(api: Api) -> None:
        await api.remove("/x", id="*1")

    talk(Script(_x_remove=lambda given: gone), test)


def test_a_command_without_an_answer_is_cancelled_and_the_others_go_on() -> None:
    script = Script(_slow=_no_answer)

    async def test(api: Api) -> None:
        with pytest.raises(Transient, match="/slow: no answer in time") as told:
            await api.talk("/slow")
        assert not isinstance(told.value, Unreachable)
        tag = next(words[-1] for words in script.heard if words[0] == "/slow")
        await api.talk("/x")
        assert f"=tag={tag.removeprefix('.tag=')}" in script.heard[-2]

    talk(script, test, seconds=0.5)


def test_a_broken_connection_fails_every_command_in_flight() -> None:
    def break_off(given: dict[str, str]) -> list[list[str]]:
        script.writers[0].transport.abort()
        return []

    script = Script(_a=_no_answer, _b=break_off)

    async def test(api: Api) -> None:
        outcomes = await asyncio.gather(api.talk("/a"), api.talk("/b"), return_exceptions=True)
        assert [str(outcome)[:2] for outcome in outcomes] == ["/a", "/b"]
        assert [type(outcome) for outcome in outcomes] == [Unreachable, Unreachable]
        with pytest.raises(Unreachable):
            await api.talk("/c")

    talk(script, test)


def test_a_fatal_word_ends_the_conversation() -> None:
    async def test(api: Api) -> None:
        with pytest.raises(Unreachable, match="session terminated on request"):
            await api.talk("/quit")

    talk(Script(_quit=lambda given: [["!fatal", "session terminated on request"]]), test)


def test_firmware_before_6_43_gets_the_digest_of_its_challenge() -> None:
    challenge = "0123456789abcdef0123456789abcdef"

    def log_in(given: dict[str, str]) -> list[list[str]]:
        if "response" not in given:
            return [["!done", f"=ret={challenge}"]]
        expected = hashlib.md5(b"\0s3cret-word" + bytes.fromhex(challenge)).hexdigest()
        assert given["response"] == "00" + expected
        return [["!done"]]

    async def test(api: Api) -> None:
        await api.talk("/x")

    script = Script(_login=log_in)
    talk(script, test)
    assert [words[0] for words in script.heard] == ["/login", "/login", "/x"]


def test_a_refused_login_tells_no_password() -> None:
    refused = [["!trap", "=message=invalid user name or password (6)"], ["!done"]]

    async def test(api: Api) -> None:
        raise AssertionError("let in")

    with pytest.raises(AuthError) as told:
        talk(Script(_login=lambda given: refused), test)
    assert "s3cret-word" not in repr(told.value) + str(told.value)


def test_nobody_there_is_unreachable() -> None:
    async def run() -> None:
        server = await asyncio.start_server(lambda r, w: None, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()
        with pytest.raises(Unreachable):
            await Api.connect("127.0.0.1", port, user="waya", password="x")

    asyncio.run(run())


def test_many_names_are_asked_in_one_sentence() -> None:
    assert any_name([]) == []
    assert any_name(["a"]) == ["?=name=a"]
    assert any_name(["a", "b", "c"]) == ["?=name=a", "?=name=b", "?=name=c", "?#||"]


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("invalid user name or password (6)", AuthError),
        ("cannot log in", AuthError),
        ("failure: secret with the same name already exists", Duplicate),
        ("failure: already have user with this name for this server", Duplicate),
        ("failure: pool with such name exists", Duplicate),
        ("no such item (4)", NotFound),
        ("input does not match any value of profile", BadReference),
        ("unknown parameter foo", BadArgument),
        ("no such command prefix", Unsupported),
        ("not enough permissions (9)", Permission),
        ("failure: not allowed by device-mode", Permission),
        ("std failure: timeout (13)", Transient),
        ("interrupted", Transient),
        ("failure: something new", RouterError),
    ],
)
def test_a_routers_words_are_told_apart(message: str, kind: type[RouterError]) -> None:
    assert type(error_from(message)) is kind
