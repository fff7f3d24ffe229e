"""Make a bearer token for the API; it is printed once, and only its hash is kept."""

from __future__ import annotations

import argparse

from waya.cli.postgres.account import Unusable
from waya.org.actors import SYSTEM
from waya.org.commands.people import create_token
from waya.org.models import Entity, Role


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """For whom."""
    parser.add_argument("--role", required=True, help="such as owner, cashier, support")
    parser.add_argument("--name", default="command line", help="what it is for")
    parser.add_argument("--entity", help="the company's name, where there are several")


def run(options: argparse.Namespace) -> int:
    """Print the token alone, so that a script can take it."""
    if not Role.objects.filter(code=options.role).exists():
        known = ", ".join(Role.objects.order_by("code").values_list("code", flat=True))
        raise Unusable(f"there is no role {options.role}; there are: {known}")
    entity = the_entity(options.entity)
    print(create_token(entity=entity, role=options.role, name=options.name, by=SYSTEM))
    return 0


def the_entity(name: str | None) -> Entity:
    """The company of this name, or the only one."""
    found = Entity.objects.order_by("pk")
    if name is not None:
        found = found.filter(name=name)
    if len(found) != 1:
        known = ", ".join(Entity.objects.values_list("name", flat=True)) or "none yet"
        raise Unusable(f"say which company with --entity; there are: {known}")
    return found[0]
