"""Every permission is listed in docs/reference/permissions.md, with who asks for it."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import PurePosixPath

from tests.house.tree import ROOT, Source, sources

from waya.org.commands.people import ROLES

PAGE = ROOT / "docs" / "reference" / "permissions.md"
_ASKS = {"must", "can", "staff", "needs", "visible_to"}
_PERMISSION = re.compile(r"[a-z_]+\.[a-z_]+")
_HEAD = """# Permissions

Written by `tests/house/test_permissions.py` from the code; do not edit.

A permission is declared by its use: `by.must("payments.take")`. A role is a row that holds some.

| permission | asked by | built-in roles that have it |
|---|---|---|
"""


def asked(read: Iterable[Source]) -> dict[str, list[str]]:
    """Each permission in the code, and the modules that ask for it."""
    found: dict[str, set[str]] = defaultdict(set)
    for source in read:
        if not source.in_package or source.is_test:
            continue
        module = ".".join(source.path.with_suffix("").parts[2:])
        for node in ast.walk(source.tree):
            permission = _permission(node)
            if permission:
                found[permission].add(module)
    return {name: sorted(modules) for name, modules in sorted(found.items())}


def _permission(node: ast.AST) -> str:
    if not isinstance(node, ast.Call) or not node.args:
        return ""
    name = ast.unparse(node.func).rpartition(".")[2]
    first = node.args[0]
    told = first.value if isinstance(first, ast.Constant) else None
    asks = name in _ASKS and isinstance(told, str) and _PERMISSION.fullmatch(told)
    return str(told) if asks else ""


def page(permissions: dict[str, list[str]]) -> str:
    """The reference page."""
    rows = []
    for name, modules in permissions.items():
        roles = [title for title, held in ROLES.values() if name in held or "*" in held]
        rows.append(f"| `{name}` | {', '.join(modules)} | {', '.join(roles)} |")
    return _HEAD + "\n".join(rows) + "\n"


def test_the_page_of_permissions_is_up_to_date() -> None:
    wanted = page(asked(sources()))
    written = PAGE.read_text() if PAGE.exists() else ""
    if written != wanted:
        PAGE.write_text(wanted)
    assert written == wanted, "it was not; it is now: look at it and commit it"


def test_a_permission_is_found_where_it_is_asked() -> None:
    path = PurePosixPath("src/waya/billing/commands.py")
    assert asked([Source(path, 'by.must("billing.bill")')]) == {
        "billing.bill": ["billing.commands"]
    }
