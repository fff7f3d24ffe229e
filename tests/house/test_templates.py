"""Every template can be read by Django, and says what it wants to be given."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.template.loader import get_template

TEMPLATES = Path(__file__).resolve().parents[2] / "src" / "waya" / "templates"
PAGES = sorted(path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.html"))
FRAMES = {"console/base.html", "console/part.html", "console/outside.html", "portal/base.html"}
SCREENS = [
    name
    for name in PAGES
    if "{% block main %}" in (TEMPLATES / name).read_text() and name not in FRAMES
]


@pytest.mark.parametrize("name", PAGES)
def test_a_template_compiles(name: str) -> None:
    get_template(name)


@pytest.mark.parametrize("name", [name for name in PAGES if name.startswith("pieces/")])
def test_a_piece_says_what_it_is_given(name: str) -> None:
    assert (TEMPLATES / name).read_text().lstrip().startswith("{% comment %}")


@pytest.mark.parametrize("name", PAGES)
def test_a_form_that_changes_something_carries_its_token(name: str) -> None:
    text = (TEMPLATES / name).read_text()
    for form in re.findall(r"<form[^>]*method=\"post\".*?</form>", text, flags=re.DOTALL):
        assert "csrf_token" in form, name


@pytest.mark.parametrize("name", SCREENS)
def test_a_screen_has_a_main_heading(name: str) -> None:
    text = (TEMPLATES / name).read_text()
    for piece in re.findall(r'include "([^"]+)"', text):
        text += (TEMPLATES / piece).read_text()
    assert "<h1" in text, f"{name} has no h1"
