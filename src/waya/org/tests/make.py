"""The cast: Baraka Net and its people, made through commands."""

from __future__ import annotations

from waya.org.actors import SYSTEM, Actor
from waya.org.commands.people import invite, open_entity, seed_roles
from waya.org.models import Entity, Person

PASSWORD = "karibu-waya-2027"


def baraka_net() -> Entity:
    """The provider of every test."""
    return open_entity(
        name="Baraka Net",
        legal_name="Baraka Networks Ltd",
        country="KE",
        currency="KES",
        zone="Africa/Nairobi",
        phone="+254700000001",
        by=SYSTEM,
    )


def person(username: str, role: str) -> Person:
    """A member of staff of Baraka Net with a role, able to sign in."""
    seed_roles(by=SYSTEM)
    return invite(
        entity=baraka_net(),
        username=username,
        name=username.capitalize(),
        role=role,
        password=PASSWORD,
        by=SYSTEM,
    )


def acting(username: str, role: str) -> Actor:
    """That person as an actor."""
    someone = person(username, role)
    may = frozenset(code for one in someone.roles.all() for code in one.permissions)
    return Actor("person", someone.pk, someone.name, may, someone.entity_id)
