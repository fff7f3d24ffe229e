"""What a subscription's period costs: plan price and taxes as of the period's start."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import cached_property, lru_cache

from waya.billing.rules.drafts import Charged, charge
from waya.billing.rules.renewal import Bought, cycle_of
from waya.billing.rules.tax.stack import Stack
from waya.billing.rules.tax.supply import Supply, carried
from waya.catalog.models import Plan
from waya.catalog.queries import Priced, on_day, prices, rates_recorded
from waya.kernel.periods import Period
from waya.org.rows.remembered import Remembered


class PriceList:
    """Prices and taxes of some plans, read once and then asked for each line.

    The price is the one that holds on the period's first day; the tax the one that holds on
    the tax point, which is the invoice's date.
    """

    def __init__(self, plans: Iterable[Plan], country: str) -> None:
        self.plans = {plan.pk: plan for plan in plans}
        self.country = country
        self.charged: dict[tuple[int, Period, date, bool], Charged] = {}

    @cached_property
    def prices(self) -> dict[int, list[Priced]]:
        """Every price of each plan, newest first."""
        return prices(self.plans)

    def charge(self, plan: Plan, bought: Bought, *, tax_point: date, whole: bool) -> Charged:
        """Price a period of a plan; `whole` says that it is a cycle of its own.

        Thousands have the same plan and period, so each is worked out once.
        """
        key = (plan.pk, bought.period, tax_point, whole)
        if key not in self.charged:
            self.charged[key] = self._charge(plan, bought, tax_point, whole)
        return self.charged[key]

    def _charge(self, plan: Plan, bought: Bought, tax_point: date, whole: bool) -> Charged:
        period = bought.period
        cycle = period if whole else cycle_of(
            period, anchor_day=bought.anchor_day, months=plan.months
        )  # fmt: skip
        price = on_day(self.prices.get(plan.pk, []), period.start)
        return charge(
            price.amount,
            inclusive=price.tax_inclusive,
            price_from=price.valid_from,
            part=period,
            cycle=cycle,
            rates=self.rates(plan.tax_class, tax_point),
        )

    def rates(self, tax_class: str, day: date) -> Stack:
        """The taxes on a class of supply on a day, as they stack."""
        return stacks((self.country, tax_class, day))


def _stack(key: tuple[str, str, date]) -> Stack:
    country, tax_class, day = key
    supply = Supply(place=country, day=day, seller=country)
    return carried(rates_recorded(country, [tax_class]), tax_class, supply).stack


stacks = Remembered(_stack)
"""The taxes of a country on a class of supply on a day."""


def described(plan: Plan, period: Period) -> str:
    """The line's words: `Home 10 Mbps, 10 Nov – 10 Dec 2026`; half-open, as people say it."""
    return f"{plan.name}, {_spoken(period)}"


@lru_cache(4096)
def _spoken(period: Period) -> str:
    start, end = period.start, period.end
    first = f"{start.day} {start:%b}" + (f" {start.year}" if start.year != end.year else "")
    return f"{first} – {end.day} {end:%b %Y}"
