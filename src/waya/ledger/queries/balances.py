"""What the accounts hold. Whole accounts are read from sums by day, never from lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import TruncMonth

from waya.kernel.money import Money
from waya.ledger.models import Account, BalanceDelta, JournalEntry, JournalLine


@dataclass(frozen=True, slots=True)
class Balance:
    """An account and what it holds: a debit balance is above zero."""

    code: str
    name: str
    kind: str
    purpose: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Movement:
    """An account over some days: what it held before, what was debited and credited (both
    above zero), and what it holds after."""

    code: str
    name: str
    kind: str
    purpose: str
    opening: Money
    debits: Money
    credits: Money

    @property
    def closing(self) -> Money:
        """What it holds after the last day."""
        return self.opening + self.debits - self.credits


@dataclass(frozen=True, slots=True)
class Posted:
    """A posted line as people read it."""

    on: date
    entry_id: int
    memo: str
    source: str
    account: str
    amount: Money


def trial_balance(entity_id: int, *, through: date | None = None) -> list[Balance]:
    """Every account that ever held something, by code and currency; they sum to zero.

    As of the end of a day, or of everything posted. Two queries, whatever was posted.
    """
    deltas = BalanceDelta.objects.filter(entity_id=entity_id)
    if through is not None:
        deltas = deltas.filter(on__lte=through)
    sums = deltas.values("account_id", "currency").annotate(held=Sum("amount_minor"))
    accounts = chart(entity_id)
    rows = []
    for row in sums:
        one = accounts[row["account_id"]]
        held = Money(row["held"], row["currency"])
        rows.append(Balance(one.code, one.name, one.kind, one.purpose, held))
    return sorted(rows, key=lambda row: (row.code, row.amount.currency))


def movements(
    entity_id: int, *, since: date, through: date, branch_id: int | None = None
) -> list[Movement]:
    """Every account that ever held something, by code and currency, over the days from
    `since` through `through`; of one branch if asked. Two queries, whatever was posted."""
    within = Q(on__gte=since)
    deltas = BalanceDelta.objects.filter(entity_id=entity_id, on__lte=through)
    if branch_id is not None:
        deltas = deltas.filter(branch_id=branch_id)
    sums = deltas.values("account_id", "currency").annotate(
        opening=Sum("amount_minor", filter=~within, default=0),
        debits=Sum("debit_minor", filter=within, default=0),
        moved=Sum("amount_minor", filter=within, default=0),
    )
    accounts = chart(entity_id)
    rows = [_movement(accounts[row["account_id"]], row) for row in sums]
    return sorted(rows, key=lambda row: (row.code, row.opening.currency))


def _movement(one: Account, row: Mapping[str, Any]) -> Movement:
    currency, debits = row["currency"], row["debits"]
    return Movement(
        one.code, one.name, one.kind, one.purpose,
        opening=Money(row["opening"], currency),
        debits=Money(debits, currency),
        credits=Money(debits - row["moved"], currency),
    )  # fmt: skip


def held_at_month_ends(
    entity_id: int, purpose: str, currency: str, months: Sequence[date]
) -> list[int]:
    """What an account held at the end of each of some months in a row, given by their first
    days, in minor units. One query."""
    moved = dict(
        BalanceDelta.objects.filter(
            entity_id=entity_id, account__purpose=purpose, currency=currency
        )
        .annotate(month=TruncMonth("on"))
        .values_list("month")
        .annotate(moved=Sum("amount_minor"))
    )
    return [sum(minor for month, minor in moved.items() if month <= wanted) for wanted in months]


def chart(entity_id: int) -> dict[int, Account]:
    """The accounts of an entity by id."""
    return {one.pk: one for one in Account.objects.filter(entity_id=entity_id)}


def unlike_their_lines(entity_id: int) -> list[str]:
    """Accounts and days whose kept sums are not the sums of their lines: always none, unless
    somebody went around the database's triggers."""
    keys = ("account_id", "on", "currency", "branch_id")
    kept = BalanceDelta.objects.filter(entity_id=entity_id).values(*keys)
    lines = JournalLine.objects.filter(entity_id=entity_id).values(*keys)
    both = [
        {tuple(row[key] for key in keys): (row["amount"], row["base"]) for row in rows}
        for rows in (
            rows.annotate(amount=Sum("amount_minor"), base=Sum("base_minor"))
            for rows in (kept, lines)
        )
    ]
    accounts = chart(entity_id)
    return sorted(
        f"{accounts[key[0]].code} on {key[1]}"
        for key in {*both[0], *both[1]}
        if both[0].get(key, (0, 0)) != both[1].get(key, (0, 0))
    )


def party_balances(entity_id: int, *, purpose: str) -> dict[tuple[int, str], int]:
    """What an account holds for each party that has lines on it, in minor units by
    (party, currency); parties that hold nothing are left out."""
    rows = (
        JournalLine.objects.filter(
            entity_id=entity_id, account__purpose=purpose, party_id__isnull=False
        )
        .values("party_id", "currency")
        .annotate(held=Sum("amount_minor"))
    )
    return {(row["party_id"] or 0, row["currency"]): row["held"] for row in rows if row["held"]}


def unbalanced(entity_id: int) -> list[int]:
    """Entries that have no lines or do not sum to zero: always none, unless somebody went
    around the database's triggers."""
    lines = Q(lines__isnull=True) | ~Q(held=0)
    rows = JournalEntry.objects.filter(entity_id=entity_id).annotate(held=Sum("lines__base_minor"))
    return list(rows.filter(lines).values_list("pk", flat=True).distinct())


def journal(entity_id: int, *, before: int | None = None, limit: int = 50) -> list[Posted]:
    """Lines of the newest entries, newest first; `before` is the entry id to go on from."""
    entries = JournalEntry.objects.filter(entity_id=entity_id)
    if before is not None:
        entries = entries.filter(pk__lt=before)
    keys = list(entries.order_by("-pk").values_list("pk", flat=True)[:limit])
    return _lines(JournalLine.objects.filter(entry_id__in=keys).order_by("-entry_id", "sequence"))


def lines_of(sources: Iterable[str], entity_id: int) -> list[Posted]:
    """The lines of the entries of some sources: what an invoice or a payment booked."""
    return _lines(
        JournalLine.objects.filter(
            entry__entity_id=entity_id, entry__source__in=list(sources)
        ).order_by("entry_id", "pk")
    )


def _lines(rows: QuerySet[JournalLine]) -> list[Posted]:
    return [
        Posted(line.entry.on, line.entry_id, line.entry.memo, line.entry.source,
               f"{line.account.code} {line.account.name}", Money(line.amount_minor, line.currency))
        for line in rows.select_related("entry", "account")
    ]  # fmt: skip


def first_open_days(wished: set[tuple[int, date]]) -> dict[tuple[int, date], date]:
    """For each (entity, day): the day itself, or the first open one after it.

    Until the transaction ends, none of these entities can close a period; one whose closing
    is under way is waited for.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            'select entity_id, start, "end" from shut_periods(%s)',
            [sorted({entity_id for entity_id, _ in wished})],
        )
        shut = cursor.fetchall()
    found: dict[tuple[int, date], date] = {}
    for entity_id, on in wished:
        day = on
        for owner, start, end in shut:
            if owner == entity_id and start <= day < end:
                day = end
        found[entity_id, on] = day
    return found
