"""The owner's day: money against last week's, who is behind, and how fast money restores."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.core.cache import cache
from django.db import connection
from django.db.models import Count, Q, Sum

from waya.kernel import clock
from waya.kernel.money import Money
from waya.org.models import Entity
from waya.payments.models import Payment

DAYS = 30
_PAST_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Takings:
    """What arrived on a day, in minor units by provider."""

    day: date
    by_provider: dict[str, int]

    @property
    def total(self) -> int:
        """All of it."""
        return sum(self.by_provider.values())


@dataclass(frozen=True, slots=True)
class Collected:
    """Today beside the same weekday of last week up to the same hour, and thirty days."""

    today: Money
    before: Money
    payments: int
    days: list[Takings]


@dataclass(frozen=True, slots=True)
class Restored:
    """How long it took today from the payment to the router's proof."""

    count: int
    p95: timedelta | None


_RESTORED = """
select count(*), percentile_disc(0.95) within group (
           order by (proof.why->>'ms')::bigint * interval '1 millisecond')
  from org_auditrecord proof
  join org_auditrecord back on back.id = proof.cause_id and back.action = 'subscription.restored'
  join org_auditrecord paid on paid.id = back.cause_id and paid.action like 'payment.%%'
 where proof.action = 'access.confirmed' and proof.entity_id = %s and paid.at >= %s
"""


@dataclass(frozen=True, slots=True)
class Service:
    """How many subscriptions run unwalled, how many customers are walled, and how many let a
    renewal pass that asked for so many minor units."""

    paid_up: int
    walled: int
    lapsed: int
    asked: int


_SERVICE = """
select
    (select count(*) from subscriptions_subscription
      where entity_id = %(entity)s and state = 'active'),
    (select count(distinct customer_id) from subscriptions_subscription
      where entity_id = %(entity)s and state = 'suspended'),
    count(distinct f.customer_id), coalesce(sum(f.total_minor), 0)::bigint
  from billing_proforma f join subscriptions_subscription s on s.id = f.subscription_id
 where f.entity_id = %(entity)s and f.state = 'open' and f.start <= %(today)s
   and s.state in ('active', 'suspended')
"""


def collected(entity: Entity, now: datetime) -> Collected:
    """Today is read anew each time; the days before it at most every five minutes."""
    today = clock.today(entity.zone)
    week_ago = today - timedelta(days=7)
    rows = (
        Payment.objects.filter(entity=entity, value_on__in=[today, week_ago])
        .values_list("value_on", "provider")
        .annotate(
            total=Sum("amount_minor"),
            many=Count("pk"),
            by_now=Sum("amount_minor", filter=Q(paid_at__lte=now - timedelta(days=7))),
        )
        .order_by()
    )
    now_in, count, before = dict[str, int](), 0, 0
    for day, provider, total, many, by_now in rows:
        if day == today:
            now_in[provider] = total
            count += many
        else:
            before += by_now or 0
    key = f"takings:{entity.pk}:{today}"
    past: list[Takings] | None = cache.get(key)
    if past is None:
        past = _by_day(entity.pk, today - timedelta(days=DAYS - 1), today - timedelta(days=1))
        cache.set(key, past, _PAST_SECONDS)
    takings = Takings(today, now_in)
    return Collected(
        today=Money(takings.total, entity.currency),
        before=Money(before, entity.currency),
        payments=count,
        days=[*past, takings],
    )


def _by_day(entity_id: int, first: date, last: date) -> list[Takings]:
    rows = (
        Payment.objects.filter(entity_id=entity_id, value_on__range=(first, last))
        .values_list("value_on", "provider")
        .annotate(total=Sum("amount_minor"))
        .order_by()
    )
    found: dict[date, dict[str, int]] = {}
    for day, provider, total in rows:
        found.setdefault(day, {})[provider] = total
    many = (last - first).days + 1
    every = (first + timedelta(days=at) for at in range(many))
    return [Takings(day, found.get(day, {})) for day in every]


def restored(entity_id: int, since: datetime) -> Restored:
    """Restores that were proven since a moment."""
    with connection.cursor() as cursor:
        cursor.execute(_RESTORED, [entity_id, since])
        count, p95 = cursor.fetchone()
    return Restored(count, p95)


def service(entity_id: int, today: date) -> Service:
    """One query over indexes of what runs and of what is asked for."""
    with connection.cursor() as cursor:
        cursor.execute(_SERVICE, {"entity": entity_id, "today": today})
        return Service(*cursor.fetchone())


def providers(days: Iterable[Takings]) -> list[str]:
    """Every provider that brought something, in a fixed order."""
    return sorted({name for day in days for name in day.by_provider}, reverse=True)
