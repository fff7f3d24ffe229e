"""The only way to speak upward: name what happened; the page of reactions says who listens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib import import_module
from types import ModuleType

from django.conf import settings

from waya.org import jobs


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened, in the past tense; ids only, listeners read the rest.

    Told at least once and in no order: every reaction must be safe to repeat.
    """


Reactions = Mapping[type[Fact], tuple[str, ...]]
Daily = tuple[str, ...]


def tell(*facts: Fact) -> None:
    """Queue every reaction to these facts, in the transaction that made them true."""
    listeners: Reactions = page().REACTIONS
    for fact in facts:
        arguments = asdict(fact)
        key = ":".join(str(value) for value in arguments.values())
        for task in listeners.get(type(fact), ()):
            jobs.nudge(task, key=key, **arguments)


@cache
def page() -> ModuleType:
    """The page of reactions, named by a setting because it lies above us."""
    return import_module(settings.REACTIONS)
