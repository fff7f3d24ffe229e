"""Post journal entries, many at once; the database is the last judge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from django.db import transaction

from waya.kernel import clock
from waya.kernel.errors import Refused
from waya.ledger.commands.accounts import open_tax_accounts
from waya.ledger.models import JournalEntry, JournalLine
from waya.ledger.queries.balances import first_open_days
from waya.ledger.queries.charts import chart_of
from waya.ledger.rules.chart import TAX
from waya.ledger.rules.entries import Entry
from waya.org.actors import Actor
from waya.org.rows.copying import copy_rows, reserve_keys

_ENTRY = (
    ("id", "int8"),
    ("entity_id", "int8"),
    ("on", "date"),
    ("memo", "varchar"),
    ("source", "varchar"),
    ("posted_at", "timestamptz"),
)
_LINE = (
    ("entry_id", "int8"),
    ("sequence", "int2"),
    ("account_id", "int8"),
    ("on", "date"),
    ("entity_id", "int8"),
    ("branch_id", "int8"),
    ("party_id", "int8"),
    ("currency", "varchar"),
    ("amount_minor", "int8"),
    ("base_minor", "int8"),
)


@transaction.atomic(savepoint=False)
def post_many(*, entries: Sequence[Entry], by: Actor) -> dict[str, int]:
    """Post entries; gives the journal entry's id by source.

    A source that was posted before is not posted again: its first entry's id is given. An
    entry dated in a closed period goes to the first open day after it. Refuses
    `empty_entry`, and `no_account` for a purpose that the chart has not.
    """
    by = by.must("ledger.post")
    wished = {(one.entity_id, one.source) for one in entries}
    known = {
        (entity_id, source): key
        for key, entity_id, source in JournalEntry.objects.filter(
            entity_id__in={entity_id for entity_id, _ in wished},
            source__in={source for _, source in wished},
        ).values_list("pk", "entity_id", "source")
    }
    fresh = [one for one in entries if (one.entity_id, one.source) not in known]
    return {source: key for (_, source), key in known.items()} | post_fresh(entries=fresh, by=by)


@transaction.atomic(savepoint=False)
def post_fresh(*, entries: Sequence[Entry], by: Actor) -> dict[str, int]:
    """Post entries whose sources are new by their making, such as invoices just numbered;
    otherwise as `post_many`. The database refuses a source that was posted before. A tax that the
    chart has no account for gets one."""
    by = by.must("ledger.post")
    if any(len(one.lines) < 2 for one in entries):
        raise Refused("empty_entry")
    if not entries:
        return {}
    days = first_open_days({(one.entity_id, one.on) for one in entries})
    keys = reserve_keys("ledger_journalentry", len(entries))
    accounts = _accounts(entries, by)
    now = clock.now()
    copy_rows("ledger_journalentry", _ENTRY, (
        (key, one.entity_id, days[one.entity_id, one.on], one.memo[:200], one.source, now)
        for one, key in zip(entries, keys, strict=True)
    ))  # fmt: skip
    copy_rows("ledger_journalline", _LINE, _lines(entries, keys, accounts, days))
    return {one.source: key for one, key in zip(entries, keys, strict=True)}


def _accounts(entries: Sequence[Entry], by: Actor) -> dict[tuple[int, str], int]:
    purposes = {line.purpose for one in entries for line in one.lines}
    found: dict[tuple[int, str], int] = {}
    for entity_id in {one.entity_id for one in entries}:
        chart = chart_of(entity_id)
        fresh = [one for one in purposes if one not in chart and one.startswith(TAX)]
        if fresh:
            chart = open_tax_accounts(entity_id=entity_id, purposes=fresh, by=by)
        found |= {(entity_id, purpose): key for purpose, key in chart.items()}
    return found


def _lines(
    entries: Sequence[Entry],
    keys: Sequence[int],
    accounts: dict[tuple[int, str], int],
    days: dict[tuple[int, date], date],
) -> Iterator[tuple[object, ...]]:
    for one, key in zip(entries, keys, strict=True):
        on = days[one.entity_id, one.on]
        for sequence, line in enumerate(one.lines, 1):
            account = accounts.get((one.entity_id, line.purpose))
            if account is None:
                raise Refused("no_account", purpose=line.purpose)
            minor = line.amount.minor
            yield (key, sequence, account, on, one.entity_id, line.branch_id or one.branch_id,
                   line.party_id, line.amount.currency, minor, minor)  # fmt: skip


@transaction.atomic
def reverse(*, entry_id: int, on: date, memo: str, by: Actor) -> int:
    """Post the mirror of an entry, once; the first stays as it is. Gives the mirror's id."""
    by = by.must("ledger.post")
    first = JournalEntry.objects.get(pk=entry_id)
    source = f"reversal:{entry_id}"
    days = first_open_days({(first.entity_id, on)})
    mirror, fresh = JournalEntry.objects.get_or_create(
        entity_id=first.entity_id,
        source=source,
        defaults={
            "on": days[first.entity_id, on], "memo": memo, "posted_at": clock.now(),
        },
    )  # fmt: skip
    if fresh:
        JournalLine.objects.bulk_create(
            JournalLine(
                entry=mirror,
                sequence=line.sequence,
                account_id=line.account_id,
                on=mirror.on,
                entity_id=line.entity_id,
                branch_id=line.branch_id,
                dimension_id=line.dimension_id,
                party_id=line.party_id,
                currency=line.currency,
                amount_minor=-line.amount_minor,
                base_minor=-line.base_minor,
            )
            for line in first.lines.all()
        )
    return mirror.pk
