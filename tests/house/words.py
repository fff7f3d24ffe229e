"""Rules about words: one for each thing, in code, on screens and in the manual."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.house.tree import SURFACES, Source

# The banned twin and the word of the house. `user` is Django's word for staff who sign in,
# `client` a program that calls another: both are right in org, drivers, surfaces and the lab.
TWINS = {
    "subscriber": "customer",
    "client": "customer",
    "user": "customer or person",
    "tariff": "plan",
    "package": "plan",
    "cutoff": "standing",
    "ticketing": "support",
}
STRICT_LAYERS = {"models", "commands", "queries", "rules", "facts"}
FREE_CONTEXTS = {"org", "kernel", "cli", "lab", ""} | SURFACES
ON_SCREENS = ("subscriber", "client", "user account", "tariff")

_TAGS = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}|<!--.*?-->|<[^>]*>", re.DOTALL)


def one_word_for_each_thing(source: Source) -> Iterator[str]:
    """A reader never wonders whether a subscriber is something else than a customer."""
    free = source.context in FREE_CONTEXTS or source.layer not in STRICT_LAYERS
    if free or source.is_test:
        return
    for node in ast.walk(source.tree):
        for name in _names(node):
            for part in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name):
                twin = part.lower().removesuffix("s")
                if twin in TWINS:
                    yield f"{name}: say {TWINS[twin]}"


def screens_use_our_words(text: str) -> Iterator[str]:
    """What people read uses the same words as the code."""
    seen = _TAGS.sub(" ", text).lower()
    for twin in ON_SCREENS:
        if re.search(rf"\b{twin}s?\b", seen):
            yield f"“{twin}” is shown to people"


def _names(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield node.name
        case ast.arg():
            yield node.arg
        case ast.Name(ctx=ast.Store()):
            yield node.id


RULES = (one_word_for_each_thing,)
