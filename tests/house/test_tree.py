"""Rules about the project as a whole: folders, scripts, what its files may mention."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import PurePosixPath

import pytest
from tests.house.tree import ROOT, files, floors, sources

from waya.kernel import clock

MOST_FILES = 15
MOST_SCRIPTS = 6

# Written in pieces, so that this file does not mention them.
_SCHEME = "https?" + "://"
MENTIONS = {
    "a host of a package registry": re.compile(
        _SCHEME + r"[\w.-]*(?:files\.pythonhosted|pypi\.org/simple|registry\.(?:npmjs|yarnpkg))"
    ),
    "an index of somebody's machine": re.compile(
        r"^\s*--?(?:extra-)?index-url|^\s*-i " + _SCHEME, re.M
    ),
    "a path of somebody's machine": re.compile(
        r"(?<![\w.~])/(?:" + "work|root" + r")/[\w.]|/home/\w"
    ),
}
TEXT = {".py", ".md", ".toml", ".json", ".lock", ".txt", ".sh", ".yml", ".html", ".js", ".scss", ""}
_DEADLINE = re.compile(r"not valid.*?--\s*until (\d{4}-\d{2}-\d{2})", re.I)


def crowded(paths: Iterator[PurePosixPath]) -> list[str]:
    """Folders with more Python files than a person keeps in mind."""
    counts = Counter(path.parent for path in paths if path.parent.name not in ("tests", "house"))
    return [f"{folder}: {n} files" for folder, n in counts.items() if n > MOST_FILES]


def mentions(text: str) -> list[str]:
    """What a public file has no business to say."""
    return [what for what, pattern in MENTIONS.items() if pattern.search(text)]


def overdue(migration: str, today: date) -> list[str]:
    """Constraints that are not validated yet, past their day or without one."""
    late = []
    for line in migration.splitlines():
        if re.search(r"\bnot valid\b", line, re.I):
            told = _DEADLINE.search(line)
            if told is None or date.fromisoformat(told[1]) < today:
                late.append(line.strip())
    return late


def test_no_folder_is_crowded() -> None:
    assert crowded(s.path for s in sources() if not s.is_migration) == []


def test_a_crowded_folder_is_seen() -> None:
    full = [PurePosixPath(f"src/waya/billing/f{n}.py") for n in range(16)]
    assert crowded(iter(full))
    assert not crowded(iter(full[:15]))


def test_few_scripts() -> None:
    assert len(list((ROOT / "bin").iterdir())) <= MOST_SCRIPTS


def test_no_file_mentions_a_registry_or_a_machine() -> None:
    found = []
    for path in files():
        if path.suffix in TEXT and path.stat().st_size < 5_000_000:
            text = path.read_text(errors="replace")
            found += [f"{path.relative_to(ROOT)}: {what}" for what in mentions(text)]
    assert found == []


@pytest.mark.parametrize(
    "text",
    [
        "see https://" + "registry.npmjs.org/htmx.org",
        "--index-" + "url https://example.org/simple",
        "cd /" + "work/main",
        "/" + "home/naomi/waya",
    ],
)
def test_a_mention_is_seen(text: str) -> None:
    assert mentions(text)


def test_constraints_are_validated_in_time() -> None:
    today = clock.real_now().date()
    assert [line for s in sources() if s.is_migration for line in overdue(s.text, today)] == []


@pytest.mark.parametrize("until", ["", " -- until 2027-01-01"])
def test_an_overdue_constraint_is_seen(until: str) -> None:
    line = f"alter table a add constraint b check (c > 0) not valid;{until}"
    assert overdue(line, date(2027, 6, 1)) == [line]
    assert overdue(line + " -- until 2027-12-01", date(2027, 6, 1)) == [] or until


def test_every_context_has_a_floor() -> None:
    ignored = {"cli", "static", "templates", "locale"}
    packages = {s.path.parts[2] for s in sources() if s.context} - ignored
    assert packages <= set(floors())


def test_every_dependency_says_what_it_saves() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    block = text[text.index("dependencies = [") : text.index("]\n\n[project.optional")]
    unexplained = [
        line.strip()
        for before, line in zip(block.splitlines(), block.splitlines()[1:], strict=False)
        if line.strip().startswith('"') and not before.strip().startswith("#")
    ]
    assert unexplained == []


def test_the_style_guide_names_tests_that_exist() -> None:
    guide = (ROOT / "HOUSE.md").read_text()
    here = "".join(s.text for s in sources() if s.path.parts[:2] == ("tests", "house"))
    cells = re.findall(r"\| ([^|]*) \|$", guide, re.M)
    named = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    missing = {name for name in named if not re.search(rf"\bdef {name}\b", here)}
    assert named
    assert missing == set()


def test_the_lock_has_hashes_and_every_dependency() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    names = {re.split(r"[\[<>=!~ ]", one)[0].lower() for one in wanted}
    locked = set(re.findall(r"^([a-z0-9._-]+)(?:\[[^]]*\])?==", lock, re.M))
    assert names - locked == set()
    assert lock.count("--hash=sha256:") > len(locked)
