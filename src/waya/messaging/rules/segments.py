"""How many parts a text costs (3GPP TS 23.038), and the characters that would double it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

GSM_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENDED: Final = frozenset("^{}\\[~]|€\f")  # two septets each

# What word processors write, and what a telephone shows just as well.
_PLAIN: Final = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛′´`", "'"),
        **dict.fromkeys("“”„‟″«»", '"'),
        **dict.fromkeys("‐‑‒–—―−", "-"),
        **dict.fromkeys("\u00a0\u2002\u2003\u2007\u2009\u200a\u202f\t", " "),
        **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad", ""),
        "…": "...",
        "•": "-",
        "·": "-",
        "×": "x",
    }
)


class Alphabet(StrEnum):
    """How a text travels: seven bits a character, or sixteen."""

    GSM7 = "gsm7"
    UCS2 = "ucs2"


@dataclass(frozen=True, slots=True)
class Segments:
    """`units` are septets (GSM-7) or UTF-16 code units; `parts` is what is paid for."""

    alphabet: Alphabet
    units: int
    parts: int


def segments(text: str) -> Segments:
    """Count the parts of a text as sent.

    A character of two units never straddles two parts, so parts are filled one by one:
    dividing would promise too few. Parts of a longer text give way to a header.
    """
    if all(letter in GSM_BASIC or letter in GSM_EXTENDED for letter in text):
        sizes = [2 if letter in GSM_EXTENDED else 1 for letter in text]
        return _fill(Alphabet.GSM7, sizes, alone=160, joined=153)
    sizes = [2 if ord(letter) > 0xFFFF else 1 for letter in text]
    return _fill(Alphabet.UCS2, sizes, alone=70, joined=67)


def sanitised(text: str) -> str:
    """The same text without the typographic characters that turn a whole SMS to sixteen bits.

    Letters of other languages stay as they are: a name is not spelled wrong to save a shilling.
    """
    return text.translate(_PLAIN)


def _fill(alphabet: Alphabet, sizes: list[int], *, alone: int, joined: int) -> Segments:
    units = sum(sizes)
    if units <= alone:
        return Segments(alphabet, units, 1)
    parts, used = 1, 0
    for size in sizes:
        if used + size > joined:
            parts, used = parts + 1, 0
        used += size
    return Segments(alphabet, units, parts)
