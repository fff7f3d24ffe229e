"""What is to be booked, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from waya.kernel.money import Money


@dataclass(frozen=True, slots=True)
class Line:
    """One side of an entry: a debit is above zero, a credit below.

    `party_id` says whose receivable or credit it is, `branch_id` whose line, where that is not
    the branch of its entry.
    """

    purpose: str
    amount: Money
    party_id: int | None = None
    branch_id: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A journal entry to post on a date; its source posts at most once per entity. `branch_id`
    stands on each of its lines that does not say another; the books take no line without."""

    entity_id: int
    on: date
    memo: str
    source: str
    lines: tuple[Line, ...]
    branch_id: int | None = None


def entry(
    *, entity_id: int, on: date, memo: str, source: str, debit: list[Line], credit: list[Line],
    branch_id: int | None = None,
) -> Entry:  # fmt: skip
    """Build an entry from positive debits and credits; lines of nothing are left out.

    Raises ValueError when the sides differ or nothing is left: a broken invariant, not a
    refusal.
    """
    lines = [one for one in debit if one.amount.minor]
    lines += [replace(one, amount=-one.amount) for one in credit if one.amount.minor]
    sums: dict[str, int] = {}
    for one in lines:
        sums[one.amount.currency] = sums.get(one.amount.currency, 0) + one.amount.minor
    if not lines or any(sums.values()):
        raise ValueError(f"{source} does not balance: {sums}")
    return Entry(entity_id, on, memo, source, tuple(lines), branch_id)
