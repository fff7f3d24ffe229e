"""Issue invoices: numbered without gaps, posted, and never changed after.

Rows arrive by COPY, for one invoice as for a whole run. Whether lines belong to invoices and
invoices to customers is checked by statement triggers (migration 0003), once for a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from django.db import transaction

from waya.billing.commands.fiscal import owe
from waya.billing.queries.taxes.buyers import drafts_as_bought, of_numbers
from waya.billing.rules.drafts import Draft, DraftLine, booking
from waya.kernel import clock
from waya.ledger.commands.entries import post_fresh
from waya.org.actors import Actor
from waya.org.audit import Happened, record_many
from waya.org.commands.numbering import Numbered, next_numbers
from waya.org.rows.among import array
from waya.org.rows.asking import ask
from waya.org.rows.copying import copy_rows, reserve_keys

_INVOICE = (
    ("id", "int8"), ("entity_id", "int8"), ("customer_id", "int8"), ("issuer_id", "int8"),
    ("number", "varchar"),
    ("issued_on", "date"), ("issued_at", "timestamptz"), ("due_on", "date"),
    ("currency", "varchar"), ("net_minor", "int8"), ("tax_minor", "int8"),
    ("total_minor", "int8"), ("paid_minor", "int8"), ("customer_as_issued", "jsonb"),
)  # fmt: skip
_LINE = (
    ("id", "int8"), ("invoice_id", "int8"), ("subscription_id", "int8"),
    ("description", "varchar"), ("start", "date"), ("end", "date"), ("net_minor", "int8"),
    ("tax_minor", "int8"), ("total_minor", "int8"), ("revenue", "varchar"),
    ("deferred", "bool"), ("charge", "varchar"), ("turn", "int2"), ("why", "jsonb"),
)  # fmt: skip
_OWNERS = """
select id, branch_id, tax_number,
    exists (select from billing_exemption x where x.customer_id = c.id), case when tax_number = ''
    then json_build_object('name', name, 'account_number', account_number)
    else json_build_object('name', name, 'account_number', account_number,
                           'tax_number', tax_number) end::text
from parties_customer c where id = any(%s)
"""
_TAX = (
    ("line_id", "int8"), ("sequence", "int2"), ("tax", "varchar"), ("name", "varchar"),
    ("rate_percent", "numeric"), ("base_minor", "int8"), ("amount_minor", "int8"),
    ("law", "varchar"), ("rate_id", "int8"), ("category", "varchar"), ("reason", "varchar"),
)  # fmt: skip


class _Owner(NamedTuple):
    """Whose an invoice is: their branch, whether they have a certificate of exemption, and how
    the document will name them, as JSON."""

    branch_id: int
    tax_number: str
    certified: bool
    named: str


@dataclass(frozen=True, slots=True)
class Issued:
    """An invoice as it was issued."""

    id: int
    number: str
    branch_id: int
    issuer_id: int
    customer_id: int
    currency: str
    total_minor: int
    issued_on: date
    due_on: date


@transaction.atomic(savepoint=False)
def issue(
    *, drafts: Sequence[Draft], by: Actor, written: Callable[[], None] | None = None
) -> list[Issued]:
    """Issue invoices of one entity, in order; each posts its entry.

    Set-wise. A customer's certificates of exemption count as of the day of issue. Numbers are
    taken last, each of its customer's branch. A period that was billed
    before is refused by the database, and nothing of the batch is kept. `written` is called when
    the documents are written and only their entries and records are left.
    """
    by = by.must("billing.issue")
    if not drafts:
        return []
    owners = _owners({draft.customer_id for draft in drafts})
    drafts = _bought(drafts, owners)
    keys = reserve_keys("billing_invoice", len(drafts))
    lines = [(key, line) for draft, key in zip(drafts, keys, strict=True) for line in draft.lines]
    line_keys = reserve_keys("billing_invoiceline", len(lines))
    branches = [owners[draft.customer_id].branch_id for draft in drafts]
    numbers = next_numbers(branches=branches, kind="invoice", by=by)
    issued = [
        _issued(draft, key, branch_id, numbered)
        for draft, key, branch_id, numbered in zip(drafts, keys, branches, numbers, strict=True)
    ]
    copy_rows("billing_invoice", _INVOICE, _invoices(drafts, issued, owners))
    copy_rows("billing_invoiceline", _LINE, _lines(lines, line_keys))
    copy_rows("billing_invoicetax", _TAX, _taxes(lines, line_keys))
    if written is not None:
        written()
    post_fresh(
        entries=[
            booking(draft, one.number, one.branch_id)
            for draft, one in zip(drafts, issued, strict=True)
            if one.total_minor
        ],
        by=by,
    )
    record_many(by, [_happened(draft, one) for draft, one in zip(drafts, issued, strict=True)])
    owe(entity_id=drafts[0].entity_id, invoices={one.id: one.branch_id for one in issued}, by=by)
    return issued


def _owners(customer_ids: set[int]) -> dict[int, _Owner]:
    return {key: _Owner(*rest) for key, *rest in ask(_OWNERS, [array(customer_ids)])}


def _bought(drafts: Sequence[Draft], owners: dict[int, _Owner]) -> Sequence[Draft]:
    """The drafts with the taxes of the few who are taxed apart."""
    numbers = {
        key: one.tax_number for key, one in owners.items() if one.certified or one.tax_number
    }
    if not numbers:
        return drafts
    return drafts_as_bought(drafts, of_numbers(numbers), drafts[0].entity_id)


def _issued(draft: Draft, key: int, branch_id: int, numbered: Numbered) -> Issued:
    return Issued(key, numbered.number, branch_id, numbered.issuer_id, draft.customer_id,
                  draft.currency, draft.sums()[2], draft.issued_on, draft.due_on)  # fmt: skip


def _invoices(
    drafts: Sequence[Draft], issued: Sequence[Issued], owners: dict[int, _Owner]
) -> Iterator[tuple[object, ...]]:
    now = clock.now()
    for draft, one in zip(drafts, issued, strict=True):
        yield (one.id, draft.entity_id, one.customer_id, one.issuer_id, one.number,
               one.issued_on, now, one.due_on, one.currency, *draft.sums(), draft.paid_minor,
               owners[one.customer_id].named)  # fmt: skip


_Keyed = Sequence[tuple[int, DraftLine]]


def _lines(lines: _Keyed, line_keys: Sequence[int]) -> Iterator[tuple[object, ...]]:
    for (key, line), line_key in zip(lines, line_keys, strict=True):
        charged = line.charged
        yield (line_key, key, line.subscription_id, line.description, charged.period.start,
               charged.period.end, *charged.sums, line.revenue, line.in_advance, line.charge,
               line.turn, charged.told)  # fmt: skip


def _taxes(lines: _Keyed, line_keys: Sequence[int]) -> Iterator[tuple[object, ...]]:
    for (_, line), line_key in zip(lines, line_keys, strict=True):
        for row in line.charged.tax_rows:
            yield (line_key, *row)


def _happened(draft: Draft, one: Issued) -> Happened:
    return Happened(
        "invoice.issued",
        ("invoice", one.id),
        customer_id=one.customer_id,
        why={
            "number": one.number,
            "minor": one.total_minor,
            "currency": one.currency,
            "due": one.due_on.isoformat(),
            "for": draft.description,
        },
    )
