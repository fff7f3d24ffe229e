"""The project's own files, as the house rules read them."""

from __future__ import annotations

import ast
import os
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]
NOT_OURS = {
    ".git", ".venv", "var", "node_modules", "built", "build", "dist", "__pycache__",
    ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".import_linter_cache",
}  # fmt: skip
SURFACES = {"console", "portal", "api"}


@dataclass(frozen=True)
class Source:
    """One Python file: its path from the root of the project, and its text."""

    path: PurePosixPath
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The file, parsed."""
        return ast.parse(self.text)

    @property
    def in_package(self) -> bool:
        """Whether it is part of what is installed."""
        return self.path.parts[:2] == ("src", "waya")

    @property
    def context(self) -> str:
        """The package below `waya` that it is in, such as `billing`; else nothing."""
        return self.path.parts[2] if self.in_package and len(self.path.parts) > 3 else ""

    @property
    def layer(self) -> str:
        """Its kind of code in a context: `models`, `commands`, `rules`, `tests`…"""
        return self.path.parts[3].removesuffix(".py") if self.context else ""

    @property
    def is_test(self) -> bool:
        """Whether it tests, or makes what tests need."""
        return "tests" in self.path.parts or self.path.name == "conftest.py"

    @property
    def is_migration(self) -> bool:
        """Migrations are written by Django, mostly."""
        return "migrations" in self.path.parts

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        """Every function and method."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node

    def calls(self, method: str) -> Iterator[ast.Call]:
        """Every call of something's method of this name."""
        for node in ast.walk(self.tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == method
            ):
                yield node


@cache
def sources() -> tuple[Source, ...]:
    """Every Python file of the project."""
    return tuple(
        Source(PurePosixPath(path.relative_to(ROOT).as_posix()), path.read_text())
        for path in files()
        if path.suffix == ".py"
    )


@cache
def files() -> tuple[Path, ...]:
    """Every file of the project, without what is built or fetched."""
    found: list[Path] = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(set(folders) - NOT_OURS)
        found += [Path(folder, name) for name in sorted(names)]
    return tuple(found)


@cache
def floors() -> dict[str, int]:
    """How high each context is, from the import contracts in pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    layers = project["tool"]["importlinter"]["contracts"][0]["layers"]
    return {
        name.strip(): height
        for height, row in enumerate(reversed(layers))
        for name in row.split("|")
    }
