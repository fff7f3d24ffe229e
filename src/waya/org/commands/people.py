"""Entities, staff, roles and tokens."""

from __future__ import annotations

import secrets

from django.contrib.auth.models import User
from django.db import transaction

from waya.kernel import clock
from waya.org.actors import Actor
from waya.org.audit import Happened, record_many
from waya.org.models import Branch, Entity, Person, Role, Token
from waya.org.secrets import digest

ROLES: dict[str, tuple[str, tuple[str, ...]]] = {
    "owner": ("Owner", ("*",)),
    "cashier": (
        "Cashier",
        ("console.use", "payments.take", "payments.match", "payments.prompt", "customers.view",
         "money.view", "orders.join", "orders.add", "billing.preview", "billing.promise",
         "billing.follow_up", "billing.change_plan", "billing.pause"),
    ),
    "support": (
        "Support",
        ("console.use", "customers.view", "money.view", "network.view", "payments.prompt",
         "messaging.send", "orders.join", "orders.add", "billing.preview", "billing.promise",
         "billing.dispute",
         "billing.follow_up", "parties.tag", "billing.change_plan", "billing.pause",
         "billing.cancel", "subscriptions.grant", "parties.branch"),
    ),
    "network": (
        "Network",
        ("console.use", "customers.view", "network.view", "network.change", "org.approve"),
    ),
    "accountant": (
        "Accountant",
        ("console.use", "customers.view", "money.view", "books.view", "payments.match",
         "org.approve", "ledger.close", "ledger.adjust",
         "billing.preview", "billing.fiscal", "billing.steer", "billing.credit", "billing.promise",
         "billing.dispute", "billing.follow_up", "billing.write_off", "parties.tag",
         "parties.branch", "parties.tax", "billing.exempt"),
    ),
    "auditor": (
        "Auditor",
        ("console.use", "customers.view", "money.view", "books.view", "network.view",
         "billing.preview"),
    ),
}  # fmt: skip


@transaction.atomic
def seed_roles(*, by: Actor) -> None:
    """Bring the built-in roles up to date; roles that people made are left alone."""
    by.must("org.seed")
    for code, (name, permissions) in ROLES.items():
        Role.objects.update_or_create(
            code=code, defaults={"name": name, "permissions": list(permissions)}
        )


@transaction.atomic
def open_entity(
    *, name: str, legal_name: str, country: str, currency: str, zone: str, phone: str,
    address: str = "", by: Actor,
) -> Entity:  # fmt: skip
    """Open a company with its first branch, or give the one of that legal name."""
    by = by.must("org.open")
    entity, fresh = Entity.objects.get_or_create(
        legal_name=legal_name,
        defaults={
            "name": name, "country": country, "currency": currency, "zone": zone, "phone": phone,
            "address": address,
        },
    )  # fmt: skip
    if fresh:
        Branch.objects.create(entity=entity, code="HQ", name="Head office", main=True)
        record_many(by, [Happened("entity.opened", ("entity", entity.pk), why={"name": name})])
    return entity


@transaction.atomic
def name_paybill(*, entity_id: int, paybill: str, by: Actor) -> None:
    """Say which paybill customers are told to pay."""
    by.must("org.open")
    Entity.objects.filter(pk=entity_id).update(paybill=paybill)


@transaction.atomic
def invite(
    *, entity: Entity, username: str, name: str, role: str, password: str | None, by: Actor
) -> Person:
    """Make a member of staff who may sign in; without a password they cannot until given one.

    Inviting the same username again gives the same person.
    """
    by = by.must("org.invite")
    known = Person.objects.filter(user__username=username, entity=entity).first()
    if known:
        return known
    user = User.objects.create_user(username=username, password=password)
    person = Person.objects.create(user=user, entity=entity, name=name)
    person.roles.add(Role.objects.get(code=role))
    record_many(by, [Happened("person.invited", ("person", person.pk), why={"role": role})])
    return person


@transaction.atomic
def create_token(*, entity: Entity, role: str, name: str, by: Actor) -> str:
    """Make a bearer token with a role's permissions; it is shown once, only its hash stays."""
    by = by.must("org.token")
    secret = "waya_" + secrets.token_urlsafe(32)
    token = Token.objects.create(
        entity=entity,
        role=Role.objects.get(code=role),
        name=name,
        digest=digest(secret),
        created_at=clock.real_now(),
    )
    record_many(by, [Happened("token.created", ("token", token.pk), why={"role": role})])
    return secret
