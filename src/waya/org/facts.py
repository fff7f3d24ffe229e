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


@dataclass(frozen=True, slots=True)
class Soon:
    """A task that nobody waits for: it is queued once for all that happens within a second."""

    task: str


Reactions = Mapping[type[Fact], tuple[str | Soon, ...]]
Daily = tuple[str, ...]


def tell(*facts: Fact) -> None:
    """Queue every reaction to these facts, in the transaction that made them true."""
    listeners: Reactions = page().REACTIONS
    for fact in facts:
        arguments = asdict(fact)
        key = ":".join(str(value) for value in arguments.values())
        for listener in listeners.get(type(fact), ()):
            if isinstance(listener, Soon):
                jobs.nudge_many(listener.task, {key: arguments}, after=jobs.SOON)
            else:
                jobs.nudge(listener, key=key, **arguments)


@cache
def page() -> ModuleType:
    """The page of reactions, named by a setting because it lies above us."""
    return import_module(settings.REACTIONS)
