"""Promises to pay, with what became of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject

from waya.billing.models import Dispute, Invoice, ProForma, Promise
from waya.billing.rules.promises import Word, word
from waya.org.rows.asking import ask


@dataclass(frozen=True, slots=True)
class Given:
    """A promise, and whether it is open, kept, broken or taken back as of a day."""

    promise: Promise
    word: Word


def promises_of(customer_ids: Iterable[int], today: date) -> list[Given]:
    """Every promise of some customers, newest first."""
    rows = Promise.objects.filter(customer_id__in=set(customer_ids))
    return words_of(list(rows.select_related("customer").order_by("-until", "-pk")), today)


def open_promise(customer_id: int, today: date) -> Promise | None:
    """The promise that a customer's account rests on today."""
    rows = Promise.objects.filter(customer_id=customer_id, until__gte=today, withdrawn_at=None)
    return rows.order_by("-until").first()


def promises(entity_id: int, since: date) -> QuerySet[Promise]:
    """An entity's promises for a day and later, the newest first."""
    rows = Promise.objects.filter(customer__entity_id=entity_id, until__gte=since)
    return rows.select_related("customer").order_by("-pk")


def words_of(rows: Sequence[Promise], today: date) -> list[Given]:
    """What became of these promises; two queries for any number of them."""
    left = _left({debt for one in rows for debt in one.debts})
    return [
        Given(
            one,
            Word.WITHDRAWN
            if one.withdrawn_at
            else word(
                amount_minor=one.amount_minor,
                until=one.until,
                owed=one.debts,
                left=left,
                today=today,
            ),
        )
        for one in rows
    ]


def _left(debts: set[str]) -> dict[str, int]:
    """What is missing on each debt: an invoice, or a pro forma, by its own key."""
    keys: dict[str, list[int]] = {"invoice": [], "pro_forma": []}
    for debt in debts:
        kind, _, key = debt.partition(":")
        if kind in keys:
            keys[kind].append(int(key))
    invoices = Invoice.objects.filter(pk__in=keys["invoice"], paid_minor__lt=F("total_minor"))
    asked = ProForma.objects.filter(pk__in=keys["pro_forma"], state=ProForma.OPEN)
    left = {
        f"invoice:{key}": missing
        for key, missing in invoices.values_list("pk", F("total_minor") - F("paid_minor"))
    }
    return left | {
        f"pro_forma:{key}": total for key, total in asked.values_list("pk", "total_minor")
    }


def disputed() -> Subquery:
    """To annotate invoices with: the reason, day and author of an open dispute, as JSON."""
    rows = Dispute.objects.filter(invoice=OuterRef("pk"), state=Dispute.OPEN)
    told = JSONObject(reason="reason", on="opened_on", by="opened_by")
    return Subquery(rows.values(told=told)[:1])


@dataclass(frozen=True, slots=True)
class Said:
    """Something that a person should know of a customer: a `promise` until a day, a `dispute`
    of an invoice (`number`), or a `call` that waits; since when, by whom, and in what words.
    `id` is its own row's."""

    kind: str
    id: int
    since: date
    by: str
    words: str
    number: str
    amount_minor: int
    currency: str
    until: date | None


_SAID = """
(select 'promise', id, made_on, taken_by, '', '', amount_minor, currency, until
 from billing_promise
 where customer_id = %(customer)s and until >= %(today)s and withdrawn_at is null
 order by until desc limit 1)
union all
(select 'dispute', d.id, d.opened_on, d.opened_by, d.reason, i.number, 0, i.currency, null
 from billing_invoice i join billing_dispute d on d.invoice_id = i.id and d.state = 'open'
 where i.customer_id = %(customer)s and i.paid_minor < i.total_minor order by d.id)
union all
(select 'call', id, made_on, '', words, '', owed_minor, currency, null
 from billing_followup where customer_id = %(customer)s and resolved_at is null
 order by id limit 1)
"""


def said_of(customer_id: int, today: date) -> list[Said]:
    """The promise that holds, the disputes that are open and the call that waits; one query."""
    return [Said(*row) for row in ask(_SAID, {"customer": customer_id, "today": today})]
