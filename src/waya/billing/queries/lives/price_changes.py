"""Who pays what after a price change: shown before it is made."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from django.db.models import Count

from waya.billing.queries.pricing import PriceList
from waya.catalog.models import PlanVersion
from waya.catalog.queries import Version
from waya.catalog.rules.plans import NOTHING
from waya.catalog.rules.prices import cost
from waya.kernel.money import Money, rounded
from waya.subscriptions.models import Subscription
from waya.subscriptions.queries import RUNNING

# So many of those who would pay most more are named.
NAMED = 20


@dataclass(frozen=True, slots=True)
class Moved:
    """Alike subscriptions: how many, and what each pays for a period, now and then."""

    version: Version
    quantity: int
    many: int
    now: Money
    then: Money

    @property
    def difference(self) -> Money:
        """What each pays more, or less."""
        return self.then - self.now


@dataclass(frozen=True, slots=True)
class Payer:
    """One of those who would pay most more."""

    customer: str
    account: str
    username: str
    now: Money
    then: Money


@dataclass(frozen=True, slots=True)
class Preview:
    """What a price change comes to: for a period of everybody it moves, groups that are alike
    with the greatest difference first, and who is in the first of them."""

    version: Version
    on: date
    many: int
    now: Money
    then: Money
    groups: tuple[Moved, ...]
    payers: tuple[Payer, ...]

    @property
    def difference(self) -> Money:
        """What all of them pay more for a period, or less."""
        return self.then - self.now


def preview(version_id: int, on: date) -> Preview:
    """What moving everybody to a version from a day on comes to; three queries and one for each
    group that is named from."""
    row = PlanVersion.objects.select_related("plan__entity").get(pk=version_id)
    prices = PriceList([row.plan], row.plan.entity.country)
    to = prices.versions[version_id]
    held: dict[tuple[int, int], int] = defaultdict(int)
    members: dict[tuple[int, int], list[int]] = defaultdict(list)
    rows = Subscription.objects.filter(plan=row.plan, state__in=(*RUNNING, Subscription.PAUSED))
    for key, quantity, many in rows.values_list("version_id", "quantity").annotate(Count("pk")):
        now = prices.at(key, on)
        if now.number < to.number:
            held[now.id, quantity] += many
            members[now.id, quantity].append(key)
    groups = [
        Moved(prices.versions[key], quantity, many, _each(prices.versions[key], quantity),
              _each(to, quantity))
        for (key, quantity), many in held.items()
    ]  # fmt: skip
    groups.sort(key=lambda one: (-one.difference.minor, one.version.number))
    payers: list[Payer] = []
    for group in groups:
        alike = rows.filter(
            version_id__in=members[group.version.id, group.quantity], quantity=group.quantity
        ).select_related("customer")
        for one in alike.order_by("pk")[: NAMED - len(payers)]:
            payers.append(Payer(one.customer.name, one.customer.account_number, one.username,
                                group.now, group.then))  # fmt: skip
    currency = to.price.currency
    return Preview(
        to, on, sum(one.many for one in groups),
        Money(sum(one.now.minor * one.many for one in groups), currency),
        Money(sum(one.then.minor * one.many for one in groups), currency),
        tuple(groups), tuple(payers),
    )  # fmt: skip


def _each(version: Version, quantity: int) -> Money:
    """What recurs for a quantity, for a period and before any promotion."""
    charges = (one for one in version.terms.charges if one.recurring)
    exact = sum((cost(one, NOTHING + quantity) for one in charges), NOTHING)
    return Money(rounded(exact), version.price.currency)
