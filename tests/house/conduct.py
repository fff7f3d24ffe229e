"""Rules about what each kind of code may do: commands, models, queries, rules and drivers."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.house.tree import Source

WRITES = {
    "create", "bulk_create", "update", "bulk_update", "delete", "save",
    "get_or_create", "update_or_create",
}  # fmt: skip
MONEY = {"ledger", "billing", "payments", "catalog", "subscriptions", "orders"}
EXACT_LAYERS = {"rules", "models", "commands", "queries"}


def commands_name_their_actor(source: Source) -> Iterator[str]:
    """Who did it, and may they: asked by every command, keyword-only, at its start."""
    if source.layer != "commands" or source.is_test:
        return
    for node in source.tree.body:
        if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
            continue
        keywords = {argument.arg: argument.annotation for argument in node.args.kwonlyargs}
        if "by" not in keywords or ast.unparse(keywords["by"] or ast.Constant("")) != "Actor":
            yield f"{node.name} has no by: Actor"
        if node.args.args or node.args.posonlyargs or node.args.vararg:
            yield f"{node.name} takes positional arguments"
        if "by.must(" not in ast.unparse(node):
            yield f"{node.name} does not check permission with by.must"


def contexts_write_their_own_models(source: Source) -> Iterator[str]:
    """Another context's rows change through its commands alone; a screen has no rows at all."""
    if not source.context or source.is_test or source.is_migration:
        return
    foreign = _foreign_models(source)
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        root = _root(node.func)
        if node.func.attr in WRITES and root in foreign and ".objects" in ast.unparse(node.func):
            yield f"line {node.lineno}: {root}.{node.func.attr}: the model of {foreign[root]}"


def locks_say_how(source: Source) -> Iterator[str]:
    """`no_key` lets rows that refer to this one be added meanwhile; `of` locks no joined table."""
    for call in source.calls("select_for_update"):
        given = {keyword.arg: keyword.value for keyword in call.keywords}
        if "of" not in given or ast.unparse(given.get("no_key", ast.Constant(None))) != "True":
            yield f"line {call.lineno}: select_for_update without no_key=True and of="


def models_have_no_verbs(source: Source) -> Iterator[str]:
    """What changes a row is a command, which has an actor and a test."""
    if source.layer != "models" or source.is_test:
        return
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.ClassDef):
            continue
        for item in node.body:
            if isinstance(item, ast.FunctionDef) and item.name in ("save", "delete"):
                yield f"{node.name}.{item.name} is overridden"


def rows_are_made_in_commands(source: Source) -> Iterator[str]:
    """A read that writes surprises."""
    if source.layer == "commands" or source.is_test or not source.in_package:
        return
    for name in ("get_or_create", "update_or_create"):
        for call in source.calls(name):
            yield f"line {call.lineno}: {name} outside commands"


def money_is_exact(source: Source) -> Iterator[str]:
    """Minor units are whole; ratios are fractions; a float has never been a price."""
    near_money = source.context in MONEY and source.layer in EXACT_LAYERS
    in_kernel = source.context == "kernel" and source.layer in ("money", "rates")
    if source.is_test or not (near_money or in_kernel):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield f"line {node.lineno}: the float {node.value}"
        if isinstance(node, ast.Name) and node.id == "float":
            yield f"line {node.lineno}: float"


def drivers_read_no_models(source: Source) -> Iterator[str]:
    """A driver translates; what it needs it is given."""
    if source.layer != "drivers" or source.is_test:
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").endswith(".models"):
            yield f"line {node.lineno}: {node.module}"


def tasks_only_call(source: Source) -> Iterator[str]:
    """A task fetches and calls; whatever decides is a command or a rule."""
    if source.layer != "tasks" or source.is_test:
        return
    for function in source.functions():
        if any(isinstance(node, ast.If | ast.IfExp | ast.Match) for node in ast.walk(function)):
            yield f"{function.name} decides something"


def _foreign_models(source: Source) -> dict[str, str]:
    return {
        alias.asname or alias.name: node.module.split(".")[1]
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
        if node.module.startswith("waya.")
        and ".models" in node.module
        and node.module.split(".")[1] != source.context
    }


def _root(node: ast.expr) -> str:
    """The name that a chain of calls and attributes begins with."""
    while isinstance(node, ast.Attribute | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


RULES = (
    commands_name_their_actor,
    contexts_write_their_own_models,
    locks_say_how,
    models_have_no_verbs,
    rows_are_made_in_commands,
    money_is_exact,
    drivers_read_no_models,
    tasks_only_call,
)
