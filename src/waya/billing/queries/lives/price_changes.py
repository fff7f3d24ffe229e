"""Who pays what after a price change: shown before it is made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction

from django.db.models import Count, Q, QuerySet

from waya.billing.queries.pricing import PriceList
from waya.billing.rules.engine.grids import later
from waya.billing.rules.engine.prices import of_cycle
from waya.catalog.models import Plan, PlanVersion
from waya.catalog.queries import Version
from waya.catalog.rules.add_ons import fitted
from waya.catalog.rules.plans import Interval, Unit
from waya.kernel import clock
from waya.kernel.money import Money, rounded
from waya.kernel.periods import Period
from waya.subscriptions.models import AddOn, Subscription
from waya.subscriptions.queries import RUNNING

# So many of those who would pay most more are named.
NAMED = 20
_HAVING = (*RUNNING, Subscription.PAUSED)


@dataclass(frozen=True, slots=True)
class Moved:
    """Alike subscriptions, or add-ons on them: how many, how long their periods are, and what
    each pays for one, now and then."""

    version: Version
    quantity: int
    interval: Interval
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
class Kept:
    """Those who have the plan as a part of a bundle: the price of that is its own, and stays."""

    plan: Plan
    many: int
    price: Money


@dataclass(frozen=True, slots=True)
class Preview:
    """What a price change comes to, taxes included: for a period of everybody it moves, groups
    that are alike with the greatest difference first, who is in the first of them, and whom it
    does not move because they have the plan within a bundle."""

    version: Version
    on: date
    many: int
    now: Money
    then: Money
    groups: tuple[Moved, ...]
    payers: tuple[Payer, ...]
    bundles: tuple[Kept, ...]

    @property
    def difference(self) -> Money:
        """What all of them pay more for a period, or less."""
        return self.then - self.now


def preview(version_id: int, on: date) -> Preview:
    """What moving everybody to a version from a day on comes to: those who have the plan, or
    have it on top of another, and have neither ended by that day.

    It is what recurs, before promotions, phases and what exempts one customer from a tax; a
    price by the day is that of the days of a period from then. A handful of queries, and one
    for each group that is named from.
    """
    row = PlanVersion.objects.select_related("plan__entity").get(pk=version_id)
    clerk = _Clerk(row.plan, on)
    to = clerk.prices.versions[version_id]
    many: dict[_Alike, int] = defaultdict(int)
    members: dict[_Alike, list[int]] = defaultdict(list)
    for key, quantity, unit, count, found in _counted(row.plan, on):
        now = clerk.prices.at(key, on)
        if now.number < to.number:
            alike = (now.id, quantity, Interval(unit, count))
            many[alike] += found
            members[alike].append(key)
    groups = [clerk.moved(alike, found, to) for alike, found in many.items()]
    groups.sort(key=lambda one: (-one.difference.minor, one.version.number))
    payers: list[Payer] = []
    for group in groups:
        keys = members[group.version.id, group.quantity, group.interval]
        payers += _named(row.plan, on, group, keys, NAMED - len(payers))
    currency = to.price.currency
    return Preview(
        to, on, sum(one.many for one in groups),
        Money(sum(one.now.minor * one.many for one in groups), currency),
        Money(sum(one.then.minor * one.many for one in groups), currency),
        tuple(groups), tuple(payers), tuple(_kept(row.plan, on)),
    )  # fmt: skip


_Alike = tuple[int, int, Interval]


def _having(plan: Plan, on: date) -> QuerySet[Subscription]:
    rows = Subscription.objects.filter(plan=plan, state__in=_HAVING)
    return rows.exclude(next_version=None, next_on__lte=on)


def _on_top(plan: Plan, on: date) -> QuerySet[AddOn]:
    rows = AddOn.objects.filter(plan=plan, subscription__state__in=_HAVING)
    ended = Q(subscription__next_version=None, subscription__next_on__lte=on)
    return rows.exclude(state=AddOn.OVER).exclude(end__lte=on).exclude(ended)


def _counted(plan: Plan, on: date) -> Iterable[tuple[int, int, Unit, int, int]]:
    """How many have each version and quantity of a plan, by the periods that they pay for."""
    if plan.add_on:
        periods = ("subscription__plan__unit", "subscription__plan__count")
        rows = _on_top(plan, on).values_list("version_id", "quantity", *periods)
        return rows.annotate(Count("pk"))
    alone = _having(plan, on).values_list("version_id", "quantity", "plan__unit", "plan__count")
    return alone.annotate(Count("pk"))


def _named(plan: Plan, on: date, group: Moved, versions: list[int], most: int) -> Iterable[Payer]:
    """So many of those who are in a group, the earliest first."""
    alike = Q(version_id__in=versions, quantity=group.quantity)
    if plan.add_on:
        of = Q(subscription__plan__unit=group.interval.unit,
               subscription__plan__count=group.interval.count)  # fmt: skip
        rows = _on_top(plan, on).filter(alike, of).select_related("subscription__customer")
        who = [one.subscription for one in rows.order_by("pk")[:most]]
    else:
        who = list(_having(plan, on).filter(alike).select_related("customer").order_by("pk")[:most])
    for one in who:
        yield Payer(one.customer.name, one.customer.account_number, one.username, group.now,
                    group.then)  # fmt: skip


def _kept(plan: Plan, on: date) -> Iterable[Kept]:
    """The bundles that hold a plan, and how many have each at which price."""
    for bundle in Plan.objects.filter(parts__part=plan).select_related("entity").order_by("pk"):
        clerk = _Clerk(bundle, on)
        many: dict[tuple[Version, int], int] = defaultdict(int)
        for key, quantity, _, _, found in _counted(bundle, on):
            many[clerk.prices.at(key, on), quantity] += found
        for (version, quantity), found in many.items():
            price = clerk.period(version, quantity, version.terms.interval)
            yield Kept(bundle, found, price)


class _Clerk:
    """Says what a period of a plan costs that begins on a day."""

    def __init__(self, plan: Plan, on: date) -> None:
        self.plan, self.on = plan, on
        self.prices = PriceList([plan], plan.entity.country)
        self.tax_point = max(on, clock.today(plan.entity.zone))

    def moved(self, alike: _Alike, many: int, to: Version) -> Moved:
        """A group that goes from one version to another."""
        key, quantity, interval = alike
        own = self.prices.versions[key]
        now, then = (self.period(one, quantity, interval) for one in (own, to))
        return Moved(own, quantity, interval, many, now, then)

    def period(self, version: Version, quantity: int, interval: Interval) -> Money:
        """What recurs of a version for a quantity, for a period of this length, as its lines
        are billed: each rounded, and with its taxes."""
        terms, pricing = version.terms, self.prices.pricing(version, self.tax_point)
        if self.plan.add_on:
            terms = fitted(terms, interval, quantity)
        end = max(later(self.on, interval), self.on + timedelta(days=1))
        total = Money(0, version.price.currency)
        for charge in terms.charges:
            if charge.recurring:
                exact = of_cycle(terms, charge, Fraction(quantity), Period(self.on, end))
                supply = charge.tax_class or self.plan.tax_class
                own = replace(pricing, rates=self.prices.rates(supply, self.tax_point))
                total += own.taxed(rounded(exact)).gross
        return total
