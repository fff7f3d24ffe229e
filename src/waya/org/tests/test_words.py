"""Every refusal that the source raises has words, and the words can be filled."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import waya
from waya.kernel.errors import Refused
from waya.org.words import REFUSALS, words

SOURCE = Path(waya.__file__).parent


def raised() -> Iterator[tuple[str, str, set[str]]]:
    """Where, which code and which details, for each refusal that is made in the source."""
    for path in SOURCE.rglob("*.py"):
        if "tests" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or getattr(node.func, "id", "") != "Refused":
                continue
            if node.args and isinstance(node.args[0], ast.Constant):
                details = {keyword.arg or "" for keyword in node.keywords}
                yield str(path), str(node.args[0].value), details


def test_every_code_has_words_that_its_details_fill() -> None:
    found = list(raised())
    assert len(found) > 10
    for path, code, details in found:
        assert code in REFUSALS, f"{path} refuses {code!r}, which has no words"
        REFUSALS[code] % dict.fromkeys(details, "x")


def test_details_are_shown_as_people_write_them() -> None:
    assert words(Refused("plan_withdrawn", plan="Home 10 Mbps")) == (
        "Home 10 Mbps is no longer sold. Choose another plan."
    )


def test_an_unknown_code_is_still_said() -> None:
    assert words(Refused("moon_missing")) == "This was refused (moon_missing). Nothing changed."
