"""The sums of accounts by day: a trigger makes them, one row for each statement; these are
folded."""

from __future__ import annotations

from datetime import date

from waya.org.actors import Actor
from waya.org.rows.folding import fold


def fold_balances(*, entity_id: int, on: date, by: Actor) -> dict[str, int]:
    """Make one row of each account's sums of a day and branch. Nothing that is read changes;
    safe twice, and two at once. Says how many rows were folded."""
    by.must("ledger.fold")
    folded = fold(
        "ledger_balancedelta",
        keys=("entity_id", "branch_id", "account_id", "on", "currency"),
        sums=("amount_minor", "debit_minor", "base_minor"),
        entity_id=entity_id,
    )
    return {"folded": folded}
