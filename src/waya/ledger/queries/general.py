"""The general ledger: one account, line by line, with what it held after each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from django.db.models import Q, QuerySet, Sum

from waya.kernel.money import Money
from waya.ledger.models import Account, BalanceDelta, JournalLine


@dataclass(frozen=True, slots=True)
class Booked:
    """A line of an account, and what the account held after it."""

    sequence: int
    on: date
    entry_id: int
    memo: str
    source: str
    party_id: int | None
    amount: Money
    running: Money


@dataclass(frozen=True, slots=True)
class After:
    """Where a page begins: after a line, by its day, entry and place in the entry."""

    on: date
    entry_id: int
    sequence: int


def booked(
    account: Account, currency: str, *, since: date, through: date, branch_id: int | None = None,
    after: After | None = None, limit: int,
) -> list[Booked]:  # fmt: skip
    """Lines of an account in one currency from `since` through `through`, oldest first; of one
    branch if asked.

    What it held before the first of them is read from the sums by day and, inside a day, from
    that day's lines. Four queries, three from the beginning.
    """
    lines = _lines(account, currency, branch_id)
    rows = lines.filter(on__gte=since, on__lte=through)
    running = _before(account, currency, after.on if after else since, branch_id)
    if after is not None:
        earlier = lines.filter(on=after.on, pk__lte=(after.entry_id, after.sequence))
        running += earlier.aggregate(held=Sum("amount_minor"))["held"] or 0
        later = Q(on=after.on, pk__gt=(after.entry_id, after.sequence))
        rows = rows.filter(Q(on__gt=after.on) | later, on__gte=after.on)
    # Entries are fetched for the page alone: a join would come before the limit.
    found = rows.prefetch_related("entry").order_by("on", "pk")[:limit]
    return list(_running(iter(found), running))


def all_booked(
    account: Account, currency: str, *, since: date, through: date, branch_id: int | None = None
) -> Iterator[Booked]:
    """Every such line, however many there are, a part at a time."""
    rows = _lines(account, currency, branch_id).filter(on__gte=since, on__lte=through)
    ordered = rows.prefetch_related("entry").order_by("on", "pk").iterator(chunk_size=5000)
    return _running(ordered, _before(account, currency, since, branch_id))


def _running(rows: Iterator[JournalLine], running: int) -> Iterator[Booked]:
    for line in rows:
        running += line.amount_minor
        yield Booked(
            line.sequence, line.on, line.entry_id, line.entry.memo, line.entry.source,
            line.party_id, Money(line.amount_minor, line.currency), Money(running, line.currency),
        )  # fmt: skip


def _lines(account: Account, currency: str, branch_id: int | None) -> QuerySet[JournalLine]:
    rows = JournalLine.objects.filter(account=account, currency=currency)
    return rows if branch_id is None else rows.filter(branch_id=branch_id)


def _before(account: Account, currency: str, day: date, branch_id: int | None) -> int:
    sums = BalanceDelta.objects.filter(
        entity_id=account.entity_id, account=account, currency=currency, on__lt=day
    )
    if branch_id is not None:
        sums = sums.filter(branch_id=branch_id)
    return sums.aggregate(held=Sum("amount_minor"))["held"] or 0
