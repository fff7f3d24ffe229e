"""What is given back of an invoice's line: at its own price and with its own taxes, and never
more than is left of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Any

from waya.billing.rules.drafts import REVENUE
from waya.billing.rules.engine.book import gaps
from waya.billing.rules.hours import Hours
from waya.billing.rules.recognition import earned
from waya.kernel.errors import Refused
from waya.kernel.money import Money, rounded
from waya.kernel.periods import Period
from waya.ledger.rules.entries import Entry, Line, entry


class Reason(StrEnum):
    """Why money is given back; a credit note says it in the reader's words."""

    MISTAKE = "mistake"
    CANCELLED = "cancelled"
    PLAN_CHANGE = "plan_change"
    PAUSED = "paused"
    OUTAGE = "outage"
    GOODWILL = "goodwill"


@dataclass(frozen=True, slots=True)
class LineCredit:
    """What to credit of a line: so much of it, with its taxes (`gross_minor`) or before them
    (`net_minor`); its share of `days` that were not used (half-open, within its period); or,
    without any of these, all that is left of it. `exact` is what those days cost (quoted as the
    line is), where a convention says it and not their number."""

    line_id: int
    reason: Reason
    gross_minor: int | None = None
    net_minor: int | None = None
    days: Period | None = None
    why: Mapping[str, Any] = field(default_factory=dict)
    exact: Fraction | None = None

    def __post_init__(self) -> None:
        if sum(one is not None for one in (self.gross_minor, self.net_minor, self.days)) > 1:
            raise ValueError("credit a gross, a net or days: one of them")


@dataclass(frozen=True, slots=True)
class Owned:
    """A line as it was billed, and what is left of it to credit.

    Parts are its net and then each of its taxes, in minor units, all of one sign.
    `unearned_minor` is what of the net left is not earned before the day of the credit, and is
    to be earned over `ahead`. `credited` are the days that were given back before.
    """

    line_id: int
    currency: str
    billed: tuple[int, ...]
    left: tuple[int, ...]
    period: Period | None = None
    tax_inclusive: bool = True
    credited: tuple[Period, ...] = ()
    unearned_minor: int = 0
    ahead: Period | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """What a credit takes of a line: its parts, as in `Owned`, and what of their net was not
    earned yet and would have been over `ahead`."""

    line_id: int
    parts: tuple[int, ...]
    days: Period | None
    unearned_minor: int
    ahead: Period | None

    @property
    def net_minor(self) -> int:
        """What revenue gives back."""
        return self.parts[0]

    @property
    def taxes(self) -> tuple[int, ...]:
        """What each tax gives back, in their order."""
        return self.parts[1:]

    @property
    def gross_minor(self) -> int:
        """What the customer gets."""
        return sum(self.parts)


def give(line: Owned, wish: LineCredit) -> Given:
    """Work out a credit of a line.

    A part is taken of what is left, shared out over net and taxes by what is left of each: so
    no piece of any is below zero or above what is left, and all pieces together give back the
    line to the cent. Days cost what they cost when they were billed (a tax-inclusive price is
    shared with its taxes, another before them), and never more than is left. Refuses
    `credit_nothing_left`, `credit_not_above_zero`, `credit_above_left` with what is left,
    `credit_days_outside` and `credit_days_again`.
    """
    if not any(line.left):
        raise Refused("credit_nothing_left")
    if wish.days is not None:
        parts = _of_days(line, wish.days, wish.exact)
    elif wish.gross_minor is not None:
        parts = _of_gross(line, wish.gross_minor)
    elif wish.net_minor is not None:
        parts = _of_net(line, wish.net_minor)
    else:
        parts = line.left
    if not any(parts):
        raise Refused("credit_not_above_zero")
    unearned, ahead = _unearned(line, parts[0], wish.days)
    return Given(line.line_id, parts, wish.days, unearned, ahead if unearned else None)


def unused_hours(
    line_id: int, reason: Reason, line: Owned, hours: Hours, at: datetime
) -> LineCredit:
    """What of a line by the hour was not had at a moment: its exact share of what it cost, of
    what is left of it at most."""
    share = hours.left(at)
    gross = min(rounded(abs(sum(line.billed)) * share), abs(sum(line.left)))
    why = {"rule": "unused time, at the price it was charged at", "unused": str(share),
           "from_at": hours.since.isoformat(), "until_at": hours.until.isoformat()}  # fmt: skip
    return LineCredit(line_id, reason, gross_minor=gross, why=why)


def without(line: Owned, given: Given) -> Owned:
    """The line after a credit of it."""
    return replace(
        line,
        left=tuple(one - part for one, part in zip(line.left, given.parts, strict=True)),
        credited=(*line.credited, given.days) if given.days else line.credited,
        unearned_minor=line.unearned_minor - given.unearned_minor,
    )


def unearned(
    net_minor: int, period: Period, on: date, spread: str, taken: Sequence[tuple[int, Period]]
) -> int:
    """What of a net billed in advance is not earned before a day, in minor units; `taken` is
    what earlier credits took of it, each over its own days."""
    before = on - timedelta(days=1)
    left = net_minor - earned(net_minor, period, before, spread)
    return left - sum(minor - earned(minor, days, before, spread) for minor, days in taken)


def ahead_of(period: Period, on: date) -> Period | None:
    """The days of a period from a day on; None if all have passed."""
    start = max(on, period.start)
    return Period(start, period.end) if start < period.end else None


def taken_from(revenue: str, reason: Reason) -> str:
    """The account that gives back what was earned: what was served badly is no less revenue, but
    a credit for the service, told apart (erp reference §1.1)."""
    bad = reason in (Reason.OUTAGE, Reason.GOODWILL) and revenue.startswith(REVENUE)
    return "service_credits" if bad else revenue


def booking(
    *, entity_id: int, branch_id: int, customer_id: int, number: str, invoice: str, on: date,
    debit: Mapping[str, int], applied_minor: int, rest_minor: int, currency: str,
) -> Entry:  # fmt: skip
    """Dr deferred (what was not earned), Dr revenue and Dr each tax, by purpose and in minor
    units; Cr receivable for what settles the invoice and Cr customer credit for the rest."""
    return entry(
        entity_id=entity_id,
        on=on,
        memo=f"Credit note {number} of {invoice}",
        source=f"credit_note:{number}",
        debit=[Line(purpose, Money(minor, currency)) for purpose, minor in debit.items()],
        credit=[
            Line("receivable", Money(applied_minor, currency), customer_id),
            Line("customer_credit", Money(rest_minor, currency), customer_id),
        ],
        branch_id=branch_id,
    )


def _of_gross(line: Owned, gross_minor: int) -> tuple[int, ...]:
    _fits(gross_minor, abs(sum(line.left)), line.currency)
    shares = Money(gross_minor, line.currency).split([abs(part) for part in line.left])
    return tuple(_sign(line) * share.minor for share in shares)


def _of_net(line: Owned, net_minor: int) -> tuple[int, ...]:
    net = abs(line.left[0])
    _fits(net_minor, net, line.currency)
    return tuple(_sign(line) * rounded(Fraction(net_minor * abs(part), net)) for part in line.left)


def _of_days(line: Owned, days: Period, exact: Fraction | None) -> tuple[int, ...]:
    period = line.period
    if period is None or not period.start <= days.start < days.end <= period.end:
        raise Refused("credit_days_outside")
    if any(days.start < past.end and past.start < days.end for past in line.credited):
        raise Refused("credit_days_again")
    if line.tax_inclusive:
        minor = _share(line, sum(line.billed), sum(line.left), days, period, exact)
        return _of_gross(line, minor)
    return _of_net(line, _share(line, line.billed[0], line.left[0], days, period, exact))


def _share(
    line: Owned, billed: int, left: int, days: Period, period: Period, exact: Fraction | None
) -> int:
    """What some days of a line cost: as a convention says, and all that is left with the last of
    them; else a split over its days, so that its parts add up to it."""
    if exact is not None:
        last = not gaps(period, [*line.credited, days])
        return abs(left) if last else min(rounded(exact), abs(left))
    before, rest = period.split_days(days.start)
    parts = Money(abs(billed), line.currency).split([before, days.days, rest - days.days])
    return min(parts[1].minor, abs(left))


def _unearned(line: Owned, net_minor: int, days: Period | None) -> tuple[int, Period | None]:
    """What of a net is taken from deferred revenue: of days, those that have not passed; of an
    amount, the part of the line that has not. Never more than is there: after credits of days
    and of amounts the days to come may be earned already, and then nothing is."""
    if line.ahead is None or line.unearned_minor * _sign(line) <= 0:
        return 0, None
    if days is None:
        part = rounded(Fraction(abs(net_minor * line.unearned_minor), abs(line.left[0])))
        least = min(part, abs(line.unearned_minor), abs(net_minor))
        return _sign(line) * least, line.ahead
    passed, coming = days.split_days(line.ahead.start)
    if not coming:
        return 0, None
    share = Money(abs(net_minor), line.currency).split([passed, coming])[1].minor
    least = min(share, abs(line.unearned_minor))
    return _sign(line) * least, Period(days.end - timedelta(days=coming), days.end)


def _fits(minor: int, left: int, currency: str) -> None:
    if minor <= 0:
        raise Refused("credit_not_above_zero")
    if minor > left:
        raise Refused("credit_above_left", left=Money(left, currency))


def _sign(line: Owned) -> int:
    return -1 if sum(line.billed) < 0 else 1
