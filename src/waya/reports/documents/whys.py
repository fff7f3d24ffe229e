"""Why a line of a document is as much as it is, in words that a customer understands: its rule,
days, price, arithmetic, and each tax with its law. From the facts that were kept on the line when
it was made, never from today's prices or policy. Screens, the portal and the API say the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.dateformat import format as formatted
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext_noop as _

from waya.billing.models import CreditNoteLine
from waya.billing.rules.drafts import Charged
from waya.billing.rules.hours import Hours, hours_of
from waya.billing.rules.lives import ONCE
from waya.billing.rules.tax import Taxed
from waya.kernel.money import Money, decimals
from waya.kernel.rates import as_percent
from waya.reports.documents.said import gettext
from waya.reports.documents.wording import length_said, tax_name

Told = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reason:
    """One of the lines behind a sum: what it is about, and the words."""

    label: str
    text: str


class TaxTold(Protocol):
    """A tax as a line of a document keeps it."""

    name: str
    rate_percent: Decimal
    base_minor: int
    amount_minor: int
    law: str
    reason: str


@dataclass(slots=True)
class _Tax:
    name: str
    rate_percent: Decimal
    base_minor: int
    amount_minor: int
    law: str
    reason: str


# Each rule under which a line is made. A test holds this table to those of the engine.
RULES = {
    "whole cycle": _("A whole period at its price"),
    "whole cycle, at the phase's price": _("A whole period, at the price of its phase"),
    "share of the cycle": _("A part of a period, at the same part of its price"),
    "share of the cycle, at the phase's price": _(
        "A part of a period, at the same part of its phase's price"
    ),
    "unused, given back at the price it was charged at": _(
        "Days not used, given back at the price that they were charged at"
    ),
    "unused days, at the price they were charged at": _(
        "Days not used, given back at the price that they were charged at"
    ),
    "unused time, at the price it was charged at": _(
        "Time not used, given back at the price that it was charged at"
    ),
    "value left over, turned into time": _(
        "What was left of the plan before pays for days of this one"
    ),
    "value left over, turned into data": _(
        "What was left of the plan before pays for data of this one"
    ),
    "discount": _("A discount on the price"),
    "used, flat": _("What was used, for one sum"),
    "used, per_unit": _("What was used, each unit at its price"),
    "used, graduated": _("What was used, each unit at the price of its own tier"),
    "used, volume": _("What was used, all of it at the price of the tier that it reached"),
    "used, package": _("What was used, by whole packages"),
    "minimum commitment, less what the period came to": _(
        "The plan's minimum, less what the period came to"
    ),
    "once, at the beginning": _("Once, when the service begins"),
    "deposit given back at the end": _("The deposit is given back when the service ends"),
    "correction of what was billed before": _("A correction of what was billed before"),
    "credit": _("Given back of what was billed, at its own price and taxes"),
    "late fee": _("A fee because a bill was not paid in time"),
}
# The same of what is paid to the minute.
BY_THE_HOUR = {
    "whole cycle": _("All of its hours, at their price"),
    "whole cycle, at the phase's price": _("All of its hours, at the price of its phase"),
}
CREDIT = "credit"
DATA = "value left over, turned into data"
PHASES = {
    "trial": _("Trial"),
    "discount": _("Introductory price"),
    "fixed_term": _("Fixed term"),
}
CONVENTIONS = {
    "actual": _("by the days that the period has"),
    "fixed": _("every month counted as long as any other"),
    "30/360": _("every month counted as 30 days"),
    "actual/360": _("days of a year of 360"),
    "actual/365": _("days of a year of 365"),
    "by_month": _("each month by its own days"),
    "none": _("a part costs as much as the whole"),
    "free": _("a part costs nothing"),
}


def reasons(told: Told, taxes: Iterable[TaxTold], currency: str) -> list[Reason]:
    """The lines behind a line of a document, from the facts and the taxes kept with it."""
    return before_taxes(told, currency) + _taxes(told, list(taxes), currency)


def before_taxes(told: Told, currency: str) -> list[Reason]:
    """The same of what has no taxes yet, because it is no tax document."""
    return [
        Reason(gettext(label), text)
        for label, say in _SAYINGS
        for text in say(told, currency)
        if text
    ]


def of_charged(charged: Charged) -> list[Reason]:
    """The lines behind what is to be charged, before there is a document."""
    return reasons(charged.why, taxes_told(charged.taxed), charged.taxed.currency)


def taxes_told(taxed: Taxed) -> list[TaxTold]:
    """The taxes of a price as a line of a document would keep them."""
    return [
        _Tax(row.rate.name, as_percent(row.rate.ratio), row.base.minor, row.amount.minor,
             row.rate.law, row.rate.reason)
        for row in taxed.rows
    ]  # fmt: skip


def of_credit(line: CreditNoteLine, taxes: Iterable[TaxTold], currency: str) -> list[Reason]:
    """The lines behind what was given back: the facts kept with it, or those of the days that it
    names, what it is given back of, and the taxes as they were billed."""
    told = {"rule": CREDIT, **line.why, "given_back_minor": line.total_minor,
            "of_total_minor": line.line.total_minor, "of_number": line.note.invoice.number,
            "of_issued": line.note.invoice.issued_on.isoformat()}  # fmt: skip
    if line.start and line.end:
        told |= {"from": line.start.isoformat(), "until": line.end.isoformat()}
    return reasons(told, taxes, currency)


def _rule(told: Told, currency: str) -> Iterator[str]:
    rule = told.get("rule")
    if rule is None and "price_minor" in told:  # kept before rules were
        rule = "whole cycle" if _is_whole(told) else "share of the cycle"
    if rule:
        hourly = BY_THE_HOUR.get(str(rule)) if _by_the_hour(told) else None
        yield gettext(hourly or RULES.get(str(rule), str(rule)))
    phase = PHASES.get(str(told.get("phase")))
    if phase:
        yield gettext(phase)
    moved = re.search(r"\d{4}-\d\d-\d\d", str(told.get("moved", "")))
    if moved:
        yield gettext("Paid after %(day)s, so it begins on the day on which it was paid") % {
            "day": _day(moved[0])
        }
    if told.get("waited_from"):
        yield gettext("It waited since %(day)s for a bill that is worth sending") % {
            "day": _day(told["waited_from"])
        }


def _hours(told: Told, currency: str) -> Iterator[str]:
    """From which moment to which, by the clocks of the place, or that it is not known yet."""
    had = hours_of(told)
    if had is not None:
        yield _moments(had, told)
    elif _by_the_hour(told):
        yield gettext("They begin at the moment at which they are paid")
    if _by_the_hour(told):
        yield length_said(told["seconds"])


def _moments(had: Hours, told: Told) -> str:
    zone = ZoneInfo(told["zone"]) if "zone" in told else timezone.get_current_timezone()
    first, last = had.since.astimezone(zone), had.until.astimezone(zone)
    same = first.date() == last.date()
    ended = formatted(last, "H:i" if same else "j M Y, H:i")
    return f"{formatted(first, 'j M Y, H:i')} – {ended}"


def _days(told: Told, currency: str) -> Iterator[str]:
    if hours_of(told) is not None or _by_the_hour(told):
        return
    start, end = told.get("from"), told.get("until")
    if start and end and start != end:
        yield f"{_day(start)} – {_day(end)}"
    elif start:
        yield _day(start)
    if told.get("charged_on"):
        yield gettext("Charged on %(day)s") % {"day": _day(told["charged_on"])}


def _price(told: Told, currency: str) -> Iterator[str]:
    rule = str(told.get("rule", ""))
    if not _is_number(told.get("price_minor")) or rule.startswith(_PRICED_APART):
        return
    words = _("%(price)s for a whole period, %(taxes)s")
    if rule.startswith(("once", "deposit", "unused", "value")):
        words = _("%(price)s, %(taxes)s")
    if _by_the_hour(told):
        words = _("%(price)s for %(hours)s, %(taxes)s")
    inside = gettext("taxes inside") if told.get("tax_inclusive") else gettext("taxes on top")
    yield gettext(words) % {
        "price": _sum(told["price_minor"], currency), "taxes": inside,
        "hours": length_said(told["seconds"]) if _by_the_hour(told) else "",
    }  # fmt: skip
    if told.get("price_from"):
        words = _("The plan's price number %(number)s, valid since %(day)s")
        if "version" not in told:
            words = _("Valid since %(day)s")
        yield gettext(words) % {"number": told.get("version"), "day": _day(told["price_from"])}


_PRICED_APART = ("discount", "used", "minimum", "late", "correction")


def _quantity(told: Told, currency: str) -> Iterator[str]:
    quantity = told.get("quantity")
    if told.get("rule") == DATA:
        yield gettext("%(quantity)s %(metric)s, used before anything costs") % {
            "quantity": _number(_exact(quantity)), "metric": told.get("metric", ""),
        }  # fmt: skip
    elif _is_number(quantity) and _exact(quantity) != 1 and "used" not in told:
        yield gettext("For %(quantity)s") % {"quantity": _number(_exact(quantity))}


def _part(told: Told, currency: str) -> Iterator[str]:
    """What was counted of the period, and the arithmetic with its one rounding."""
    if told.get("unused"):
        share = Fraction(str(told["unused"])) * 100
        yield gettext("%(percent)s of its time") % {"percent": f"{_number(share)}\u2009%"}
    if told.get("of_days"):
        yield _of_days(told["days"], told["of_days"])
        return
    if _is_whole(told) or not told.get("cycle_days"):
        return
    counted = _of_days(abs(_exact(told["days"])), _exact(told["cycle_days"]), told.get("unit"))
    cycle = f"{_day(told['cycle_from'])} – {_day(told['cycle_until'])}"
    how = gettext(CONVENTIONS.get(str(told.get("convention")), ""))
    yield ", ".join(one for one in (f"{counted} ({cycle})", how) if one)
    exact = told.get("exact_minor")
    if told.get("ratio") and _is_number(exact) and _is_number(told.get("price_minor")):
        price, ratio = _sum(told["price_minor"], currency), abs(Fraction(str(told["ratio"])))
        yield f"{price} × {ratio} = {_sum(abs(_exact(exact)), currency)}"


def _used(told: Told, currency: str) -> Iterator[str]:
    if "used" not in told:
        return
    used, included = _exact(told["used"]), _exact(told.get("included", 0))
    words = _("%(used)s of %(metric)s")
    if included:
        words = _("%(used)s of %(metric)s, of which %(included)s cost nothing")
    yield gettext(words) % {
        "used": _number(used), "metric": told.get("metric", ""), "included": _number(included),
    }  # fmt: skip
    if told.get("granted"):
        yield gettext("%(granted)s of it was data left over from the plan before") % {
            "granted": _number(_exact(told["granted"]))
        }
    if not told.get("tiers") and _is_number(told.get("price_minor")):
        yield gettext("%(price)s for each") % {"price": _sum(told["price_minor"], currency)}


def _tiers(told: Told, currency: str) -> Iterator[str]:
    for tier in told.get("tiers", ()):
        unit, flat = _sum(tier["unit_minor"], currency), _exact(tier.get("flat_minor", 0))
        words = _("%(units)s at %(price)s each")
        if flat:
            words = _("%(units)s at %(price)s each, and %(flat)s for the tier")
        yield gettext(words) % {
            "units": _number(_exact(tier["units"])), "price": unit, "flat": _sum(flat, currency),
        }  # fmt: skip


def _discount(told: Told, currency: str) -> Iterator[str]:
    if not told.get("discount"):
        return
    if _is_number(told.get("percent")):
        yield gettext("%(code)s: %(percent)s off the price") % {
            "code": told["discount"], "percent": f"{_number(_exact(told['percent']))}\u2009%",
        }  # fmt: skip
    else:
        yield gettext("%(code)s: %(sum)s off a whole period") % {
            "code": told["discount"], "sum": _sum(told.get("price_minor", 0), currency),
        }  # fmt: skip


def _minimum(told: Told, currency: str) -> Iterator[str]:
    if "billed_minor" in told:
        yield gettext("At least %(least)s a period; it came to %(billed)s") % {
            "least": _sum(told["price_minor"], currency),
            "billed": _sum(told["billed_minor"], currency),
        }


def _late(told: Told, currency: str) -> Iterator[str]:
    if "days_late" not in told:
        return
    words = ngettext(
        "%(number)s of %(owed)s was due on %(day)s, and %(count)d day late",
        "%(number)s of %(owed)s was due on %(day)s, and %(count)d days late",
        told["days_late"],
    )
    yield words % {
        "number": told.get("for", ""), "owed": told.get("owed", ""),
        "day": _day(told["due"]), "count": told["days_late"],
    }  # fmt: skip


def _given_back(told: Told, currency: str) -> Iterator[str]:
    if "of_number" in told:
        yield gettext("%(given)s of %(billed)s, charged by %(number)s on %(day)s") % {
            "given": _sum(told["given_back_minor"], currency),
            "billed": _sum(told["of_total_minor"], currency),
            "number": told["of_number"], "day": _day(told["of_issued"]),
        }  # fmt: skip


def _asked(told: Told, currency: str) -> Iterator[str]:
    if told.get("pro_forma"):
        yield gettext("In advance, by %(number)s") % {"number": told["pro_forma"]}
    if told.get("total_asked"):
        yield gettext("A tax has changed since; the total stayed as it was asked for")


def _taxes(told: Told, taxes: list[TaxTold], currency: str) -> list[Reason]:
    found = []
    for tax in taxes:
        rate = f"{tax.rate_percent.normalize():f}\u2009%"
        text = gettext("%(rate)s of %(base)s: %(sum)s") % {
            "rate": rate, "base": _sum(tax.base_minor, currency),
            "sum": _sum(tax.amount_minor, currency),
        }  # fmt: skip
        found.append(
            Reason(tax_name(tax.name), ". ".join(one for one in (text, tax.reason, tax.law) if one))
        )
    if not found:
        words = _("None on this line")
        if told.get("kind") == "deposit":
            words = _("None: a deposit is no sale")
        found.append(Reason(gettext("Taxes"), gettext(words)))
    return found


_Say = Callable[[Told, str], Iterator[str]]
_SAYINGS: tuple[tuple[str, _Say], ...] = (
    (_("Rule"), _rule),
    (_("Days"), _days),
    (_("Hours"), _hours),
    (_("Price"), _price),
    (_("How many"), _quantity),
    (_("Part"), _part),
    (_("Used"), _used),
    (_("Tier"), _tiers),
    (_("Discount"), _discount),
    (_("Minimum"), _minimum),
    (_("Late"), _late),
    (_("Asked for"), _asked),
    (_("Given back"), _given_back),
)


def _by_the_hour(told: Told) -> bool:
    return "seconds" in told and told.get("kind") not in ONCE


def _is_whole(told: Told) -> bool:
    return told.get("days") == told.get("cycle_days") or str(told.get("ratio")) == "1"


def _is_number(value: object) -> bool:
    return isinstance(value, int) or (
        isinstance(value, str) and re.fullmatch(r"-?\d+(/\d+|\.\d+)?", value) is not None
    )


def _exact(value: object) -> Fraction:
    """A fact kept as a whole number, or as a fraction in words: exactly that."""
    return Fraction(value if isinstance(value, int) else str(value))


def _of_days(days: object, of: object, unit: str | None = None) -> str:
    words = {
        "second": _("%(days)s of %(of)s hours"),
        "month": _("%(days)s of %(of)s months"),
    }.get(unit or "", _("%(days)s of %(of)s days"))
    by = 3600 if unit == "second" else 1
    return gettext(words) % {"days": _number(_exact(days) / by), "of": _number(_exact(of) / by)}


def _number(value: Fraction) -> str:
    """A number as people write it, to four places at most."""
    if value.denominator == 1:
        return f"{value.numerator:,}"
    text = f"{Decimal(value.numerator) / Decimal(value.denominator):,.4f}"
    return text.rstrip("0").rstrip(".")


def _sum(minor: object, currency: str) -> str:
    """A sum; a price of less than the smallest coin with as many places as it has, to six."""
    if isinstance(minor, int):
        return str(Money(minor, currency))
    exact = _exact(minor)
    if exact.denominator == 1:
        return str(Money(exact.numerator, currency))
    whole = exact / 10 ** decimals(currency)
    text = f"{Decimal(whole.numerator) / Decimal(whole.denominator):,.6f}".rstrip("0")
    return f"{currency} {text}"


def _day(text: str | date) -> str:
    """`10 Nov 2026` in the reader's language, with the time where one is kept."""
    return _day_in(text, get_language())


@lru_cache(maxsize=4096)
def _day_in(text: str | date, language: str | None) -> str:
    on = datetime.fromisoformat(text) if isinstance(text, str) else text
    has_time = isinstance(on, datetime) and (on.hour or on.minute)
    return formatted(on, "j M Y, H:i" if has_time else "j M Y")
