"""Tax numbers as a country writes them: what is malformed is refused before it is printed."""

from __future__ import annotations

import re
from typing import Final

from waya.kernel.errors import Refused

# KRA: A for a person, P for anybody else, nine digits and a letter (iTax registration). URA and
# TRA: ten and nine digits. SARS: a VAT number is ten digits and begins with 4 (VAT 404, 3.2).
_FORMS: Final = {
    "KE": (r"[AP][0-9]{9}[A-Z]", "P051234567A"),
    "UG": (r"[0-9]{10}", "1000123456"),
    "TZ": (r"[0-9]{9}", "123456789"),
    "ZA": (r"4[0-9]{9}", "4123456789"),
}
# Elsewhere: four to twenty-two letters and digits, as EU and UK numbers and most others are.
_ANY: Final = (r"[0-9A-Z]{4,22}", "DE123456789")


def read(typed: str, country: str) -> str:
    """A tax number without its spaces, dots and dashes, in capitals; empty for none.

    Refuses `tax_number_malformed`, and says how one looks.
    """
    number = re.sub(r"[\s.\-/]", "", typed).upper()
    form, example = _FORMS.get(country, _ANY)
    if number and not (re.fullmatch(form, number) and any(one.isdigit() for one in number)):
        raise Refused("tax_number_malformed", example=example)
    return number
