"""Books to test with, made through commands."""

from __future__ import annotations

from datetime import date

from waya.kernel.money import Money
from waya.ledger.commands.accounts import seed_chart
from waya.ledger.rules.entries import Entry, Line, entry
from waya.org.actors import SYSTEM
from waya.org.models import Entity
from waya.org.queries import main_branch
from waya.org.tests.make import baraka_net

ON = date(2027, 6, 10)


def books() -> Entity:
    """Baraka Net with its chart of accounts."""
    entity = baraka_net()
    seed_chart(entity_id=entity.pk, by=SYSTEM)
    return entity


def sale(entity: Entity, source: str = "test:1", minor: int = 100_00, on: date = ON) -> Entry:
    """An entry that balances: receivable against deferred revenue."""
    amount = Money(minor, "KES")
    return entry(
        entity_id=entity.pk,
        on=on,
        memo="A test sale",
        source=source,
        debit=[Line("receivable", amount, 1)],
        credit=[Line("deferred", amount)],
        branch_id=main_branch(entity.pk),
    )
