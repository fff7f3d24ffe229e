"""Short ways to say terms, plans and events in tests of the engine."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from waya.billing.rules.engine.events import Event, EventKind
from waya.billing.rules.engine.line import Line
from waya.billing.rules.engine.lines import lines
from waya.billing.rules.engine.terms import Anchor, BillingTerms, Proration
from waya.catalog.rules.plans import Charge, Interval, PlanTerms, Unit
from waya.kernel.money import parse


def day(text: str) -> date:
    """A date, or a moment, as written in ISO 8601."""
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)


def minor(text: str, currency: str = "USD") -> Fraction:
    """An amount in major units as exact minor ones."""
    return Fraction(parse(text, currency).minor)


def terms(currency: str = "USD", **chosen: Any) -> BillingTerms:
    """Terms with an anchor day, a basis, an inclusion, or any other field chosen by name."""
    anchor = Anchor(**{
        name: chosen.pop(name)
        for name in ("by", "day", "month", "weekday", "align", "after_trial", "change_restarts")
        if name in chosen
    })  # fmt: skip
    proration = Proration(**{
        name: chosen.pop(name)
        for name in ("basis", "month_days", "unit", "inclusion", "month_end")
        if name in chosen
    })  # fmt: skip
    return BillingTerms(currency, anchor, proration, **chosen)


def plan(
    price: str, unit: Unit = "month", count: int = 1, code: str = "plan", **more: Any
) -> PlanTerms:
    """A plan of one flat charge."""
    charges = (Charge("fee", amount=minor(price)), *more.pop("charges", ()))
    return PlanTerms(code, Interval(unit, count), charges, **more)


def event(on: str, kind: EventKind, plan: PlanTerms | None = None, **more: Any) -> Event:
    """An event on a day."""
    if "known_on" in more:
        more["known_on"] = day(more["known_on"])
    return Event(day(on), kind, plan, **more)


def bill(how: BillingTerms, events: list[Event], until: str, **more: Any) -> list[Line]:
    """The lines of some events."""
    return lines(how, events, day(until), **more)


def shown(found: list[Line]) -> list[tuple[str, str, str, str]]:
    """Each line as kind, first day, end and amount in major units."""
    return [
        (line.kind, line.period.start.isoformat(), line.period.end.isoformat(), amount(line))
        for line in found
    ]


def amount(line: Line) -> str:
    """A line's amount in major units, with an ASCII minus."""
    return line.amount.plain().replace("−", "-")


def sums(found: list[Line]) -> int:
    """What lines come to, in minor units."""
    return sum(line.amount.minor for line in found)


def ratio(found: list[Line]) -> Fraction:
    """How many cycles lines come to."""
    return sum((line.ratio for line in found), Fraction(0))


__all__ = ["amount", "bill", "day", "event", "minor", "plan", "ratio", "replace", "shown",
           "sums", "terms"]  # fmt: skip
