"""The router's end of the binary API: sentences in, sentences out, and faults on demand.

Source: MikroTik's API manual. Replies carry a tag only if the command did, for one client in
use breaks on a tag it did not send and another on the lack of one it did.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial

from waya.lab.router.commands import Answer, Trap, execute
from waya.lab.router.machine import Heard, Machine
from waya.lab.router.tables import Listener, Row, Table
from waya.network.drivers.routeros_words import Decoder, Garbled, Sentence, length_prefix

LONGEST_BEFORE_LOGIN = 4096
EMPTY_SINCE = (7, 18)


class Conversation(asyncio.Protocol):
    """One client's connection."""

    def __init__(self, machine: Machine, open_ones: set[Conversation]) -> None:
        self.machine = machine
        self.open_ones = open_ones
        self.user = ""
        self._decoder = Decoder(LONGEST_BEFORE_LOGIN)
        self._transport: asyncio.Transport | None = None
        self._challenge = b""
        self._arrived: deque[tuple[float, Sentence]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._listening: dict[str, Callable[[], None]] = {}
        self._outbox: list[bytes] = []

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.open_ones.add(self)
        if self.machine.faults.refuse:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self.open_ones.discard(self)
        self._transport = None
        for stop in self._listening.values():
            stop()
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, chunk: bytes) -> None:
        try:
            sentences = self._decoder.feed(chunk)
        except Garbled:
            self.hang_up()
            return
        due = self.machine.loop.time() + self.machine.faults.latency_ms / 1000
        self._arrived.extend((due, sentence) for sentence in sentences)
        if self._timer is None:
            self._work()

    def hang_up(self) -> None:
        """Break the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    # Sentences in.

    def _work(self) -> None:
        """Take what is due by now, in order; what latency holds back waits for its time."""
        self._timer = None
        loop = self.machine.loop
        now = loop.time()
        while self._arrived and self._transport is not None:
            due, sentence = self._arrived[0]
            if due > now:
                self._timer = loop.call_at(due, self._work)
                break
            self._arrived.popleft()
            if not self.machine.faults.freeze:
                self._take(sentence)
        self._flush()

    def _take(self, sentence: Sentence) -> None:
        command, *words = (word.decode("utf-8", "surrogateescape") for word in sentence)
        given: dict[str, str] = {}
        queries: list[str] = []
        for word in words:
            if word.startswith("?"):
                queries.append(word[1:])
            else:  # `=key=value`, `=key` alone, or `.tag=value`
                key, _, value = word.removeprefix("=").partition("=")
                given[key] = value
        tag = given.pop(".tag", None)
        self._note(command, given, queries)
        if command == "/login":
            self._log_in(given, tag)
        elif not self.user:
            self._fatal("not logged in", tag)
        elif command == "/quit":
            self._fatal("session terminated on request", tag)
        elif command == "/cancel":
            self._cancel(given.get("tag"), tag)
        else:
            self._answer(command, given, queries, tag)

    def _note(self, command: str, given: Mapping[str, str], queries: list[str]) -> None:
        shown = {key: value for key, value in given.items() if key not in ("password", "response")}
        self.machine.heard.append(Heard(command, shown, tuple(queries)))
        self.machine.commands_heard += 1

    def _log_in(self, given: Mapping[str, str], tag: str | None) -> None:
        settings = self.machine.settings
        legacy = settings.legacy_login and "response" not in given
        if "name" not in given or legacy:
            self._challenge = os.urandom(16)
            self._reply([["!done", f"=ret={self._challenge.hex()}"]], tag)
            return
        right = given["name"] == settings.user and self._is_right(given)
        if self.machine.faults.wrong_passwords > 0:
            self.machine.faults.wrong_passwords -= 1
            right = False
        outcome = "let in" if right else "refused"
        self.machine.logins.append({"user": given["name"], "outcome": outcome})
        if right:
            self.user = given["name"]
            self._decoder.longest_word = 16 * 1024 * 1024
            self._reply([["!done"]], tag)
        else:
            self.machine.log("system,error,critical",
                             f"login failure for user {given['name']} via api")  # fmt: skip
            words = "cannot log in" if legacy else "invalid user name or password (6)"
            self._reply([["!trap", f"=message={words}"], ["!done"]], tag)

    def _is_right(self, given: Mapping[str, str]) -> bool:
        password = self.machine.settings.password.encode()
        if "response" in given:
            digest = hashlib.md5(b"\0" + password + self._challenge, usedforsecurity=False)
            return bool(self._challenge) and given["response"] == "00" + digest.hexdigest()
        return given.get("password", "").encode("utf-8", "surrogateescape") == password

    def _answer(
        self, command: str, given: Mapping[str, str], queries: list[str], tag: str | None
    ) -> None:
        try:
            answer = execute(self.machine, command, given, queries)
        except Trap as trap:
            words = ["!trap", f"=message={trap.message}"]
            if trap.category:
                words.insert(1, f"=category={trap.category}")
            self._reply([words, ["!done"]], tag)
            return
        path, _, verb = command.rpartition("/")
        if verb == "listen":
            self._listen(self.machine.tables[path], tag)
            return
        sentences = self._sentences(answer)
        slow = self.machine.faults.slow_print_ms
        if slow and verb in ("print", "getall"):
            self.machine.loop.call_later(slow / 1000, self._late, sentences, tag)
        else:
            self._reply(sentences, tag)

    def _sentences(self, answer: Answer) -> list[list[str]]:
        sentences = [["!re", *_attributes(row)] for row in answer.rows]
        if not answer.rows and not answer.done and self.machine.settings.release >= EMPTY_SINCE:
            sentences.append(["!empty"])
        return [*sentences, ["!done", *_attributes(answer.done)]]

    # Listening.

    def _listen(self, table: Table, tag: str | None) -> None:
        listener: Listener = partial(self._hear, tag)
        table.listeners.append(listener)
        self._listening[tag or ""] = partial(table.listeners.remove, listener)

    def _hear(self, tag: str | None, row: Row, dead: bool) -> None:
        shown = {".id": row[".id"], ".dead": "true"} if dead else row
        self._reply([["!re", *_attributes(shown)]], tag)
        self._flush()

    def _cancel(self, target: str | None, tag: str | None) -> None:
        for listened in list(self._listening) if target is None else [target]:
            stop = self._listening.pop(listened, None)
            if stop is not None:
                stop()
                interrupted = ["!trap", "=category=2", "=message=interrupted"]
                self._reply([interrupted, ["!done"]], listened or None)
        self._reply([["!done"]], tag)

    # Sentences out.

    def _late(self, sentences: list[list[str]], tag: str | None) -> None:
        self._reply(sentences, tag)
        self._flush()

    def _fatal(self, words: str, tag: str | None) -> None:
        self._reply([["!fatal", words]], tag)
        self._flush()
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def _reply(self, sentences: list[list[str]], tag: str | None) -> None:
        """One whole answer; a fault may cut it in the middle of a word."""
        content = _encoded(sentences, tag)
        faults = self.machine.faults
        if faults.drops and self.user:
            if faults.replies_until_drop:
                faults.replies_until_drop -= 1
            else:
                faults.drops -= 1
                self._outbox.append(content[: len(content) // 2])
                self._flush()
                if self._transport is not None:
                    self._transport.close()
                    self._transport = None
                return
        self._outbox.append(content)

    def _flush(self) -> None:
        if self._outbox and self._transport is not None:
            self._transport.write(b"".join(self._outbox))
        self._outbox.clear()


def _attributes(row: Mapping[str, str]) -> list[str]:
    return [f"={key}={value}" for key, value in row.items()]


def _encoded(sentences: list[list[str]], tag: str | None) -> bytes:
    parts: list[bytes] = []
    ending = b"\0"
    if tag is not None:
        echo = f".tag={tag}".encode("utf-8", "surrogateescape")
        ending = length_prefix(len(echo)) + echo + b"\0"
    for words in sentences:
        for word in words:
            content = word.encode("utf-8", "surrogateescape")
            parts += (length_prefix(len(content)), content)
        parts.append(ending)
    return b"".join(parts)
