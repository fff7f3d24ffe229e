"""An entity's business choices."""

from __future__ import annotations

from dataclasses import asdict

from django.db import transaction

from waya.org.actors import Actor
from waya.org.audit import Happened, record_many
from waya.org.models import Policy
from waya.org.policy import Choices, chosen, rows


@transaction.atomic
def choose(*, entity_id: int, choices: Choices, by: Actor) -> None:
    """Keep these choices for an entity; what changed goes to the audit."""
    by = by.must("org.policy")
    rows.forget()
    before = asdict(chosen(type(choices), entity_id))  # type: ignore[call-overload]
    after = asdict(choices)  # type: ignore[call-overload]
    if before == after:
        return
    policy, _ = Policy.objects.update_or_create(
        entity_id=entity_id, name=choices.policy_name, defaults={"chosen": after}
    )
    transaction.on_commit(rows.forget)
    rows.forget()
    changed = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
    record_many(by, [Happened("policy.chosen", ("policy", policy.pk), why=changed)])
