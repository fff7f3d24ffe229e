"""Words on the wire: every form of length, and sentences however they were cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waya.network.drivers.routeros_words import Decoder, Garbled, encode, length_prefix


@pytest.mark.parametrize(
    ("length", "prefix"),
    [
        (0, "00"),
        (0x7F, "7f"),
        (0x80, "8080"),
        (0x3FFF, "bfff"),
        (0x4000, "c04000"),
        (0x1FFFFF, "dfffff"),
        (0x200000, "e0200000"),
        (0xFFFFFFF, "efffffff"),
        (0x10000000, "f010000000"),
    ],
)
def test_a_length_takes_one_to_five_bytes(length: int, prefix: str) -> None:
    assert length_prefix(length).hex() == prefix


@pytest.mark.parametrize("prefix", ["05", "8005", "c00005", "e0000005", "f000000005"])
def test_every_form_of_length_is_read(prefix: str) -> None:
    stream = bytes.fromhex(prefix) + b"hello\0"
    for cut in range(len(stream)):
        decoder = Decoder()
        assert decoder.feed(stream[:cut]) + decoder.feed(stream[cut:]) == [[b"hello"]]


@pytest.mark.parametrize("length", [0x7F, 0x80, 0x3FFF, 0x4000, 0x1FFFFF, 0x200000])
def test_long_words_come_back_whole(length: int) -> None:
    word = "x" * length
    assert Decoder().feed(encode([word])) == [[word.encode()]]


def test_empty_sentences_are_left_out() -> None:
    assert Decoder().feed(b"\0\0" + encode(["/login"]) + b"\0") == [[b"/login"]]


@pytest.mark.parametrize("first", [0xF1, 0xF8, 0xFF])
def test_a_control_byte_is_not_a_length(first: int) -> None:
    with pytest.raises(Garbled):
        Decoder().feed(bytes([first]) + b"\0" * 8)


def test_a_claim_beyond_the_limit_is_not_waited_for() -> None:
    with pytest.raises(Garbled):
        Decoder(longest_word=1000).feed(length_prefix(1001))


words = st.lists(st.text(min_size=1, max_size=300), min_size=1, max_size=5)


@given(sentences=st.lists(words, max_size=6), cuts=st.lists(st.integers(1, 50), min_size=1))
def test_however_a_stream_is_cut_the_sentences_are_the_same(
    sentences: list[list[str]], cuts: list[int]
) -> None:
    stream = b"".join(encode(sentence) for sentence in sentences)
    decoder, read = Decoder(), []
    at = turn = 0
    while at < len(stream):
        step = cuts[turn % len(cuts)]
        read += decoder.feed(stream[at : at + step])
        at, turn = at + step, turn + 1
    assert [[word.decode() for word in sentence] for sentence in read] == sentences
