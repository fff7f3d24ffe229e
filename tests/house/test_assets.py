"""What a browser downloads fits the budgets of `docs/design.md`, and is all our own."""

from __future__ import annotations

import gzip
import json
import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / "src" / "waya" / "static" / "built"
TEMPLATES = ROOT / "src" / "waya" / "templates"
KB = 1024

BUDGETS = {
    "console.css": 40,
    "console.js": 40,
    "charts.js": 200,
    "portal.css": 12,
    "portal.js": 18,
    "icons.svg": 6,
}


@pytest.fixture(scope="module", autouse=True)
def _built() -> None:
    runpy.run_path(str(ROOT / "tools" / "build_assets.py"))["main"]()


@pytest.mark.parametrize(("name", "limit_kb"), BUDGETS.items())
def test_what_is_downloaded_is_within_its_budget(name: str, limit_kb: int) -> None:
    size = len(gzip.compress((BUILT / name).read_bytes(), 9))
    assert 200 < size <= limit_kb * KB, f"{name} is {size} bytes compressed"


def test_a_phone_page_s_own_weight_is_twenty_kilobytes_at_most() -> None:
    parts = ["portal.css", "icons.svg"]
    first_load = sum(len(gzip.compress((BUILT / name).read_bytes(), 9)) for name in parts)
    page = len(gzip.compress((TEMPLATES / "portal" / "home.html").read_bytes(), 9))
    assert first_load + page <= 20 * KB


def test_every_icon_that_a_page_names_is_in_the_sprite() -> None:
    sprite = set(re.findall(r'<symbol id="([^"]+)"', (BUILT / "icons.svg").read_text()))
    for path in TEMPLATES.rglob("*.html"):
        for name in re.findall(r'{% icon "([^"]+)"', path.read_text()):
            assert name in sprite, f"{path.name} wants the icon {name}"


def test_templates_carry_no_inline_style_script_or_foreign_address() -> None:
    for path in TEMPLATES.rglob("*.html"):
        text = path.read_text()
        assert not re.search(r"\sstyle=|\son[a-z]+=\"|hx-on|<style", text), path.name
        for script in re.findall(r"<script([^>]*)>", text):
            assert "src=" in script or "application/json" in script, path.name
        loaded = re.findall(r"(?:src|srcset)=\"(https?:)?//|<link[^>]+href=\"(?:https?:)?//", text)
        assert not loaded, path.name


def test_nothing_a_stylesheet_or_script_loads_is_elsewhere() -> None:
    for name in ("console.css", "portal.css"):
        assert not re.search(r"url\([\"']?(https?:)?//|@import", (BUILT / name).read_text())


def test_the_lock_names_no_registry() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert packages
    for name, package in packages.items():
        assert "resolved" not in package, name
        assert not name or "integrity" in package, name
