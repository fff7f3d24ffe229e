"""Reads of org that others use: who acts, what waits for a person, the timeline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import Model, QuerySet

from waya.kernel.errors import Refused
from waya.org.actors import Actor
from waya.org.models import Approval, AuditRecord, Branch, Entity, Logo, Person, Token
from waya.org.rows.remembered import Remembered
from waya.org.secrets import digest

Row = TypeVar("Row", bound=Model)


def actor_of(user: AbstractBaseUser | AnonymousUser) -> Actor | None:
    """The actor that a signed-in member of staff is; None for anybody else. One query."""
    if not user.is_authenticated:
        return None
    rows = list(
        Person.objects.filter(user_id=user.pk).values_list(
            "pk", "name", "entity_id", "roles__permissions"
        )
    )
    if not rows:
        return None
    key, name, entity_id, _ = rows[0]
    may = frozenset(code for *_, codes in rows for code in codes or ())
    return Actor("person", key, name, may, entity_id)


def actor_of_token(secret: str) -> Actor | None:
    """The actor that a bearer token is; None if it is unknown or ended."""
    token = (
        Token.objects.filter(digest=digest(secret), ended_at=None).select_related("role").first()
    )
    if token is None:
        return None
    return Actor("token", token.pk, token.name, frozenset(token.role.permissions), token.entity_id)


def approvals_waiting(entity_id: int) -> QuerySet[Approval]:
    """What waits for a person in an entity, oldest first."""
    return Approval.objects.filter(entity_id=entity_id, state=Approval.WAITING).order_by("pk")


def timeline(
    *, customer_id: int, actions: Sequence[str] = (), before: int | None = None, limit: int = 50
) -> list[AuditRecord]:
    """What happened to a customer, newest first; `before` is the id to go on from.

    `actions` are prefixes such as `payment.`; none means everything.
    """
    rows = AuditRecord.objects.filter(customer_id=customer_id)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    if actions:
        rows = rows.filter(action__regex="^(" + "|".join(actions) + ")")
    return list(rows.order_by("-pk")[:limit])


def visible_to(by: Actor, rows: QuerySet[Row], *, entity: str = "entity_id") -> QuerySet[Row]:
    """The rows of the actor's own entity; `entity` is the way to it, `customer__entity_id`.

    Only Waya itself, who acts in no entity, sees all of them.
    """
    return rows if by.kind == "system" else rows.filter(**{entity: by.entity_id})


def logo_of(entity_id: int) -> str | None:
    """An entity's logo as SVG, if one is kept."""
    return Logo.objects.filter(entity_id=entity_id).values_list("svg", flat=True).first()


def _entity(entity_id: int) -> Entity:
    return Entity.objects.get(pk=entity_id)


entity_of = Remembered(_entity)
"""An entity by its id, for reading alone: its name, currency, zone and paybill."""


def branches_of(entity_id: int) -> list[Branch]:
    """The branches of an entity, the main one first."""
    return list(Branch.objects.filter(entity_id=entity_id).order_by("-main", "code"))


def branch_of(entity_id: int, code: str) -> Branch:
    """An entity's branch by its code, whatever its case; refuses `branch_unknown`."""
    branch = Branch.objects.filter(entity_id=entity_id, code=code.strip().upper()).first()
    if branch is None:
        raise Refused("branch_unknown", branch=code)
    return branch


def _main_branch(entity_id: int) -> int:
    return Branch.objects.values_list("pk", flat=True).get(entity_id=entity_id, main=True)


main_branch = Remembered(_main_branch)
"""The id of an entity's main branch, which is always the same."""
