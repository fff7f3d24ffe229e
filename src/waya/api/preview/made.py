"""The engine's terms, plans and events, made of what a preview is asked with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from waya.api.preview.asked import ChargeAsked, EventAsked, PlanAsked, PreviewAsked
from waya.api.preview.faults import fault
from waya.billing.rules.engine.events import Event, Usage, midnight
from waya.billing.rules.engine.terms import Anchor, BillingTerms, Proration
from waya.catalog.rules.plans import Charge, Discount, Interval, Phase, PlanTerms, Tier
from waya.kernel.money import decimals

# Without a zone on purpose: what is previewed happens at no place.
FIRST, LAST = datetime(1970, 1, 1), datetime(2200, 1, 1)  # noqa: DTZ001
# Lines; more would take longer than anybody waits, and be read by nobody.
MOST_LINES = 3_000
UNITS: dict[str, tuple[Literal["month", "week", "day", "hour"], int]] = {
    "hour": ("hour", 1), "day": ("day", 1), "week": ("week", 1), "month": ("month", 1),
    "quarter": ("month", 3), "year": ("month", 12),
}  # fmt: skip
_NOT_TERMS = {
    "anchor", "proration", "data_price", "minimum_invoice", "late_fee", "tax_point",
    "tax_rounding",
}  # fmt: skip
DAYS_OF = {"month": Fraction(28), "week": Fraction(7), "day": Fraction(1), "hour": Fraction(1, 24)}


def terms(asked: PreviewAsked) -> BillingTerms:
    """The engine's terms of what was asked."""
    policy, currency = asked.policy, asked.currency
    chosen = policy.model_dump(exclude=_NOT_TERMS)
    price = policy.data_price
    if policy.leftover == "data" and price is None:
        raise fault("Turning value into data needs the price of a unit.", "policy", "data_price")
    return BillingTerms(
        currency,
        Anchor(**policy.anchor.model_dump()),
        Proration(**policy.proration.model_dump()),
        data_price=None if price is None else exact(price, currency),
        minimum_invoice=whole(policy.minimum_invoice, currency, "policy", "minimum_invoice"),
        **chosen,
    )


def exact(major: Decimal, currency: str) -> Fraction:
    """Exact minor units; a price of a unit may be less than one."""
    return Fraction(major) * Fraction(10) ** decimals(currency)


def whole(major: Decimal, currency: str, *where: str | int) -> int:
    """Whole minor units; more decimals than the currency has are refused."""
    minor = exact(major, currency)
    if minor.denominator != 1:
        raise fault(f"More decimals than {currency} has.", *where)
    return minor.numerator


def plan(asked: PlanAsked, currency: str, code: str, where: tuple[str | int, ...]) -> PlanTerms:
    """The engine's plan; `code` names one that has none."""
    unit, size = UNITS[asked.interval]
    count = size * asked.count
    if unit == "month" and count > 12:
        raise fault("A cycle is at most 12 months.", *where, "count")
    charges = [charge(one, currency, at, (*where, "charges", at))
               for at, one in enumerate(asked.charges)]  # fmt: skip
    price = _price(asked.price, asked.price_minor, currency, where)
    if asked.price_per == "cycle":
        _whole(price, currency, *where, "price")
    if price is not None:
        charges.insert(0, Charge("fee", amount=price))
    if not charges:
        raise fault("A plan needs a price or charges.", *where, "price")
    if len({one.code for one in charges}) < len(charges):
        raise fault("Two charges of a plan have one code.", *where, "charges")
    return PlanTerms(
        asked.code or code, Interval(unit, count), tuple(charges),
        _phases(asked, currency, where), asked.price_per, exact(asked.minimum, currency),
        asked.name,
    )  # fmt: skip


def charge(asked: ChargeAsked, currency: str, at: int, where: tuple[str | int, ...]) -> Charge:
    """The engine's charge."""
    tiered = asked.kind in ("graduated", "volume")
    price = _price(asked.price, asked.price_minor, currency, where)
    if tiered != bool(asked.tiers):
        raise fault("Graduated and volume prices have tiers, others have none.", *where, "tiers")
    if tiered == (price is not None):
        raise fault(
            "Its tiers have its prices." if tiered else "A price is missing.", *where, "price"
        )
    once_or_flat = asked.kind in ("flat", "one_off", "deposit")
    if asked.kind in ("one_off", "deposit"):
        _whole(price, currency, *where, "price")
    if once_or_flat and asked.included:
        raise fault("What is charged once or flat includes no units.", *where, "included")
    if asked.package_size != 1 and (once_or_flat or asked.kind == "per_unit"):
        raise fault("Only package, graduated and volume prices count lots.", *where, "package_size")
    if asked.metric and once_or_flat:
        raise fault("What is charged once or flat measures nothing.", *where, "metric")
    tops = [tier.up_to for tier in asked.tiers]
    bounds = [top for top in tops[:-1] if top is not None]
    if len(bounds) < len(tops) - 1 or sorted(set(bounds)) != bounds:
        raise fault("Tiers rise, and only the last is open.", *where, "tiers")
    return Charge(
        asked.code or f"charge {at + 1}", asked.kind, price or Fraction(0),
        tuple(
            Tier(None if tier.up_to is None else Fraction(tier.up_to),
                 exact(tier.price, currency), exact(tier.flat, currency))
            for tier in asked.tiers
        ),
        Fraction(asked.package_size), Fraction(asked.included), asked.metric, asked.timing,
        tax_class=asked.tax_class,
    )  # fmt: skip


def _whole(price: Fraction | None, currency: str, *where: str | int) -> None:
    """Refuse a sum that nobody can pay; a price of a unit may be less than a minor unit."""
    if price is not None and price.denominator != 1:
        raise fault(f"More decimals than {currency} has.", *where)


def _price(
    major: Decimal | None, minor: int | None, currency: str, where: tuple[str | int, ...]
) -> Fraction | None:
    if major is not None and minor is not None:
        raise fault("Give price or price_minor, not both.", *where, "price_minor")
    if minor is not None:
        return Fraction(minor)
    return None if major is None else exact(major, currency)


def _phases(asked: PlanAsked, currency: str, where: tuple[str | int, ...]) -> tuple[Phase, ...]:
    found = []
    for at, one in enumerate(asked.phases):
        place = (*where, "phases", at)
        if one.count is None and at < len(asked.phases) - 1:
            raise fault("Only the last phase lasts for ever.", *place, "count")
        unit, size = UNITS[one.unit]
        length = None if one.count is None else Interval(unit, size * one.count)
        if length is None and one.kind == "trial":
            raise fault("A trial ends.", *place, "count")
        charges = None if one.charges is None else tuple(
            charge(each, currency, turn, (*place, "charges", turn))
            for turn, each in enumerate(one.charges)
        )  # fmt: skip
        found.append(Phase(one.kind, length, charges, Fraction(one.percent_off) / 100))
    if found and found[-1].kind in ("trial", "discount"):
        found.append(Phase())
    return tuple(found) or (Phase(),)


class Catalogue:
    """The plans that events may name."""

    def __init__(self, asked: PreviewAsked) -> None:
        self.currency = asked.currency
        self.default = None if asked.plan is None else plan(
            asked.plan, asked.currency, "plan", ("plan",)
        )  # fmt: skip
        self.named: dict[str, PlanTerms] = {}
        for at, one in enumerate(asked.plans):
            made = plan(one, asked.currency, f"plan {at + 1}", ("plans", at))
            if made.code in self.named:
                raise fault("Two plans have one code.", "plans", at, "code")
            self.named[made.code] = made
        if self.default is not None:
            self.named.setdefault(self.default.code, self.default)

    def of(self, event: EventAsked, at: int) -> PlanTerms | None:
        """The plan that an event names."""
        if isinstance(event.plan, PlanAsked):
            return plan(event.plan, self.currency, f"plan of event {at}", ("events", at, "plan"))
        if event.plan is None:
            return None
        if event.plan not in self.named:
            raise fault(f"There is no plan {event.plan}.", "events", at, "plan")
        return self.named[event.plan]


def events(asked: PreviewAsked) -> list[tuple[int, Event]]:
    """The engine's events, each with the place of what was asked.

    An event that names no subscription means all that have begun; a start that names no plan
    begins `plan`, or each of `plans` as a subscription of its own.
    """
    known = Catalogue(asked)
    found: list[tuple[int, Event]] = []
    begun: dict[str, str] = {}
    order = sorted(range(len(asked.events)), key=lambda at: (midnight(moment(asked.events[at].on)),
                                                             at))  # fmt: skip
    for at in order:
        one, chosen = asked.events[at], known.of(asked.events[at], at)
        _used(one, at)
        bundle = one.kind == "start" and chosen is None and known.default is None
        if bundle and not known.named:
            raise fault("A start needs a plan.", "events", at, "plan")
        begins = known.named.items() if bundle else [("", chosen)]
        for name, wanted in begins:
            wanted = wanted or (known.default if one.kind == "start" else None)
            owners = _owners(one, name, begun)
            if not owners:
                raise fault(f"No subscription of a bundle {one.bundle} has begun.", "events", at,
                            "bundle")  # fmt: skip
            found += [(at, _event(one, owner, wanted, asked)) for owner in owners]
            if one.kind == "start":
                begun |= dict.fromkeys(owners, one.bundle)
    return found


def _owners(one: EventAsked, name: str, begun: dict[str, str]) -> list[str]:
    """Which subscriptions an event means; `begun` are those so far, with their bundles."""
    if one.subscription is not None:
        return [one.subscription]
    if one.kind == "start":
        return [name]
    if one.bundle:
        return [owner for owner, bundle in begun.items() if bundle == one.bundle]
    return list(begun) or [""]


def _used(one: EventAsked, at: int) -> None:
    """Refuse what an event says to no effect."""
    if one.kind not in ("start", "change", "resume"):
        for name in ("plan", "quantity"):
            if getattr(one, name) is not None:
                raise fault(f"A {one.kind} has no {name}: change it by a change.", "events", at,
                            name)  # fmt: skip
    if one.when is not None and one.kind not in ("change", "cancel"):
        raise fault("Only a change and a cancel may wait for the term's end.", "events", at,
                    "when")  # fmt: skip


def _event(
    one: EventAsked, subscription: str, wanted: PlanTerms | None, asked: PreviewAsked
) -> Event:
    quantity = one.quantity
    if quantity is None and one.kind == "start":
        quantity = asked.quantity
    return Event(
        on=moment(one.on),
        kind=one.kind,
        plan=wanted,
        quantity=None if quantity is None else Fraction(quantity),
        subscription=subscription,
        bundle=one.bundle,
        known_on=None if one.known_on is None else moment(one.known_on),
        when=one.when,
    )


def moment(on: date) -> date:
    """A moment without its zone, in UTC; a date as it is."""
    if isinstance(on, datetime) and on.tzinfo is not None:
        return on.astimezone(UTC).replace(tzinfo=None)
    return on


def usage(asked: PreviewAsked, events: Sequence[Event]) -> list[Usage]:
    """What was used; by the first subscription that begins, unless it is named."""
    measured = {charge.metric for event in events for charge in _charges(event.plan)}
    for at, one in enumerate(asked.usage):
        if one.metric not in measured or not one.metric:
            raise fault("No plan that is had prices this metric.", "usage", at, "metric")
        _has_begun(one.subscription, events, "usage", at)
    first = next((one.subscription for one in events if one.kind == "start"), "")
    return [
        Usage(moment(one.on), one.metric, Fraction(one.quantity),
              first if one.subscription is None else one.subscription)
        for one in asked.usage
    ]  # fmt: skip


def _charges(plan: PlanTerms | None) -> list[Charge]:
    if plan is None:
        return []
    return [*plan.charges, *(one for phase in plan.phases for one in phase.charges or ())]


def _has_begun(subscription: str | None, events: Sequence[Event], *where: str | int) -> None:
    if subscription is not None and all(one.subscription != subscription for one in events):
        raise fault(f"There is no subscription {subscription}.", *where, "subscription")


def discounts(asked: PreviewAsked, events: Sequence[Event]) -> list[Discount]:
    """The discounts that apply: those without a code, and those whose code was given."""
    found = []
    plans = {event.plan.code for event in events if event.plan is not None}
    for at, code in enumerate(asked.codes):
        if not code or all(one.code != code for one in asked.discounts):
            raise fault(f"No discount has the code {code}.", "codes", at)
    for at, one in enumerate(asked.discounts):
        where = ("discounts", at)
        if (one.percent is None) == (one.amount is None):
            raise fault("Give percent or amount.", "discounts", at, "percent")
        if one.start is not None and one.end is not None and one.end <= one.start:
            raise fault("It ends before it begins.", "discounts", at, "end")
        for place, code in enumerate(one.plans):
            if code not in plans:
                raise fault(f"Nobody has a plan {code} here.", "discounts", at, "plans", place)
        _has_begun(one.subscription, events, "discounts", at)
        if one.code and one.code not in asked.codes:
            continue
        found.append(
            Discount(
                one.name, Fraction(one.percent or 0) / 100,
                Fraction(whole(one.amount or Decimal(0), asked.currency, *where, "amount")),
                one.periods, one.start, one.end, tuple(one.plans), one.subscription,
            )
        )  # fmt: skip
    return found


def bounded(asked: PreviewAsked, made: Sequence[Event]) -> None:
    """Refuse dates that no calendar of ours reaches, and more than one answer can hold."""
    until = midnight(asked.until)
    for at, one in enumerate(asked.events):
        if not FIRST <= midnight(moment(one.on)) < LAST:
            raise fault("Dates are from 1970 to 2199.", "events", at, "on")
        if one.known_on is not None and not FIRST <= midnight(moment(one.known_on)) < LAST:
            raise fault("Dates are from 1970 to 2199.", "events", at, "known_on")
    if not FIRST <= until < LAST:
        raise fault("Dates are from 1970 to 2199.", "until")
    work = Fraction(0)
    shortest = min((_days(one.plan) for one in made if one.plan is not None), default=Fraction(28))
    for event in made:
        if event.kind == "start" and event.plan is not None:
            lasts = max(until - midnight(event.on), timedelta(0)).days + 1
            work += lasts / shortest * (len(event.plan.charges) + 1) * (1 + len(asked.discounts))
    again = sum(one.known_on is not None for one in made)
    if work * (1 + again) > MOST_LINES:
        raise fault("This would be more lines than one answer holds: look less far.", "until")


def _days(one: PlanTerms) -> Fraction:
    return DAYS_OF[one.interval.unit] * one.interval.count


def share_text(exact_ratio: Fraction) -> str:
    """A ratio to nine decimals, as other engines print it."""
    sign = "-" if exact_ratio < 0 else ""
    scaled = round(abs(exact_ratio) * 10**9)
    return f"{sign}{scaled // 10**9}.{scaled % 10**9:09d}"


def number(exact_count: Fraction) -> int | str:
    """A whole number as one, another as its exact fraction."""
    return exact_count.numerator if exact_count.denominator == 1 else str(exact_count)
