"""RouterOS API words on the wire: a length, then bytes; an empty word ends a sentence.

Source: MikroTik's API manual, "Protocol". Lengths count bytes.
"""

from __future__ import annotations

from collections.abc import Iterable

Sentence = list[bytes]

LONGEST_WORD = 16 * 1024 * 1024
"""Nothing we read is longer; a longer claim means the stream is not what we think it is."""


class Garbled(Exception):
    """The stream is not RouterOS's; the only cure is a new connection."""


def length_prefix(length: int) -> bytes:
    """The one to five bytes that say how long a word is."""
    if length < 0x80:
        return bytes((length,))
    if length < 0x4000:
        return (length | 0x8000).to_bytes(2, "big")
    if length < 0x200000:
        return (length | 0xC00000).to_bytes(3, "big")
    if length < 0x10000000:
        return (length | 0xE0000000).to_bytes(4, "big")
    return b"\xf0" + length.to_bytes(4, "big")


def encode(words: Iterable[str]) -> bytes:
    """One sentence in UTF-8, ready to send."""
    parts: list[bytes] = []
    for word in words:
        content = word.encode()
        parts += (length_prefix(len(content)), content)
    parts.append(b"\0")
    return b"".join(parts)


class Decoder:
    """Takes bytes as they arrive and gives whole sentences, however they were cut."""

    def __init__(self, longest_word: int = LONGEST_WORD) -> None:
        self.longest_word = longest_word
        self._waiting = b""
        self._needed = 0
        self._words: Sentence = []

    def feed(self, chunk: bytes) -> list[Sentence]:
        """Sentences that are complete with this chunk; empty ones are left out.

        Raises `Garbled` on a reserved control byte or a word beyond the limit.
        """
        stream = self._waiting + chunk if self._waiting else chunk
        if len(stream) < self._needed:  # a long word: do not look at its start again
            self._waiting = stream
            return []
        sentences: list[Sentence] = []
        at, end = 0, len(stream)
        self._needed = 0
        while at < end:
            length, start = stream[at], at + 1
            if length >= 0x80:
                length, start = self._long_length(stream, at)
            if start < 0 or start + length > end:
                self._needed = start + length - at
                break
            at = start + length
            if length:
                self._words.append(stream[start:at])
            elif self._words:
                sentences.append(self._words)
                self._words = []
        self._waiting = stream[at:]
        return sentences

    def _long_length(self, stream: bytes, at: int) -> tuple[int, int]:
        """The length and where its word starts; a start below zero if bytes are missing."""
        first = stream[at]
        if first > 0xF0:
            raise Garbled("reserved control byte")
        extra, mask = _FORMS[first >> 4]
        start = at + 1 + extra
        if start > len(stream):
            return 0, -1
        length = int.from_bytes(stream[at:start], "big") & mask
        if length > self.longest_word:
            raise Garbled(f"a word of {length} bytes")
        return length, start


_FORMS = {
    **dict.fromkeys(range(0x8, 0xC), (1, 0x3FFF)),
    **dict.fromkeys(range(0xC, 0xE), (2, 0x1FFFFF)),
    0xE: (3, 0x0FFFFFFF),
    0xF: (4, 0xFFFFFFFF),
}
"""By a length's first half-byte: how many bytes follow, and which bits count."""
