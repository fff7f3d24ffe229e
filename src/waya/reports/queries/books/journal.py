"""The books as a reader goes through them: the journal, one entry, the accounts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q

from waya.kernel.money import Money
from waya.ledger.models import Account, JournalEntry, JournalLine
from waya.ledger.queries.balances import Balance, trial_balance
from waya.parties.models import Customer
from waya.reports.queries.paging import ROWS, Page, before, cut


@dataclass(frozen=True, slots=True)
class Line:
    """A line with the names of its account and party; a debit is above zero."""

    code: str
    account: str
    party: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Entry:
    """A journal entry with its lines."""

    id: int
    on: date
    posted_at: datetime
    memo: str
    source: str
    lines: list[Line]


def journal(
    entity_id: int, *, code: str = "", day: date | None = None, key: str = ""
) -> Page[Entry]:
    """Entries, newest first; of one account or day if asked. Three queries."""
    entries = JournalEntry.objects.filter(entity_id=entity_id)
    if code:
        account = Account.objects.filter(entity_id=entity_id, code=code)
        lines = JournalLine.objects.filter(account__in=account)
        entries = entries.filter(pk__in=lines.values("entry_id"))
    if day is not None:
        entries = entries.filter(on=day)
    if (last := before(key)) is not None:
        entries = entries.filter(pk__lt=last)
    page = cut(list(entries.order_by("-pk")[: ROWS + 1]), lambda row: str(row.pk))
    return Page(_entries(page.rows), page.next_key)


def entry(entity_id: int, entry_id: int) -> Entry | None:
    """One entry; None for one of another company."""
    found = JournalEntry.objects.filter(entity_id=entity_id, pk=entry_id)
    entries = _entries(list(found))
    return entries[0] if entries else None


def entries_of(entity_id: int, sources: list[str]) -> list[Entry]:
    """What several sources booked, oldest first."""
    rows = JournalEntry.objects.filter(entity_id=entity_id, source__in=sources)
    return _entries(list(rows.order_by("pk")))


def balances(entity_id: int) -> list[Balance]:
    """Every account that holds or ever held something."""
    return trial_balance(entity_id)


def _entries(found: list[JournalEntry]) -> list[Entry]:
    rows = list(
        JournalLine.objects.filter(Q(entry__in=found)).select_related("account").order_by("pk")
    )
    parties = Customer.objects.in_bulk([row.party_id for row in rows if row.party_id])
    lines: dict[int, list[Line]] = {}
    for row in rows:
        party = parties.get(row.party_id or 0)
        lines.setdefault(row.entry_id, []).append(
            Line(
                row.account.code,
                row.account.name,
                party.name if party else "",
                Money(row.amount_minor, row.currency),
            )
        )
    return [
        Entry(one.pk, one.on, one.posted_at, one.memo, one.source, lines.get(one.pk, []))
        for one in found
    ]
