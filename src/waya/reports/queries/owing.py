"""Who owes what, since when: invoices past their day, and renewals that were not paid."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, F, Min, Q, QuerySet, Sum

from waya.billing.models import Invoice, ProForma
from waya.kernel.money import Money
from waya.parties.models import Customer
from waya.parties.queries import phones_of
from waya.reports.queries.paging import ROWS, Page, before, cut
from waya.subscriptions.models import Subscription
from waya.subscriptions.queries import RUNNING

UNPAID = Q(paid_minor__lt=F("total_minor"))
_DUE = F("total_minor") - F("paid_minor")


@dataclass(frozen=True, slots=True)
class Age:
    """Unpaid invoices of one age: `days` past due, from and through; None is no end."""

    first: int
    last: int | None
    invoices: int
    owed: Money


@dataclass(frozen=True, slots=True)
class Overdue:
    """How much is past its day, of how many customers, and how old it is."""

    customers: int
    owed: Money
    ages: list[Age]


@dataclass(frozen=True, slots=True)
class Debtor:
    """A customer behind: by an invoice, or by a renewal that was not paid in time."""

    customer_id: int
    account: str
    name: str
    phone: str
    owed: Money
    oldest: date
    days: int
    documents: int
    state: str


# Days past due: not yet, a week, a month, two months, more.
_AGES = ((None, 0), (1, 7), (8, 30), (31, 60), (61, None))


def overdue(entity_id: int, currency: str, today: date) -> Overdue:
    """One query, over unpaid invoices only."""
    rows = (
        Invoice.objects.filter(UNPAID, entity_id=entity_id)
        .values_list("due_on", "customer_id")
        .annotate(owed=Sum(_DUE))
    )
    ages = [[0, 0] for _ in _AGES]
    behind: set[int] = set()
    for due_on, customer_id, owed in rows:
        at = _age((today - due_on).days)
        ages[at][0] += 1
        ages[at][1] += owed
        if at:
            behind.add(customer_id)
    return Overdue(
        customers=len(behind),
        owed=Money(sum(owed for _, owed in ages[1:]), currency),
        ages=[
            Age(first or 0, last, count, Money(owed, currency))
            for (first, last), (count, owed) in zip(_AGES, ages, strict=True)
        ],
    )


def _age(days: int) -> int:
    return next(at for at, (_, last) in enumerate(_AGES) if last is None or days <= last)


def owed_by(customer_ids: Iterable[int]) -> dict[int, int]:
    """Minor units unpaid on invoices, by customer; who owes nothing is left out."""
    rows = Invoice.objects.filter(UNPAID, customer_id__in=set(customer_ids))
    return dict(rows.values_list("customer_id").annotate(owed=Sum(_DUE)))


def behind_by(customer_ids: Iterable[int], today: date) -> dict[int, int]:
    """Minor units that each customer owes: on invoices, and on renewals whose period began."""
    keys = set(customer_ids)
    owed = owed_by(keys)
    rows = ProForma.objects.filter(
        customer_id__in=keys,
        state=ProForma.OPEN,
        start__lte=today,
        subscription__state__in=RUNNING,
    )
    for key, asked in rows.values_list("customer_id").annotate(asked=Sum("total_minor")):
        owed[key] = owed.get(key, 0) + asked
    return owed


def debtors(entity_id: int, currency: str, today: date, *, key: str = "") -> Page[Debtor]:
    """Customers with invoices past their day, the longest behind first."""
    rows = (
        Invoice.objects.filter(UNPAID, entity_id=entity_id, due_on__lt=today)
        .values("customer_id")
        .annotate(oldest=Min("due_on"), owed=Sum(_DUE), documents=Count("pk"))
    )
    return _page(rows, currency, today, key)


def lapsed(entity_id: int, currency: str, today: date, *, key: str = "") -> Page[Debtor]:
    """Customers whose renewal was asked for and whose period began without being paid."""
    rows = (
        ProForma.objects.filter(
            entity_id=entity_id,
            state=ProForma.OPEN,
            start__lte=today,
            subscription__state__in=RUNNING,
        )
        .values("customer_id")
        .annotate(
            oldest=Min("start"), owed=Sum("total_minor"), documents=Count("number", distinct=True)
        )
    )
    return _page(rows, currency, today, key)


def _page(rows: QuerySet[Any, Any], currency: str, today: date, key: str) -> Page[Debtor]:
    """Three queries: who, their names, their phones; and the state of their service."""
    day, _, last = key.partition("~")
    if last:
        past = Q(oldest__gt=day) | Q(oldest=day, customer_id__gt=before(last) or 0)
        rows = rows.filter(past)
    found = list(rows.order_by("oldest", "customer_id")[: ROWS + 1])
    keys = [row["customer_id"] for row in found]
    customers = Customer.objects.in_bulk(keys)
    phones = phones_of(keys)
    states = worst_states(keys)
    return cut(
        [
            Debtor(
                customer_id=row["customer_id"],
                account=customers[row["customer_id"]].account_number,
                name=customers[row["customer_id"]].name,
                phone=phones.get(row["customer_id"], ""),
                owed=Money(row["owed"], currency),
                oldest=row["oldest"],
                days=(today - row["oldest"]).days,
                documents=row["documents"],
                state=states.get(row["customer_id"], ""),
            )
            for row in found
        ],
        lambda row: f"{row.oldest.isoformat()}~{row.customer_id}",
    )


# What matters most of several services of one customer.
_ORDER = ("walled", "grace", "pending_payment", "good", "paused", "ended")
_WORST = {key: at for at, key in enumerate(_ORDER)}


def worst_states(customer_ids: Iterable[int]) -> dict[int, str]:
    """The worst of each customer's services: walled, grace, pending_payment, good, paused or
    ended."""
    rows = Subscription.objects.filter(customer_id__in=set(customer_ids))
    states: dict[int, str] = {}
    for customer_id, state, standing in rows.values_list("customer_id", "state", "standing"):
        word = service_word(state, standing)
        known = states.get(customer_id)
        if known is None or _WORST[word] < _WORST[known]:
            states[customer_id] = word
    return states


def worst_state(services: Iterable[tuple[str, str]]) -> str:
    """The worst of some services, given as state and standing; ended when there is none."""
    return min((service_word(*one) for one in services), key=_WORST.__getitem__, default="ended")


def service_word(state: str, standing: str) -> str:
    """One word for a subscription's state and standing, as screens name it."""
    if state == Subscription.SUSPENDED:
        return "walled"
    if state == Subscription.ACTIVE:
        return "grace" if standing == "grace" else "good"
    return state
