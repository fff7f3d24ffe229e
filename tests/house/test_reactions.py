"""The page of reactions names facts and tasks that exist, and knows nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module

from waya import reactions
from waya.org.facts import Fact, Soon
from waya.org.jobs import app


def unknown_tasks(names: Iterable[str]) -> list[str]:
    """Names that no worker would know."""
    return [name for name in names if name not in app.tasks]


def unknown_commands(paths: Iterable[str]) -> list[str]:
    """Daily work that cannot be called."""
    missing = []
    for path in paths:
        module, _, name = path.rpartition(".")
        try:
            found = callable(getattr(import_module(f"waya.{module}"), name, None))
        except ModuleNotFoundError:
            found = False
        if not found:
            missing.append(path)
    return missing


def test_reactions_name_tasks_that_exist() -> None:
    listeners = [
        one.task if isinstance(one, Soon) else one
        for heard in reactions.REACTIONS.values()
        for one in heard
    ]
    assert unknown_tasks([*listeners, *reactions.APPROVED.values()]) == []


def test_reactions_are_to_facts() -> None:
    assert [fact for fact in reactions.REACTIONS if not issubclass(fact, Fact)] == []


def test_daily_work_exists() -> None:
    assert unknown_commands(reactions.DAILY) == []


def test_what_does_not_exist_is_seen() -> None:
    assert unknown_tasks(["nobody.listens"]) == ["nobody.listens"]
    assert unknown_commands(["org.commands.nothing"]) == ["org.commands.nothing"]
    assert unknown_commands(["nowhere.at_all"]) == ["nowhere.at_all"]
