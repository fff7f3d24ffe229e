"""Account numbers that detect slips: six digits and a Damm check digit."""

from __future__ import annotations

# The Damm quasigroup of order 10 (H. M. Damm, 2004): finds every single wrong digit and
# every swap of neighbours.
_DAMM = (
    "0317598642", "7092154863", "4206871359", "1750983426", "6123045978",
    "3674209581", "5869720134", "8945362017", "9438617205", "2581436790",
)  # fmt: skip


def check_digit(digits: str) -> str:
    """The Damm digit to append to a string of digits."""
    interim = "0"
    for digit in digits:
        interim = _DAMM[int(interim)][int(digit)]
    return interim


def check_digit_ok(number: str) -> bool:
    """Whether a number of digits, its check digit last, is one that we could have issued."""
    return number.isascii() and number.isdigit() and check_digit(number) == "0"


def account_number(sequence: int) -> str:
    """The account number of a sequence from 100001 up: `100001` and its check digit."""
    digits = str(sequence)
    return digits + check_digit(digits)


def normal(typed: str) -> str:
    """What a person typed, with all but letters and digits dropped, in capitals."""
    return "".join(letter for letter in typed.upper() if letter.isalnum())


def in_threes(number: str) -> str:
    """An account number as it is shown: `100 001 4`."""
    return " ".join(number[at : at + 3] for at in range(0, len(number), 3))
