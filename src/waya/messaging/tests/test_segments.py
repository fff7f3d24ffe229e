"""What a text costs in parts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waya.messaging.rules.segments import Alphabet, sanitised, segments


@pytest.mark.parametrize(
    ("text", "alphabet", "units", "parts"),
    [
        ("", Alphabet.GSM7, 0, 1),
        ("a" * 160, Alphabet.GSM7, 160, 1),
        ("a" * 161, Alphabet.GSM7, 161, 2),
        ("a" * 306, Alphabet.GSM7, 306, 2),
        ("a" * 307, Alphabet.GSM7, 307, 3),
        ("€" * 80, Alphabet.GSM7, 160, 1),
        ("€" * 81, Alphabet.GSM7, 162, 2),
        ("’" + "a" * 69, Alphabet.UCS2, 70, 1),
        ("’" + "a" * 70, Alphabet.UCS2, 71, 2),
        ("😀" * 35, Alphabet.UCS2, 70, 1),
        ("😀" * 36, Alphabet.UCS2, 72, 2),
        # An extended character may not straddle two parts: dividing would say 2.
        ("a" * 152 + "€" + "a" * 152, Alphabet.GSM7, 306, 3),
        ("Ç", Alphabet.GSM7, 1, 1),
        ("ç", Alphabet.UCS2, 1, 1),
    ],
)
def test_parts(text: str, alphabet: Alphabet, units: int, parts: int) -> None:
    counted = segments(text)
    assert (counted.alphabet, counted.units, counted.parts) == (alphabet, units, parts)


@pytest.mark.parametrize("trap", ["’", "“", "”", "–", "…", "\u00a0", "`"])
def test_the_traps_of_word_processors_are_made_plain(trap: str) -> None:
    text = f"Asante{trap} tumepokea KES 2,500"
    assert segments(text).alphabet is Alphabet.UCS2
    assert segments(sanitised(text)).alphabet is Alphabet.GSM7


def test_a_name_keeps_its_letters() -> None:
    assert sanitised("Françoise Wanjikũ") == "Françoise Wanjikũ"


texts = st.text("ab €{’…–ç😀", max_size=400)


@given(text=texts)
def test_sanitising_twice_changes_nothing_more(text: str) -> None:
    once = sanitised(text)
    assert sanitised(once) == once


@given(text=texts)
def test_parts_hold_all_units(text: str) -> None:
    counted = segments(text)
    alone, joined = (160, 153) if counted.alphabet is Alphabet.GSM7 else (70, 67)
    if counted.units <= alone:
        assert counted.parts == 1
    else:
        assert counted.units <= counted.parts * joined
        assert counted.parts <= -(-counted.units // (joined - 1))


@given(text=texts, more=st.text("ab", max_size=40))
def test_more_letters_never_cost_less(text: str, more: str) -> None:
    assert segments(text + more).parts >= segments(text).parts
