"""The Swahili catalogue: what is compiled is what was written, and no placeholder is lost."""

from __future__ import annotations

import ast
import gettext
import re
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "src" / "waya" / "locale" / "sw" / "LC_MESSAGES"


def written() -> dict[str, str]:
    """Each English text with its Swahili, as the readable catalogue has them."""
    pairs = re.findall(
        r'^msgid (".*")\n(?:msgid_plural .*\n)?msgstr(?:\[0\])? (".*")$',
        (FOLDER / "django.po").read_text(),
        flags=re.MULTILINE,
    )
    read = {ast.literal_eval(english): ast.literal_eval(swahili) for english, swahili in pairs}
    return {english: swahili for english, swahili in read.items() if english and swahili}


def test_the_compiled_catalogue_is_the_written_one() -> None:
    with (FOLDER / "django.mo").open("rb") as compiled:
        known = gettext.GNUTranslations(compiled)
    texts = written()
    assert len(texts) > 150
    for english, swahili in texts.items():
        assert swahili in (known.gettext(english), known.ngettext(english, "", 1)), english


def test_no_translation_loses_or_invents_a_placeholder() -> None:
    for english, swahili in written().items():
        wanted = sorted(re.findall(r"%\(\w+\)[sd]|<[^>]+>", english))
        assert sorted(re.findall(r"%\(\w+\)[sd]|<[^>]+>", swahili)) == wanted, english
