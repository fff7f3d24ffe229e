"""What the accounts hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Q, QuerySet, Sum

from waya.kernel.money import Money
from waya.ledger.models import Account, FiscalPeriod, JournalEntry, JournalLine


@dataclass(frozen=True, slots=True)
class Balance:
    """An account and what it holds: a debit balance is above zero."""

    code: str
    name: str
    kind: str
    purpose: str
    amount: Money


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
    """Every account that ever held something, by code and currency; they sum to zero."""
    lines = JournalLine.objects.filter(entity_id=entity_id)
    if through is not None:
        lines = lines.filter(on__lte=through)
    sums = lines.values("account_id", "currency").annotate(held=Sum("amount_minor"))
    accounts = {one.pk: one for one in Account.objects.filter(entity_id=entity_id)}
    rows = [
        Balance(
            accounts[row["account_id"]].code,
            accounts[row["account_id"]].name,
            accounts[row["account_id"]].kind,
            accounts[row["account_id"]].purpose,
            Money(row["held"], row["currency"]),
        )
        for row in sums
    ]
    return sorted(rows, key=lambda row: (row.code, row.amount.currency))


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
    return _lines(JournalLine.objects.filter(entry_id__in=keys).order_by("-entry_id", "pk"))


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
    """For each (entity, day): the day itself, or the first open one after it."""
    entities = {entity_id for entity_id, _ in wished}
    closed = list(
        FiscalPeriod.objects.filter(entity_id__in=entities, state=FiscalPeriod.CLOSED)
        .order_by("start")
        .values_list("entity_id", "start", "end")
    )
    found: dict[tuple[int, date], date] = {}
    for entity_id, on in wished:
        day = on
        for owner, start, end in closed:
            if owner == entity_id and start <= day < end:
                day = end
        found[entity_id, on] = day
    return found
