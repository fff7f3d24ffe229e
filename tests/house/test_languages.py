"""The Swahili catalogue: what is compiled is what was written, and no placeholder is lost."""

from __future__ import annotations

import ast
import gettext
import re
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "src" / "waya"
FOLDER = SOURCE / "locale" / "sw" / "LC_MESSAGES"
MARKED = ("_", "gettext", "gettext_noop", "gettext_lazy", "ngettext")


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


def said() -> dict[str, str]:
    """Each English text that is marked for translation, and where."""
    found: dict[str, str] = {}
    for path in SOURCE.rglob("*.py"):
        if "tests" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in MARKED and node.args:
                text = node.args[0]
                if isinstance(text, ast.Constant) and isinstance(text.value, str):
                    found[text.value] = path.name
    for path in (SOURCE / "templates").rglob("*.html"):
        page = path.read_text()
        found |= dict.fromkeys(re.findall(r'{% translate "([^"]*)"', page), path.name)
        for options, block in re.findall(
            r"{% blocktranslate([^%]*)%}(.*?){% endblocktranslate %}", page, flags=re.DOTALL
        ):
            words = re.sub(r"{{ (\w+) }}", r"%(\1)s", block.partition("{% plural %}")[0])
            if "trimmed" in options:
                words = " ".join(line.strip() for line in words.splitlines()).strip()
            found[words] = path.name
    return found


def test_every_text_has_its_swahili() -> None:
    texts, known = said(), written()
    assert len(texts) > 400
    assert {text: where for text, where in texts.items() if text not in known} == {}
