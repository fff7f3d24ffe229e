"""The register of customers, and one customer's page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.core.cache import cache
from django.db import connection
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.utils import timezone

from waya.billing.models import ProForma
from waya.kernel.money import Money
from waya.network.queries import access_states
from waya.parties.models import Contact, Customer, Site
from waya.parties.queries import phones_of
from waya.reports.queries.owing import (
    behind_by,
    service_word,
    worst_state,
    worst_states,
)
from waya.reports.queries.paging import ROWS, Page, before, cut
from waya.subscriptions.models import Subscription

_FEW = 5000
_COUNTED_SECONDS = 10

# The chips of the register, and which subscriptions each one means.
STATES: dict[str, Q] = {
    "good": Q(state=Subscription.ACTIVE, standing="good"),
    "grace": Q(state=Subscription.ACTIVE, standing="grace"),
    "walled": Q(state=Subscription.SUSPENDED),
    "paused": Q(state=Subscription.PAUSED),
    "pending_payment": Q(state=Subscription.PENDING),
    "ended": Q(state=Subscription.ENDED),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A customer as the register shows them; `state` is the worst of their services."""

    customer_id: int
    account: str
    name: str
    phone: str
    site: str
    plans: str
    state: str
    online: bool
    owed: Money
    paid_through: date | None


@dataclass(frozen=True, slots=True)
class Ahead:
    """A renewal that is asked for: how much, for a period that begins on a day; once it has
    begun without being paid, it is late and part of what is owed."""

    amount: Money
    on: date
    number: str
    late: bool


@dataclass(frozen=True, slots=True)
class Profile:
    """A customer: who, where, and their money."""

    customer: Customer
    contacts: list[Contact]
    site: Site | None
    subscriptions: list[Subscription]
    state: str
    owed: Money
    oldest_due: date | None
    credit: Money
    ahead: Ahead | None
    paid_in_a_year: Money
    invoices: int
    payments: int
    messages: int


_SUMS = """
select
    (select count(*) from billing_invoice where customer_id = %(customer)s),
    (select count(*) from payments_payment where customer_id = %(customer)s),
    (select count(*) from messaging_message where customer_id = %(customer)s),
    (coalesce(sum(i.total_minor - i.paid_minor), 0)
     + coalesce((select sum(f.total_minor) from billing_proforma f
                   join subscriptions_subscription s on s.id = f.subscription_id
                  where f.customer_id = %(customer)s and f.state = 'open'
                    and f.start <= %(today)s and s.state in ('active', 'suspended')),
                0))::bigint,
    min(i.due_on),
    coalesce((select amount_minor from billing_credit where customer_id = %(customer)s), 0),
    coalesce((select sum(amount_minor) from payments_payment
               where customer_id = %(customer)s and value_on > %(year_ago)s), 0)::bigint
  from billing_invoice i where i.customer_id = %(customer)s and i.paid_minor < i.total_minor
"""


@dataclass(frozen=True, slots=True)
class _Sums:
    invoices: int
    payments: int
    messages: int
    owed: int
    oldest_due: date | None
    credit: int
    paid: int


def register(
    entity_id: int,
    currency: str,
    today: date,
    *,
    state: str = "",
    only: list[int] | None = None,
    key: str = "",
) -> Page[Row]:
    """Customers by name; `only` those found by a search, in its order, without paging.

    Ten queries, however many customers there are.
    """
    rows = Customer.objects.filter(entity_id=entity_id)
    if state in STATES:
        rows = rows.filter(_who_has(entity_id, state))
    if only is not None:
        found = rows.in_bulk(only)
        return Page(_rows([found[one] for one in only if one in found], currency, today))
    page = cut(_after(rows, key), lambda row: f"{row.pk}~{row.name}")
    return Page(_rows(page.rows, currency, today), page.next_key)


def _who_has(entity_id: int, state: str) -> Q | Exists:
    """Customers with a service in a state: the few are listed first, the many met on the way
    through the register."""
    mine = Subscription.objects.filter(STATES[state], entity_id=entity_id)
    few = list(mine.values_list("customer_id", flat=True)[: _FEW + 1])
    if len(few) <= _FEW:
        return Q(pk__in=few)
    return Exists(mine.filter(customer_id=OuterRef("pk")))


def _after(rows: QuerySet[Customer], key: str) -> list[Customer]:
    last, _, name = key.partition("~")
    if (pk := before(last)) is not None:
        rows = rows.filter(name__gte=name).exclude(name=name, pk__lte=pk)
    return list(rows.order_by("name", "pk")[: ROWS + 1])


def _rows(customers: list[Customer], currency: str, today: date) -> list[Row]:
    keys = [one.pk for one in customers]
    phones, owed, states = phones_of(keys), behind_by(keys, today), worst_states(keys)
    services: dict[int, list[Subscription]] = {}
    mine = Subscription.objects.filter(customer_id__in=keys).exclude(state=Subscription.ENDED)
    for one in mine.select_related("plan", "site").order_by("pk"):
        services.setdefault(one.customer_id, []).append(one)
    access = access_states([one.public_id for many in services.values() for one in many])
    online = {owner for owner, state in access.items() if state.presence == "online"}
    return [
        Row(
            customer_id=one.pk,
            account=one.account_number,
            name=one.name,
            phone=phones.get(one.pk, ""),
            site=", ".join(dict.fromkeys(has.site.name for has in services.get(one.pk, []))),
            plans=", ".join(dict.fromkeys(has.plan.name for has in services.get(one.pk, []))),
            state=states.get(one.pk, "ended"),
            online=any(has.public_id in online for has in services.get(one.pk, [])),
            owed=Money(owed.get(one.pk, 0), currency),
            paid_through=min(
                (day for has in services.get(one.pk, []) if (day := _paid_to(has))), default=None
            ),
        )
        for one in customers
    ]


def state_counts(entity_id: int) -> dict[str, int]:
    """How many subscriptions there are in each state that the register filters by; counted
    anew after some seconds."""
    key = f"states:{entity_id}"
    known: dict[str, int] | None = cache.get(key)
    if known is not None:
        return known
    rows = Subscription.objects.filter(entity_id=entity_id).values_list("state", "standing")
    counts = dict.fromkeys(STATES, 0)
    for state, standing, count in rows.annotate(many=Count("pk")).order_by():
        counts[service_word(state, standing)] += count
    cache.set(key, counts, _COUNTED_SECONDS)
    return counts


def profile(entity_id: int, account: str, currency: str, today: date) -> Profile | None:
    """One customer by account number; None for one that this company does not have."""
    rows = Customer.objects.filter(entity_id=entity_id, account_number=account)
    customer = rows.select_related("branch").first()
    if customer is None:
        return None
    has = list(
        Subscription.objects.filter(customer=customer)
        .select_related("plan", "site", "router", "version", "next_version__plan")
        .order_by("-pk")
    )
    sums = _sums(customer.pk, today)
    return Profile(
        customer=customer,
        contacts=list(Contact.objects.filter(customer=customer).order_by("-primary", "pk")),
        site=_site(customer, has),
        subscriptions=sorted(has, key=lambda one: one.state == Subscription.ENDED),
        state=worst_state((one.state, one.standing) for one in has),
        owed=Money(sums.owed, currency),
        oldest_due=sums.oldest_due,
        credit=Money(sums.credit, currency),
        ahead=_ahead(customer.pk, currency, today),
        paid_in_a_year=Money(sums.paid, currency),
        invoices=sums.invoices,
        payments=sums.payments,
        messages=sums.messages,
    )


def _site(customer: Customer, has: list[Subscription]) -> Site | None:
    """Where they are: their first subscription's site, read with it; else the first they have."""
    if has:
        return has[-1].site
    return Site.objects.filter(customer=customer).order_by("pk").first()


def _ahead(customer_id: int, currency: str, today: date) -> Ahead | None:
    rows = ProForma.objects.filter(customer_id=customer_id, state=ProForma.OPEN)
    documents = rows.values("number", "start").annotate(asked=Sum("total_minor"))
    first = documents.order_by("start", "number").first()
    if first is None:
        return None
    return Ahead(
        Money(first["asked"], currency), first["start"], first["number"], first["start"] <= today
    )


def _sums(customer_id: int, today: date) -> _Sums:
    """Everything that is a number, in one round trip."""
    year_ago = today - timedelta(days=365)
    with connection.cursor() as cursor:
        cursor.execute(_SUMS, {"customer": customer_id, "year_ago": year_ago, "today": today})
        return _Sums(*cursor.fetchone())


def _paid_to(row: Subscription) -> date | None:
    """The first day that is not paid for; by the hour the day on which the hours end."""
    return row.paid_through or (row.paid_until and timezone.localdate(row.paid_until))
