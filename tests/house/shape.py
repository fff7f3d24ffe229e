"""Rules about the shape of files: their size, their names, how they open, what they import."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.house.tree import Source

LONGEST_FILE = 500
LONGEST_TEST = 800
LONGEST_FUNCTION = 50
EMPTY_NAMES = {"utils", "helpers", "common", "base", "manager", "misc"}
VAGUE_NAMES = {"data", "info", "obj"}
VAGUE_VERBS = ("handle", "process", "do")
EMPTY_SUFFIXES = ("Manager", "Service", "Helper", "Util", "Utils")


def files_are_short(source: Source) -> Iterator[str]:
    """A file nearing the limit becomes a package split by noun."""
    lines = source.text.count("\n")
    limit = LONGEST_TEST if source.is_test else LONGEST_FILE
    if lines > limit and not source.is_migration:
        yield f"{lines} lines; at most {limit}"


def functions_are_short(source: Source) -> Iterator[str]:
    """A function is read at one glance."""
    for node in source.functions():
        lines = (node.end_lineno or node.lineno) - node.lineno + 1
        if lines > LONGEST_FUNCTION:
            yield f"{node.name} has {lines} lines; at most {LONGEST_FUNCTION}"


def files_have_a_subject(source: Source) -> Iterator[str]:
    """A file of leftovers grows for ever."""
    for part in source.path.parts:
        if part.removesuffix(".py") in EMPTY_NAMES:
            yield f"{part} says nothing about what is in it"


def names_say_something(source: Source) -> Iterator[str]:
    """`data` is everything, `handle` is anything, a Manager manages."""
    for node in ast.walk(source.tree):
        for name in _named_here(node):
            if name.strip("_") in VAGUE_NAMES:
                yield f"line {node.lineno}: {name} says nothing"  # type: ignore[attr-defined]
        # A Service alone is what a customer has.
        suffixed = isinstance(node, ast.ClassDef) and node.name.endswith(EMPTY_SUFFIXES)
        if isinstance(node, ast.ClassDef) and suffixed and node.name != "Service":
            yield f"class {node.name} ends in a word that says nothing"
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            verb, _, rest = node.name.lstrip("_").partition("_")
            # do_GET and its like are names that Python's own server calls.
            if verb in VAGUE_VERBS and not rest.isupper():
                yield f"function {node.name} begins with a word that says nothing"


def modules_open_with_a_sentence(source: Source) -> Iterator[str]:
    """The first thing a reader sees says what the file is for; a context says it in full."""
    if source.is_migration or not source.text.strip():
        if source.context and source.path.name == "__init__.py" and len(source.path.parts) == 4:
            yield "a context opens with a paragraph"
        return
    words = ast.get_docstring(source.tree) or ""
    first = words.split("\n\n")[0].strip()
    if not first or first[0].islower() or first[-1] not in ".:;!?":
        yield "no opening sentence"


def annotations_are_lazy(source: Source) -> Iterator[str]:
    """Types may name what is defined later, and cost nothing at run time."""
    body = [node for node in source.tree.body if not _is_docstring(node)]
    if body and not source.is_migration and "from __future__ import annotations" not in source.text:
        yield "from __future__ import annotations is missing"


def imports_stand_at_the_top(source: Source) -> Iterator[str]:
    """What a file needs is seen at once; Django's `ready` alone must import late."""
    for function in source.functions():
        if function.name == "ready" and source.path.name == "apps.py":
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.Import | ast.ImportFrom):
                yield f"line {node.lineno}: an import inside {function.name}"


def nothing_sleeps(source: Source) -> Iterator[str]:
    """Waiting is on a condition with a deadline, in tests too."""
    if any(ast.unparse(call.func) == "time.sleep" for call in source.calls("sleep")):
        yield "time.sleep"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ImportFrom) and (node.module, node.names[0].name) == (
            "time",
            "sleep",
        ):
            yield "from time import sleep"


def http_stays_in_the_surfaces(source: Source) -> Iterator[str]:
    """A context can be called by a screen, a job and a person at a shell alike."""
    outside = {"console", "portal", "api", "cli", "lab", ""}
    if source.context in outside or source.is_test or source.layer == "templatetags":
        return
    for node in ast.walk(source.tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        for name in names:
            if name.startswith(("django.http", "django.shortcuts", "django.views", "ninja")):
                yield f"{name} in a context"


def _named_here(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield node.name
        case ast.arg():
            yield node.arg
        case ast.Name(ctx=ast.Store()):
            yield node.id


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


RULES = (
    files_are_short,
    functions_are_short,
    files_have_a_subject,
    names_say_something,
    modules_open_with_a_sentence,
    annotations_are_lazy,
    imports_stand_at_the_top,
    nothing_sleeps,
    http_stays_in_the_surfaces,
)
