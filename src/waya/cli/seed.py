"""The rows without which nothing works: each context's own command plants them."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from waya.org.actors import SYSTEM, Actor

# Commands, lower contexts first; each is safe to repeat and leaves alone what people changed.
SEEDS = ("waya.org.commands.people.seed_roles", "waya.catalog.commands.seed_taxes")


def plant() -> None:
    """Run every seed as Waya itself."""
    for path in SEEDS:
        module, _, name = path.rpartition(".")
        command: Callable[..., object] = getattr(import_module(module), name)
        by: Actor = SYSTEM
        command(by=by)
