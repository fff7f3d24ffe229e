"""What subscriptions are charged by: versions of plans, price changes, and taxes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from functools import cached_property, lru_cache
from typing import Any

from waya.billing.rules.drafts import Charged, Pricing
from waya.billing.rules.engine.line import Line
from waya.billing.rules.engine.whole import Whole
from waya.billing.rules.hours import Hours, length_words
from waya.billing.rules.lives import ONCE
from waya.billing.rules.tax.stack import Stack
from waya.billing.rules.tax.supply import Supply, carried
from waya.catalog.models import Plan
from waya.catalog.queries import Version, price_changes, rates_recorded, versions
from waya.catalog.rules.plans import Charge
from waya.catalog.rules.versions import FEE
from waya.kernel.periods import Period
from waya.org.rows.remembered import Remembered


class PriceList:
    """The versions of some plans and their taxes, read once and then asked for each line.

    The version is the one that the subscription has, moved on by price changes, on the period's
    first day; the tax the one that holds on the tax point, which is the invoice's date.
    """

    def __init__(self, plans: Iterable[Plan], country: str) -> None:
        self.plans = {plan.pk: plan for plan in plans}
        self.country = country
        self._charged: dict[tuple[int, date, date, date], Charged] = {}
        self._moved: dict[tuple[int, date], Version] = {}
        self._pricing: dict[tuple[int, date], Pricing] = {}
        # What was worked out for one subscription, by all that it follows from: those who
        # joined on the same day of the same plan owe the same.
        self.alike: dict[tuple[object, ...], Any] = {}

    @cached_property
    def versions(self) -> dict[int, Version]:
        """Every version of each plan, by its key."""
        return versions(self.plans.values())

    @cached_property
    def changes(self) -> dict[int, list[tuple[date, Version]]]:
        """The price changes of each plan, newest first: the day, and to which version."""
        found: dict[int, list[tuple[date, Version]]] = {}
        for on, key in price_changes(self.plans):
            version = self.versions[key]
            found.setdefault(version.plan_id, []).append((on, version))
        return found

    def at(self, version_id: int, day: date) -> Version:
        """What one who has a version is charged by, for a period that begins on a day."""
        key = (version_id, day)
        if key not in self._moved:
            own = self.versions[version_id]
            newer = (
                version
                for on, version in self.changes.get(own.plan_id, [])
                if on <= day and version.number > own.number
            )
            self._moved[key] = next(newer, own)
        return self._moved[key]

    def ahead(self, version_id: int, since: date) -> tuple[date, Version] | None:
        """The next price change after a day, for one who has a version."""
        now = self.at(version_id, since)
        later = [
            (on, version)
            for on, version in self.changes.get(now.plan_id, [])
            if on > since and version.number > now.number
        ]
        return min(later, key=lambda one: one[0]) if later else None

    def moves(self, version: Version, since: date, until: date) -> bool:
        """Whether a price change moves one who has a version, after a day and up to another."""
        if version.plan_id not in self.changes:
            return False
        ahead = self.ahead(version.id, since)
        return ahead is not None and ahead[0] <= until

    def pricing(self, version: Version, tax_point: date) -> Pricing:
        """How amounts of a version become lines of a document of a day."""
        key = (version.id, tax_point)
        if key not in self._pricing:
            plan = self.plans[version.plan_id]
            self._pricing[key] = Pricing(
                version.number, version.valid_from, version.tax_inclusive,
                version.price.currency, self.rates(plan.tax_class, tax_point),
            )  # fmt: skip
        return self._pricing[key]

    def whole(self, version: Version, whole: Whole[Any], tax_point: date) -> Charged:
        """A whole period of a plain version. Thousands have the same, so each is worked out
        once."""
        key = (version.id, whole.start, whole.end, tax_point)
        if key not in self._charged:
            self._charged[key] = self.pricing(version, tax_point).whole(whole)
        return self._charged[key]

    def part(self, version: Version, charge: str) -> Charge | None:
        """The part of a bundle that a charge of a version is for; None if it is for no part."""
        phased = (one for phase in version.terms.phases for one in phase.charges or ())
        found = (one for one in (*version.terms.charges, *phased) if one.code == charge)
        return next((one for one in found if one.tax_class), None)

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


def described_hours(plan: Plan, hours: Hours, zone: str) -> str:
    """The same by the hour: `Kiosk, 3 hours, 22 Nov 2026 14:35 – 17:35`, by a zone's clocks."""
    return f"{plan.name}, {length_words(hours.until - hours.since)}, {hours.spoken(zone)}"


def redated(words: str, asked: Period, had: Period) -> str:
    """The words of a line that was asked for some days and is had for others."""
    return words.replace(_spoken(asked), _spoken(had))


def worded(plan: Plan, line: Line, named: str | None = None) -> str:
    """The words of any line of the engine; a part of a bundle is named after itself."""
    if "seconds" in line.why and line.kind not in ONCE:
        return _asked(plan, line)
    return _worded(plan, line) if named is None else _named(named, line)


def _named(name: str, line: Line) -> str:
    """The words of a line of a part of a bundle."""
    match line.kind:
        case "discount":
            return f"Discount {line.why['discount']}, {name}, {_spoken(line.period)}"
        case "usage":
            return f"{name}: {line.why['used']}, {_spoken(line.period)}"
        case "one_off" | "deposit":
            return name
        case _:
            return f"{name}, {_spoken(line.period)}"


def _worded(plan: Plan, line: Line) -> str:
    match line.kind:
        case "discount":
            return f"Discount {line.why['discount']}, {_spoken(line.period)}"
        case "usage":
            return f"{plan.name}, {line.charge}: {line.why['used']}, {_spoken(line.period)}"
        case "true_up":
            return f"{plan.name}, minimum, {_spoken(line.period)}"
        case "one_off":
            return f"{plan.name}, {line.charge}"
        case "deposit":
            return f"Deposit, {line.charge}"
        case _ if line.charge == "fee":
            return described(plan, line.period)
        case _:
            return f"{plan.name}, {line.charge}, {_spoken(line.period)}"


def _asked(plan: Plan, line: Line) -> str:
    """The words of hours that are asked for: nobody knows yet when they begin."""
    length = length_words(timedelta(seconds=line.why["seconds"]))
    if line.kind == "discount":
        return f"Discount {line.why['discount']}, {length}"
    return (
        f"{plan.name}, {length}" if line.charge == FEE else f"{plan.name}, {line.charge}, {length}"
    )


@lru_cache(4096)
def _spoken(period: Period) -> str:
    start, end = period.start, period.end
    first = f"{start.day} {start:%b}" + (f" {start.year}" if start.year != end.year else "")
    return f"{first} – {end.day} {end:%b %Y}"
