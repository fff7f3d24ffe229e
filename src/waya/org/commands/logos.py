"""An entity's logo on its documents."""

from __future__ import annotations

from django.db import transaction

from waya.kernel import clock
from waya.org.actors import Actor
from waya.org.audit import Happened, record_many
from waya.org.models import Logo


@transaction.atomic
def keep_logo(*, entity_id: int, svg: str, by: Actor) -> None:
    """Put a logo, which can be drawn, on every document of an entity from now on; copies made
    before stay as they are."""
    by = by.must("org.policy")
    row, _ = Logo.objects.update_or_create(
        entity_id=entity_id, defaults={"svg": svg, "kept_at": clock.now()}
    )
    record_many(by, [Happened("logo.kept", ("logo", row.pk), why={"bytes": len(svg)})])
