"""The chart of accounts as code finds its way in it."""

from __future__ import annotations

from waya.ledger.models import Account
from waya.org.rows.remembered import Remembered


def _read(entity_id: int) -> dict[str, int]:
    rows = Account.objects.filter(entity_id=entity_id)
    return dict(rows.values_list("purpose", "pk"))


chart_of = Remembered(_read)
"""The account of each purpose of an entity."""
