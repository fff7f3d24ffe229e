"""The rows without which nothing works: each context's own command plants them."""

from __future__ import annotations

from waya.catalog.commands import seed_taxes
from waya.org.actors import SYSTEM
from waya.org.commands.people import seed_roles

# Lower contexts first; each is safe to repeat and leaves alone what people changed.
SEEDS = (seed_roles, seed_taxes)


def plant() -> None:
    """Run every seed as Waya itself."""
    for command in SEEDS:
        command(by=SYSTEM)
