"""Money that arrived, money without a customer, and money that was asked for by phone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Min, Q, Sum
from django.db.models.functions import Upper

from waya.kernel.money import Money
from waya.payments.models import Allocation, Notification, Payment, Prompt
from waya.payments.rules.booking import applied, source
from waya.reports.queries.paging import ROWS, Page, before, cut
from waya.reports.queries.search import coded

OPEN_PROMPTS = (Prompt.SENDING, Prompt.SENT, Prompt.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Row:
    """A payment as lists show it: what it settled, and what of it is credit."""

    payment: Payment
    amount: Money
    channel: str
    customer: str
    account: str
    invoices: tuple[str, ...]
    unused: Money


@dataclass(frozen=True, slots=True)
class Suspense:
    """How much waits for a customer, since when."""

    count: int
    total: Money
    oldest: datetime | None


def payments(
    entity_id: int, *, day: date | None = None, state: str = "", customer_id: int | None = None,
    channel: str = "",
    transaction: str = "", key: str = "",
) -> Page[Row]:  # fmt: skip
    """Payments, newest first. Three queries."""
    rows = Payment.objects.filter(entity_id=entity_id).select_related("customer")
    if day is not None:
        rows = rows.filter(value_on=day)
    if customer_id is not None:
        rows = rows.filter(customer_id=customer_id)
    if state == "suspense":
        rows = rows.filter(customer=None)
    if state == "settled":
        rows = rows.filter(customer__isnull=False)
    if channel:
        rows = rows.filter(provider=channel)
    if transaction:
        rows = rows.annotate(code=Upper("transaction"))
        rows = rows.filter(coded(transaction))
    if (last := before(key)) is not None:
        rows = rows.filter(pk__lt=last)
    page = cut(list(rows.order_by("-pk")[: ROWS + 1]), lambda row: str(row.pk))
    return Page(_rows(page.rows), page.next_key)


def _rows(found: list[Payment]) -> list[Row]:
    settled: dict[int, list[tuple[str, int]]] = {}
    shares = Allocation.objects.filter(payment__in=found).order_by("pk")
    for payment_id, number, minor in shares.values_list(
        "payment_id", "invoice__number", "amount_minor"
    ):
        settled.setdefault(payment_id, []).append((number, minor))
    pushed = set(
        Prompt.objects.filter(notifications__payment__in=found).values_list(
            "notifications__payment_id", flat=True
        )
    )
    return [
        Row(
            payment=one,
            amount=Money(one.amount_minor, one.currency),
            channel="prompt" if one.pk in pushed else one.provider,
            customer=one.customer.name if one.customer else "",
            account=one.customer.account_number if one.customer else "",
            invoices=tuple(dict.fromkeys(number for number, _ in settled.get(one.pk, []))),
            unused=Money(
                one.amount_minor - sum(minor for _, minor in settled.get(one.pk, [])), one.currency
            ),
        )
        for one in found
    ]


def day_total(entity_id: int, currency: str, day: date) -> tuple[Money, int, int]:
    """What arrived on a day: the sum, how many payments, how many found their customer alone."""
    found = Payment.objects.filter(entity_id=entity_id, value_on=day).aggregate(
        total=Sum("amount_minor"),
        many=Count("pk"),
        alone=Count("pk", filter=Q(customer__isnull=False, matched_at=None)),
    )
    return Money(found["total"] or 0, currency), found["many"], found["alone"]


def suspense(entity_id: int, currency: str) -> Suspense:
    """The whole of it, one query over the partial index."""
    found = Payment.objects.filter(entity_id=entity_id, customer=None).aggregate(
        many=Count("pk"), total=Sum("amount_minor"), oldest=Min("taken_at")
    )
    return Suspense(found["many"], Money(found["total"] or 0, currency), found["oldest"])


def queue(entity_id: int, *, limit: int = 100) -> list[Payment]:
    """Payments that wait for a customer, newest first."""
    rows = Payment.objects.filter(entity_id=entity_id, customer=None)
    return list(rows.order_by("-pk")[:limit])


def prompts(entity_id: int, *, waiting: bool = True, key: str = "") -> Page[Prompt]:
    """Money asked for on phones, newest first: what still waits, or everything."""
    rows = Prompt.objects.filter(merchant__entity_id=entity_id).select_related("customer")
    if waiting:
        rows = rows.filter(state__in=OPEN_PROMPTS)
    if (last := before(key)) is not None:
        rows = rows.filter(pk__lt=last)
    return cut(list(rows.order_by("-pk")[: ROWS + 1]), lambda row: str(row.pk))


def prompt_of(customer_id: int) -> Prompt | None:
    """The newest prompt that a customer's phone has not answered."""
    rows = Prompt.objects.filter(customer_id=customer_id, state__in=OPEN_PROMPTS)
    return rows.order_by("-pk").first()


def prompts_waiting(entity_id: int) -> int:
    """How many prompts wait for an answer."""
    rows = Prompt.objects.filter(merchant__entity_id=entity_id, state__in=OPEN_PROMPTS)
    return rows.count()


def parked(entity_id: int, *, key: str = "") -> Page[Notification]:
    """What providers told us and could not be worked off, newest first."""
    rows = Notification.objects.filter(merchant__entity=entity_id, state=Notification.PARKED)
    if (last := before(key)) is not None:
        rows = rows.filter(pk__lt=last)
    found = rows.select_related("merchant").order_by("-pk")
    return cut(list(found[: ROWS + 1]), lambda row: str(row.pk))


def parked_count(entity_id: int) -> int:
    """How much of what providers told us waits for a person."""
    rows = Notification.objects.filter(merchant__entity=entity_id, state=Notification.PARKED)
    return rows.count()


def row(payment: Payment) -> Row:
    """One payment as lists show it."""
    return _rows([payment])[0]


def shares(payment: Payment) -> list[tuple[str, Money, bool]]:
    """Which invoices a payment settled, and with how much; the last says that it came for what
    had been written off."""
    rows = Allocation.objects.filter(payment=payment).order_by("pk")
    return [
        (number, Money(minor, payment.currency), recovers)
        for number, minor, recovers in rows.values_list(
            "invoice__number", "amount_minor", "recovers"
        )
    ]


def told(payment: Payment) -> list[dict[str, Any]]:
    """What the provider said of a payment, and how often."""
    rows = Notification.objects.filter(payment=payment).order_by("pk")
    return [
        {
            "at": one.received_at,
            "kind": one.kind,
            "words": one.event_key + (f", told {one.repeats + 1} times" if one.repeats else ""),
        }
        for one in rows
    ]


def sources(payment: Payment) -> list[str]:
    """The sources under which the ledger keeps a payment, what it settled later, and its match."""
    arrived = source(payment.provider, payment.account, payment.transaction)
    return [arrived, applied(payment.pk), f"match:{payment.pk}"]


def receipt_of(entity_id: int, journal_source: str) -> str:
    """The receipt number of the payment that a journal source names; empty if none does."""
    kind, _, rest = journal_source.partition(":")
    rows = Payment.objects.filter(entity_id=entity_id)
    if kind in ("match", "applied"):
        rows = rows.filter(pk=before(rest) or 0)
    else:
        account, _, transaction = rest.partition(":")
        rows = rows.filter(provider=kind, account=account, transaction=transaction)
    return rows.values_list("receipt_number", flat=True).first() or ""
